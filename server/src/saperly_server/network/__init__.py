"""Between the carriers and the features: what carriers report is stored and applied, what is due at them is carried out."""

from .dispatch import Dispatch
from .intake import Intake

__all__ = ["Dispatch", "Intake"]
