"""Measures: sums to ratios, intervals and their names; numpy only, no simulator."""

from simlab.measures.comparison import (
    EqualComparison,
    equal_cost_difference,
    equal_fill_difference,
    equal_fill_to_point,
)
from simlab.measures.display import (
    DASH,
    MEASURES,
    Measure,
    Unit,
    format_estimate,
    format_measure,
    format_money,
    format_number,
    format_percent,
    format_rate,
)
from simlab.measures.estimates import (
    Estimate,
    Intervals,
    Kind,
    jackknife,
    mean_estimate,
    mean_interval,
    paired_difference,
    paired_percent,
    paired_ratio_difference,
    ratio_estimate,
    ratio_interval,
)
from simlab.measures.student import binomial_upper, t_quantile

__all__ = [
    "DASH",
    "MEASURES",
    "EqualComparison",
    "Estimate",
    "Intervals",
    "Kind",
    "Measure",
    "Unit",
    "binomial_upper",
    "equal_cost_difference",
    "equal_fill_difference",
    "equal_fill_to_point",
    "format_estimate",
    "format_measure",
    "format_money",
    "format_number",
    "format_percent",
    "format_rate",
    "jackknife",
    "mean_estimate",
    "mean_interval",
    "paired_difference",
    "paired_percent",
    "paired_ratio_difference",
    "ratio_estimate",
    "ratio_interval",
    "t_quantile",
]
