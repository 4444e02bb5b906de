"""Bugs planted on purpose: a proof that lets one through proves nothing."""
