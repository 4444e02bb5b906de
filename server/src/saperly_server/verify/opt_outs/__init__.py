"""Opt-outs racing with texts and calls on their way: nobody is contacted who has said no."""

from .proof import OPT_OUT_RACES

__all__ = ["OPT_OUT_RACES"]
