"""What a segmentation scheme sees, and the register of schemes by name.

A scheme is one function in one file of `simlab.segments.schemes`, registered by the decorator `scheme`.
A file added there is found by itself; a scheme of one's own may also live anywhere and be registered
by importing it.
"""

from __future__ import annotations

import importlib
import math
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from simlab.arrays import FloatArray, IntArray, TextArray
from simlab.errors import InvalidInputError, Problem, UsageError
from simlab.segments.classes import Classes, by_size, by_threshold, letters, percents, ranked


@dataclass(frozen=True, eq=False)
class SchemeInput:
    """What a scheme may look at: plain columns, one row per SKU-location.

    Attributes
    ----------
    sku, location : tuple of str
        Ids, in catalogue order.
    numbers : mapping of str to (n,) float
        Numeric columns of `items` and the measures of `simlab.segments.inputs` (``annual_value``,
        ``annual_units``, ``cv``, ``holding_cost``, ``mean_lead_time`` …); NaN = missing.
    texts : mapping of str to (n,) object
        Text columns; None = missing.
    options : mapping
        The scheme's options: its declared defaults, overridden by the study.
    scheme : str
        Name of the scheme, for messages.
    service : str
        What a unit weighs in the service that the study counts: units, value, margin or lines_per_unit.
    cutter : callable, optional
        Cuts a score into classes of optimised sizes: (this input, score, what it is) → classes.
    """

    sku: tuple[str, ...]
    location: tuple[str, ...]
    numbers: Mapping[str, FloatArray]
    texts: Mapping[str, TextArray] = field(default_factory=dict)
    options: Mapping[str, object] = field(default_factory=dict)
    scheme: str = ""
    service: str = "units"
    cutter: Cutter | None = None

    @property
    def n_items(self) -> int:
        return len(self.sku)

    def number(self, name: str) -> FloatArray:
        """A numeric column without gaps; refused when missing, not numeric or partly empty."""
        if name not in self.numbers:
            raise self.refuse("E-SEG-001", f"needs the numeric column '{name}', which the items lack")
        values = self.numbers[name]
        self._refuse_gaps(name, np.isnan(values))
        return values

    def text(self, name: str) -> TextArray:
        """A column as text without gaps; numbers are written in their shortest form."""
        if name in ("sku", "location"):
            return np.array(getattr(self, name), dtype=object)
        if name in self.texts:
            values = self.texts[name]
            self._refuse_gaps(name, np.array([value is None or value == "" for value in values]))
            return values
        return np.array([f"{value:.12g}" for value in self.number(name)], dtype=object)

    def ranked(self, score: FloatArray) -> IntArray:
        """Rows from the highest score to the lowest, ties by sku and location."""
        return ranked(score, self.sku, self.location)

    def scored(self, score: FloatArray, why: str) -> Classes:
        """Classes A, B, … by a score, the highest first.

        Option ``thresholds`` (descending; A at or above the first) if given, else option ``sizes`` (shares
        of the number of items). Sizes that are to be optimised are left to `cutter`. A score that is the
        same everywhere has no sizes: its classes would follow the names of the SKUs.
        """
        if self.cutter is not None:
            self.refuse_flat(score, why)
            return self.cutter(self, score, why)
        thresholds = self.floats("thresholds") if self.options.get("thresholds") else ()
        if thresholds:
            if any(high <= low for high, low in pairwise(thresholds)):
                raise self.refuse("E-SEG-011", f"thresholds = {list(thresholds)} must descend strictly")
            names = letters(len(thresholds) + 1)
            bounds = ", ".join(f"{name} from {cut:g}" for name, cut in zip(names, thresholds, strict=False))
            codes = by_threshold(-score, tuple(-cut for cut in thresholds))
            return Classes(codes, names, f"{self.scheme}: {why}; {bounds}, {names[-1]} below")
        sizes = self.floats("sizes")
        self.refuse_bad_sizes(sizes)
        if len(sizes) > 1:
            self.refuse_flat(score, why)
        rule = (
            f"{self.scheme}: {why}, highest first; classes of {percents(sizes)} of the SKU-locations; "
            "ties by sku, location"
        )
        return Classes(by_size(self.ranked(score), sizes), letters(len(sizes)), rule)

    def floats(self, option: str) -> tuple[float, ...]:
        """An option that is a list of numbers."""
        value = self.options[option]
        if not isinstance(value, tuple) or not all(_is_number(entry) for entry in value):
            raise self.refuse("E-SEG-010", f"option '{option}' must be a list of numbers, not {value!r}")
        return tuple(float(entry) for entry in value)

    def strings(self, option: str) -> tuple[str, ...]:
        """An option that is a list of names."""
        value = self.options[option]
        if not isinstance(value, tuple) or not all(isinstance(entry, str) for entry in value):
            raise self.refuse("E-SEG-010", f"option '{option}' must be a list of names, not {value!r}")
        return tuple(str(entry) for entry in value)

    def string(self, option: str, allowed: tuple[str, ...] = ()) -> str:
        """An option that is one word."""
        value = self.options[option]
        if not isinstance(value, str) or (allowed and value not in allowed):
            raise self.refuse("E-SEG-010", f"option '{option}' = {value!r}", "allowed: " + ", ".join(allowed))
        return value

    def integer(self, option: str, least: int = 0) -> int:
        """An option that is a whole number of at least `least`."""
        value = self.options[option]
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise self.refuse(
                "E-SEG-010", f"option '{option}' must be a whole number ≥ {least}, not {value!r}"
            )
        return value

    def cuts(self, option: str = "cuts", highest: float = math.inf) -> tuple[float, ...]:
        """An option of strictly ascending cut points, positive and below `highest`."""
        cuts = self.floats(option)
        ascending = all(low < high for low, high in pairwise(cuts))
        if not cuts or not ascending or cuts[0] <= 0 or cuts[-1] >= highest:
            bound = f" and {highest:g}" if math.isfinite(highest) else " and infinity"
            raise self.refuse(
                "E-SEG-011", f"{option} = {list(cuts)}: cut points must ascend strictly between 0{bound}"
            )
        return cuts

    def refuse_bad_sizes(self, sizes: tuple[float, ...]) -> None:
        """Refuse sizes that are not positive, and more classes than items."""
        if not sizes or min(sizes) <= 0 or not math.isfinite(sum(sizes)):
            raise self.refuse("E-SEG-011", f"sizes = {list(sizes)}: every class needs a positive share")
        if len(sizes) > self.n_items:
            raise self.refuse("E-SEG-012", f"{len(sizes)} classes for {self.n_items} SKU-locations")

    def refuse(self, code: str, message: str, fix: str = "") -> InvalidInputError:
        """The error of this scheme, to be raised."""
        return InvalidInputError(
            [Problem(code, f"scheme '{self.scheme}': {message}", column="segments", fix=fix)]
        )

    def refuse_flat(self, score: FloatArray, why: str) -> None:
        """Refuse a score that is the same everywhere, whose order would be that of the ids."""
        if self.n_items > 1 and np.unique(score).size == 1:
            raise self.refuse("E-SEG-003", f"{why}: {abs(score[0]):.12g} everywhere, it segments nothing")

    def _refuse_gaps(self, name: str, missing: npt.NDArray[np.bool_]) -> None:
        if not missing.any():
            return
        first = min((self.sku[row], self.location[row]) for row in np.flatnonzero(missing))
        raise self.refuse(
            "E-SEG-002",
            f"column '{name}' is empty for {int(missing.sum())} of {self.n_items} SKU-locations, "
            f"the first is {first[0]}@{first[1]}",
            "fill the column, or segment by another one",
        )


