"""Proofs about money: histories of one account against arithmetic, crowds on one balance and one chain of caps."""

from .crowds import CROWDS
from .histories import HISTORIES
from .orders import ORDERS

__all__ = ["CROWDS", "HISTORIES", "ORDERS"]
