"""SKU-location → segment: schemes by name, columns, rules, products of them."""

from simlab.segments.assign import HABIT, OPTIMISED, assign_input, habit, habit_targets, sized_by_cost
from simlab.segments.classes import Classes
from simlab.segments.controls import random_like
from simlab.segments.scheme import Scheme, SchemeInput, known_schemes
from simlab.segments.segmentation import Segmentation, combine

__all__ = [
    "HABIT",
    "OPTIMISED",
    "Classes",
    "Scheme",
    "SchemeInput",
    "Segmentation",
    "assign_input",
    "combine",
    "habit",
    "habit_targets",
    "known_schemes",
    "random_like",
    "sized_by_cost",
]
