"""How long a process may be silent before its calls are taken from it."""

LEASE_SEC = 10.0
FORGOTTEN_SEC = 86_400.0
"""How long a process that is gone is remembered. Its calls were taken over long before."""