SchemeFunction = Callable[[SchemeInput], Classes]
Cutter = Callable[[SchemeInput, FloatArray, str], Classes]


@dataclass(frozen=True)
class Scheme:
    """A registered scheme.

    Attributes
    ----------
    name : str
        What stands in ``segments.by``.
    function : callable
        `SchemeInput` → `Classes`.
    options : mapping
        Options with their defaults.
    source : str
        Where the scheme was published, or "practice".
    """

    name: str
    function: SchemeFunction
    options: Mapping[str, object]
    source: str

    @property
    def summary(self) -> str:
        """First line of the function's docstring."""
        return (self.function.__doc__ or "").strip().splitlines()[0]


_SCHEMES: dict[str, Scheme] = {}


def scheme(
    name: str, *, source: str, options: Mapping[str, object] | None = None
) -> Callable[[SchemeFunction], SchemeFunction]:
    """Register a function as the scheme `name`.

    Parameters
    ----------
    name : str
        What users write in ``segments.by``; new.
    source : str
        Author, year and title, or "practice".
    options : mapping, optional
        Every option of the scheme with its default. Lists are tuples.

    Raises
    ------
    UsageError
        The name is taken by another function.
    """

    def register(function: SchemeFunction) -> SchemeFunction:
        known = _SCHEMES.get(name)
        if known is not None and known.function.__module__ != function.__module__:
            raise UsageError(f"a scheme named '{name}' exists already, in {known.function.__module__}")
        _SCHEMES[name] = Scheme(name, function, dict(options or {}), source)
        return function

    return register


@cache
def _import_all() -> None:
    package = importlib.import_module("simlab.segments.schemes")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")


def known_schemes() -> dict[str, Scheme]:
    """Every registered scheme by name, sorted."""
    _import_all()
    return dict(sorted(_SCHEMES.items()))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
