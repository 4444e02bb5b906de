"""Requests that nobody should send: mutated bytes, forged events, and ids of somebody else."""
