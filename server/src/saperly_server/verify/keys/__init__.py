"""Proofs about keys: what each may do after any sequence of changes."""

from .lattices import LATTICES

__all__ = ["LATTICES"]
