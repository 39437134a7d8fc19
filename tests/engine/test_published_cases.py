"""The engine reproduces exact long-run values of published and solved instances."""

import json

import numpy as np
import pytest
from worlds.places import TESTS

from simlab.engine import run
from simlab.engine.kernels.streams import item_keys, phase_seed
from simlab.engine.world.demand_law import DemandLaw, LawKind
from simlab.engine.world.levels import Family, Levels
from simlab.engine.world.world import Horizon, LeadTimeLaw, OrderTerms, Unmet, World

CASES = json.loads((TESTS / "published" / "open.json").read_text())
CONTINUOUS_RESOLUTION = 100
REPLICATIONS = 200


def evaluated():
    """Cases with a fixed policy and long-run values; other kinds belong to selfcheck."""
    return [case for case in CASES if case["kind"] == "evaluate"]


def demand_law(demand):
    """Law, and how many units of the engine make one unit of the case."""
    kind, scale, values, weights = demand["kind"], 1, [], []
    mean, variance = demand.get("mean", 0.0), demand.get("var", 0.0)
    if kind == "pmf":
        law = LawKind.EMPIRICAL
        values = sorted(int(v) for v in demand["pmf"])
        weights = [round(10**6 * demand["pmf"][str(v)]) for v in values]
    elif kind == "normal_rounded":
        law, values, weights = LawKind.EMPIRICAL, *rounded_normal(mean, demand["sd"])
    elif kind in ("gamma", "normal"):
        law, scale = LawKind[kind.upper()], CONTINUOUS_RESOLUTION if kind == "gamma" else 10
        sd = demand["sd"] if kind == "normal" else demand["cv"] * mean
        mean, variance = mean * scale, (sd * scale) ** 2
    else:
        law = {
            "poisson": LawKind.POISSON,
            "negbin": LawKind.NEGATIVE_BINOMIAL,
            "geometric0": LawKind.GEOMETRIC,
        }[kind]
    one = np.array([0])
    return scale, DemandLaw(
        np.array([law], np.int8),
        np.array([float(mean)]),
        np.array([float(variance)]),
        np.zeros(1),
        one,
        np.array([len(values)]),
        np.array(values, np.int64),
        np.array(weights, np.int64),
    )


def rounded_normal(mean, sd):
    from scipy.stats import norm

    values = np.arange(0, int(mean + 7 * sd))
    edges = norm.cdf((values + 0.5 - mean) / sd)
    shares = np.diff(edges, prepend=0.0)
    weights = np.rint(shares * 2**30).astype(int)
    return values[weights > 0].tolist(), weights[weights > 0].tolist()


def simulate(case, periods):
    scale, demand = demand_law(case["demand"])
    lead = case["lead_time"]
    pmf = {str(lead["value"]): 1} if lead["kind"] == "deterministic" else lead["pmf"]
    points = sorted(int(p) for p in pmf)
    weights = np.array([round(10**6 * pmf[str(p)]) for p in points])
    lead_time = LeadTimeLaw(
        np.array([0]),
        np.array([0]),
        np.array([len(points)]),
        np.array(points),
        weights,
        bool(lead.get("crossing", False)),
    )
    review = case["review"]

    def column(x):
        return np.array([[x]], np.int64)

    terms = OrderTerms(
        np.array([review]),
        np.array([0]),
        np.array([1]),
        np.array([0]),
        np.array([0]),
        np.array([Unmet.LOST if case["unmet"] == "lost" else Unmet.BACKORDER], np.int8),
    )
    policy = case["policy"]
    if policy["kind"] == "base_stock":
        family, s, S, Q = Family.ORDER_UP_TO, policy["S"] * scale - 1, policy["S"] * scale, 0
    elif policy["kind"] == "sS":
        family, s, S, Q = Family.REORDER_UP_TO, policy["s"] * scale, policy["S"] * scale, 0
    else:
        family, s, S, Q = Family.REORDER_QUANTITY, policy["s"], policy["s"] + policy["Q"], policy["Q"]
    levels = Levels(np.array([family], np.int8), column(s), column(S), column(Q))
    world = World(item_keys([case["id"]], ["exact"]), demand, lead_time, terms)
    horizon = Horizon(
        periods=periods * review,
        warmup=200 * review,
        replications=REPLICATIONS,
        slots=REPLICATIONS,
        seed=phase_seed(2026, "verdict"),
    )
    return run.simulate_items(world, levels, horizon), scale, periods * review


def ratio(numerator, denominator):
    """Ratio of sums and its standard error over replications (delta method)."""
    estimate = numerator.sum() / denominator.sum()
    residual = numerator - estimate * denominator
    n = residual.size
    return estimate, np.sqrt((residual**2).sum() / (n - 1) / n) / denominator.mean()


def measures(curves, scale, periods):
    """Estimates and standard errors under the names of the case file."""
    sums = {name: getattr(curves, name)[0, 0].astype(float) for name in vars(curves) if name != "demanded"}
    demanded = curves.demanded[0].astype(float)
    time = np.full(demanded.size, float(periods))
    units = ("on_hand", "on_hand_start", "backorders", "lost", "on_order")
    found = {name: ratio(sums[name] / scale, time) for name in units}
    found["fill"] = ratio(sums["served"], demanded)
    found["ready"] = ratio(sums["ready"], time)
    found["csl"] = ratio(sums["good_receipts"], sums["receipts"])
    found["orders"] = ratio(sums["orders"], time)
    found["order_rate"] = ratio(sums["ordered"] / scale, time)
    found["mean_order"] = ratio(sums["ordered"] / scale, np.maximum(sums["orders"], 1))
    found["short"] = ratio((demanded - sums["served"]) / scale, time)
    return found


def z_scores(case, periods):
    """Deviations in standard errors, which are at least one event in all that was simulated."""
    found = measures(*simulate(case, periods))
    least = 1 / (periods * case["review"] * REPLICATIONS)
    return {
        name: (found[name][0] - exact) / max(found[name][1], least)
        for name, exact in case["metrics"].items()
        if name in found
    }


@pytest.mark.parametrize("case", evaluated(), ids=lambda case: case["id"])
def test_long_run_values_are_met_within_four_standard_errors(case):
    scores = z_scores(case, 2000)
    assert len(scores) >= 3
    assert all(abs(z) < 4 for z in scores.values()), scores


@pytest.mark.parametrize("case", evaluated()[:3], ids=lambda case: case["id"])
def test_wrong_definitions_would_be_noticed(case):
    """The file's mistaken fill rates are far from what is simulated, in standard errors."""
    estimate, error = measures(*simulate(case, 5000))["fill"]
    for name in ("fill_naive", "mean_ratio_fill"):
        assert abs(estimate - case["metrics"][name]) > 4 * error
