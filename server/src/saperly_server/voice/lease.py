"""How long a process may be silent before its calls are taken from it."""

LEASE_SEC = 10.0
