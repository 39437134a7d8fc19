"""Worlds for the tests of the engine: random instances, one plain item, and a mixed forty."""

import dataclasses

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from simlab.engine.kernels import copula
from simlab.engine.kernels.streams import group_keys, item_keys, supplier_keys
from simlab.engine.laws.pmfs import table_of
from simlab.engine.prepare.arrays import item_arrays, level_arrays
from simlab.engine.prepare.sequence import unfolded
from simlab.engine.prepare.starts import with_starts
from simlab.engine.world.demand_law import Chain, DemandLaw, Dependence, LawKind, Past, Seasons
from simlab.engine.world.levels import Family, Forecast, Levels
from simlab.engine.world.world import Horizon, LeadTimeLaw, OrderTerms, Start, Supply, Unmet, World
from simlab.selfcheck import reference


def settled(n, **more):
    return settings(
        max_examples=n, deadline=None, suppress_health_check=list(HealthCheck), database=None, **more
    )


@st.composite
def demands(draw):
    kind = draw(st.sampled_from(["poisson", "negative_binomial", "empirical", "none", "constant"]))
    mean = draw(st.floats(0.05, 12.0))
    if kind == "poisson":
        return LawKind.POISSON, mean, mean, [], []
    if kind == "negative_binomial":
        return LawKind.NEGATIVE_BINOMIAL, mean, mean * draw(st.floats(1.05, 12.0)), [], []
    if kind == "none":
        return LawKind.POISSON, 0.0, 0.0, [], []
    if kind == "constant":
        return LawKind.EMPIRICAL, 0.0, 0.0, [draw(st.integers(0, 9))], [1]
    values = sorted(draw(st.sets(st.integers(0, 5000), min_size=1, max_size=6)))
    return LawKind.EMPIRICAL, 0.0, 0.0, values, [draw(st.integers(1, 9)) for _ in values]


@st.composite
def instances(draw):
    """One SKU-location with its levels in three columns, and a horizon."""
    periods = sorted(draw(st.sets(st.integers(0, 9), min_size=1, max_size=4)))
    review = draw(st.integers(1, 12))
    family = draw(st.sampled_from(Family))
    shifting = draw(st.booleans())
    s = [draw(st.integers(-5, 60)) for _ in range(3)]
    gap = [draw(st.integers(1, 40)) for _ in range(3)]
    quantity = [draw(st.integers(1, 30)) for _ in range(3)]
    if shifting:
        gap, quantity = gap[:1] * 3, quantity[:1] * 3
    if family == Family.ORDER_UP_TO:
        gap, quantity = [1] * 3, [0] * 3
    if family == Family.REORDER_QUANTITY:
        gap = quantity
    pack = draw(st.sampled_from([1, 1, 1, 2, 6, 25]))
    slots = draw(st.sampled_from([1, 2, 3]))
    return {
        "demand": draw(demands()),
        "lead_times": periods,
        "lead_weights": [draw(st.integers(1, 5)) for _ in periods],
        "crossing": draw(st.booleans()),
        "family": family,
        "s": s,
        "S": [a + b for a, b in zip(s, gap, strict=True)],
        "Q": quantity,
        "R": review,
        "phase": draw(st.integers(0, review - 1)),
        "pack": pack,
        "moq": draw(st.sampled_from([0, 0, 1, 7, 50, 400])),
        "max_order": draw(st.sampled_from([0, 0, 0, -1, pack, pack * 3 + 1, 200])) if pack <= 200 else 0,
        "unmet": draw(st.sampled_from([Unmet.BACKORDER, Unmet.LOST])),
        "waits": 0,
        "max_position": 0,
        "supplier": None,
        "start": None,
        "undershoot": draw(st.sampled_from([True, True, True, False])),
        "offset": [[0]],
        "phase0": 0,
        "forecast": None,
        "horizon": Horizon(
            periods=draw(st.integers(1, 70)),
            warmup=draw(st.sampled_from([0, 0, 1, 5, 33, 64])),
            replications=draw(st.integers(1, 2)) * slots,
            slots=slots,
            seed=draw(st.integers(0, 2**64 - 1)),
            first_replication=draw(st.sampled_from([0, 50])),
        ),
    }


def with_demand(law, **more):
    """A one-item law with other fields."""
    one = {name: np.array([value]) for name, value in more.items() if name in ("kind", "mean", "variance")}
    one |= {"kind": one["kind"].astype(np.int8)} if "kind" in one else {}
    return dataclasses.replace(law, **(more | one))


@st.composite
def seasonal_laws(draw):
    """Laws that vary by phase: profiles over every kind that may follow one, and calendars."""
    law = one_law(*draw(demands()))
    kind = draw(
        st.sampled_from([None, LawKind.GEOMETRIC, LawKind.GAMMA, LawKind.INTERMITTENT, LawKind.CALENDAR])
    )
    cycle = draw(st.integers(1, 8))
    phase = draw(st.integers(0, cycle - 1))
    if kind == LawKind.CALENDAR:
        n = cycle + draw(st.integers(0, 20))
        series = np.array([draw(st.integers(0, 30)) for _ in range(n)])
        return with_demand(
            law, kind=kind, past=past_of(series, phases=np.arange(n) % cycle, cycle=cycle, phase=phase)
        )
    if kind is not None:
        law = one_law(kind, draw(st.floats(0.5, 9.0)), draw(st.floats(1.0, 40.0)), [], [])
    if kind == LawKind.INTERMITTENT:
        sizes = [1, 2, 7]
        law = dataclasses.replace(
            law, probability=np.array([draw(st.floats(0.01, 1.0))]), length=np.array([3])
        )
        law = dataclasses.replace(law, values=np.array(sizes), weights=np.array([4, 2, 1]))
    raw = np.array([draw(st.floats(0.0, 5.0)) for _ in range(cycle)])
    raw[0] += 0.1
    profile = np.array([draw(st.sampled_from([0, 0, -1]))])
    return dataclasses.replace(law, seasons=Seasons.rounded(profile, raw[None, :], phase))


def past_of(series, block=1, **more):
    one = np.array([0]), np.array([series.size])
    return Past(*one, series, np.array([block]), **more)


@st.composite
def dependent_laws(draw):
    """Laws whose periods depend on each other: blocks of a series, and chains."""
    kind = draw(st.sampled_from([LawKind.MOVING_BLOCKS, LawKind.STATIONARY_BLOCKS, LawKind.MARKOV]))
    if kind == LawKind.MARKOV:
        sizes = sorted(draw(st.sets(st.integers(1, 400), min_size=1, max_size=5)))
        chance = st.sampled_from([0, 1, 2**20, 2**31, 3 * 2**30, 2**32 - 1, 2**32])
        none, some = draw(chance), draw(chance)
        some = 2**31 if none == 0 else some
        chain = Chain(np.array([none]), np.array([some]), np.array([draw(st.booleans())]))
        law = one_law(LawKind.MARKOV, 1.0, 1.0, sizes, [draw(st.integers(1, 9)) for _ in sizes])
        return dataclasses.replace(law, chain=chain)
    series = np.array([draw(st.integers(0, 60)) for _ in range(draw(st.integers(1, 50)))])
    past = past_of(series, draw(st.integers(1, 40)))
    return dataclasses.replace(one_law(kind, 1.0, 1.0, [], []), past=past)


@st.composite
def loadings(draw):
    """Common factors of one item."""
    share = st.floats(-1.0, 1.0)
    market = draw(st.one_of(st.just(0.0), share))
    group = draw(st.one_of(st.just(0.0), share)) * (1 - market**2) ** 0.5
    keys = group_keys(["tools", "paint"])
    member = draw(st.integers(0, 1))
    return Dependence.of(np.array([market]), np.array([group]), np.array([member]), keys)


@st.composite
def demanding_instances(draw):
    """As `instances`, with demand that varies by phase, depends on the past, or on common factors."""
    x = draw(st.one_of(instances(), special_instances()))
    x["law"] = draw(st.one_of(seasonal_laws(), dependent_laws(), st.builds(lambda d: one_law(*d), demands())))
    blocks = x["law"].kind[0] in (LawKind.MOVING_BLOCKS, LawKind.STATIONARY_BLOCKS)
    x["dependence"] = None if blocks else draw(st.one_of(st.none(), loadings()))
    return x


@st.composite
def suppliers(draw):
    """A supplier that may stop, close, share its delays, or send a part of each order later or never."""
    often = st.sampled_from([2**32, 2**31, 2**30, 2**28])
    closed = [False, *draw(st.lists(st.booleans(), max_size=9))] if draw(st.booleans()) else [False]
    turn = draw(st.integers(0, len(closed) - 1))
    return {
        "shared_delay": draw(st.booleans()),
        "fails": draw(st.sampled_from([0, 2**32, 2**30, 2**28])),
        "recovers": draw(often),
        "on_time": draw(st.sampled_from([1_000_000, 1_000_000, 0, 333_333, 900_000])),
        "rest_delay": draw(st.sampled_from([-1, 0, 1, 4, 100])),
        "closed": closed[turn:] + closed[:turn],
    }


FORECAST = {
    "method": "smoothing",
    "alpha": 0.2,
    "beta": 0.1,
    "gamma": 0.1,
    "window": 8,
    "interval": 4.0,
    "lead_variance": 1.0,
    "level": 9.0,
    "share": 0.999,
    "error": 6.0,
    "factor": [1.0, 1.0, 1.0],
    "season": [1.0],
}

METHODS = ("moving_average", "smoothing", "croston", "sba", "tsb")


@st.composite
def forecasts(draw):
    """A forecast with a factor for each of the three columns."""
    method = draw(st.sampled_from(METHODS))
    factor = [draw(st.floats(-2.0, 4.0)) for _ in range(3)]
    x = {
        "method": method,
        "window": draw(st.sampled_from([1, 2, 5, 13, 100])),
        "interval": draw(st.sampled_from([0.4, 1.0, 2.5, 3.0, 6.3, 14.0])),
        "lead_variance": draw(st.sampled_from([0.0, 0.0, 1.7])),
        "level": draw(st.floats(0.0, 20.0)),
        "share": draw(st.floats(0.05, 1.0)),
        "error": draw(st.floats(0.0, 30.0)),
        "factor": factor[:1] * 3 if draw(st.booleans()) else factor,
        "season": [1.0],
        **{name: draw(st.sampled_from([0.0, 0.05, 0.3, 1.0])) for name in ("alpha", "beta", "gamma")},
    }
    if method == "smoothing":
        x["season"] = draw(st.sampled_from([[1.0], [0.5, 1.5], [0.1, 2.0, 0.9]]))
    return x


@st.composite
def side_by_side_instances(draw):
    """As `instances`, with what keeps levels from sharing a path."""
    x = draw(instances())
    x["unmet"] = draw(st.sampled_from(Unmet))
    x["waits"] = draw(st.sampled_from([0, 1, 300_000, 500_000, 999_999, 1_000_000]))
    x["max_position"] = draw(st.sampled_from([0, 0, 10, 70]))
    least = -20 if x["unmet"] == Unmet.BACKORDER else 0
    x["start"] = draw(st.one_of(st.none(), st.tuples(st.integers(least, 60), st.integers(0, 40))))
    return x


@st.composite
def special_instances(draw):
    """The same with what only the recorder knows."""
    x = draw(side_by_side_instances())
    x["supplier"] = draw(st.one_of(st.none(), suppliers()))
    cycle = draw(st.sampled_from([1, 1, 2, 3]))
    rows = draw(st.sampled_from([1, 1, 3]))
    units = st.integers(-30, 30) if draw(st.booleans()) else st.just(0)
    x["offset"] = [[draw(units) for _ in range(cycle)] for _ in range(rows)]
    if draw(st.sampled_from([False, False, False, True])):
        x["forecast"] = draw(forecasts())
        cycle = min(cycle, len(x["forecast"]["season"]))
    x["phase0"] = draw(st.integers(0, cycle - 1))
    if x["start"] is not None and draw(st.booleans()):
        dated = st.tuples(st.integers(0, 90), st.integers(0, 30))
        x["dated"] = draw(st.lists(dated, max_size=3))
    return x


def column(value, dtype=np.int64):
    return np.array([value], dtype)


def one_law(kind, mean, variance, values, weights):
    return DemandLaw(
        column(kind, np.int8),
        column(mean, float),
        column(variance, float),
        column(0, float),
        column(0),
        column(len(values)),
        np.array(values, np.int64),
        np.array(weights, np.int64),
    )


def world_of(x):
    demand = x["law"] if "law" in x else one_law(*x["demand"])
    lead = LeadTimeLaw(
        column(0),
        column(0),
        column(len(x["lead_times"])),
        np.array(x["lead_times"]),
        np.array(x["lead_weights"]),
        x["crossing"],
    )
    terms = OrderTerms(
        column(x["R"]),
        column(x["phase"]),
        column(x["pack"]),
        column(x["moq"]),
        column(x["max_order"]),
        column(x["unmet"], np.int8),
        column(x["waits"]),
        column(x["max_position"]),
        column(x.get("phase_cycle", 0)),
        supplier_keys(["ACME"]),
    )
    supply = None
    if x["supplier"] is not None:
        said = {name: np.array([value]) for name, value in x["supplier"].items()}
        supply = Supply(column(0), supplier_keys(["ACME"]), **said)
    tables = (np.array([x[name]]) for name in ("s", "S", "Q"))
    offset = None if x["offset"] == [[0]] else np.array([x["offset"]])
    levels = Levels(column(x["family"], np.int8), *tables, offset, forecast_of(x["forecast"]), x["phase0"])
    keys = item_keys(["007"], ["EAST"])
    return World(keys, demand, lead, terms, x["undershoot"], supply, x.get("dependence")), levels


def forecast_of(said):
    """The instance's forecast as the engine takes it."""
    if said is None:
        return None
    names = ("alpha", "beta", "gamma", "window", "interval", "lead_variance", "level", "share", "error")
    return Forecast(
        np.array([METHODS.index(said["method"]) + 1], np.int8),
        *(np.array([said[name]]) for name in names),
        np.array([said["factor"]]),
        np.array([said["season"]]),
    )


def start_of(x):
    if x["start"] is None:
        return None
    dated = np.array(x.get("dated", []), np.int64).reshape(-1, 2)
    none = np.zeros(dated.shape[0], np.int64)
    return Start(*(np.array([units]) for units in x["start"]), none, dated[:, 0], dated[:, 1])


def reference_item(x, world, column):
    """The instance as the plain simulator takes it."""
    values, thresholds = table_of(world.demand, 0)
    said = x["supplier"]
    return reference.Item(
        key=int(world.keys[0]),
        values=values.tolist(),
        thresholds=thresholds.tolist(),
        lead_times=x["lead_times"],
        lead_weights=x["lead_weights"],
        crossing=x["crossing"],
        family=int(x["family"]),
        s=x["s"][column],
        S=x["S"][column],
        Q=x["Q"][column],
        unmet=int(x["unmet"]),
        supplier=None if said is None else reference.Supplier(int(supplier_keys(["ACME"])[0]), **said),
        **{name: x[name] for name in ("R", "phase", "pack", "moq", "max_order", "waits", "max_position")},
        **{name: x[name] for name in ("undershoot", "start")},
        **reference_start(world, world_of(x)[1], 0, column, x["horizon"] if x["start"] is None else None),
        phase_cycle=x.get("phase_cycle", 0),
        phase_key=int(supplier_keys(["ACME"])[0]),
        offset=x["offset"][column % len(x["offset"])],
        first_phase=x["phase0"],
        forecast=None if x["forecast"] is None else reference_forecast(x["forecast"], column),
        **reference_demand(world),
        sequence=reference_sequence(x),
        dated=x.get("dated", []),
    )


def reference_sequence(x):
    """Tables of lead times that depend on the order ahead; none where every review may hold others back."""
    if x["crossing"] or reference.drawn_in_sequence(x["lead_times"], x["lead_weights"], x["R"]):
        return None
    tables = unfolded(np.array(x["lead_times"]), np.array(x["lead_weights"]), x["R"]).tables.tolist()
    reviews = len(tables) // 2
    return reference.Sequence(tables[:reviews], tables[reviews:-1], tables[-1])


def reference_start(world, levels, row, column, horizon=None):
    """Where an item's position begins, as the plain simulator takes it."""
    items = item_arrays(world, horizon)
    starts = with_starts(level_arrays(world.terms, levels), world, levels, items).starts
    begin, length = starts.begin[row, column], starts.length[row, column]
    below = starts.thresholds[begin : begin + length].tolist()
    return {"width": int(starts.width[row, column]), "below": below or None}


def reference_forecast(said, column):
    return reference.Forecast(**{**said, "factor": said["factor"][column]})


def reference_demand(world):
    """What demand depends on besides one table, as the plain simulator takes it."""
    law, common = world.demand, world.dependence
    out = {}
    if law.cycle > 1:
        tables = [table_of(law, 0, t) for t in range(law.cycle)]
        out["phases"] = [(values.tolist(), thresholds.tolist()) for values, thresholds in tables]
    if law.kind[0] in (LawKind.MOVING_BLOCKS, LawKind.STATIONARY_BLOCKS):
        by_chance = law.kind[0] == LawKind.STATIONARY_BLOCKS
        out["blocks"] = reference.Blocks(law.past.series.tolist(), int(law.past.block[0]), by_chance)
    if law.chain is not None:
        out["chances"] = reference.Chances(int(law.chain.after_none[0]), int(law.chain.after_demand[0]))
    if common is not None:
        halves = [[(int(x) & 0xFFFFFFFF, int(x) >> 32) for x in table] for table in copula.tables()]
        of = (int(common.market[0]), int(common.group[0]), int(common.keys[common.member[0]]))
        out["factors"] = reference.Factors(*of, *halves)
    return out


def plain():
    """Poisson demand of 9 a period, lead time 1 or 3, levels 40, 44 and 49."""
    return {
        "demand": (LawKind.POISSON, 9.0, 9.0, [], []),
        "lead_times": [1, 3],
        "lead_weights": [1, 1],
        "crossing": False,
        "family": Family.ORDER_UP_TO,
        "s": [39, 43, 48],
        "S": [40, 44, 49],
        "Q": [0, 0, 0],
        "R": 2,
        "phase": 0,
        "pack": 1,
        "moq": 0,
        "max_order": 0,
        "unmet": Unmet.BACKORDER,
        "waits": 0,
        "max_position": 0,
        "supplier": None,
        "start": None,
        "undershoot": True,
        "offset": [[0]],
        "phase0": 0,
        "forecast": None,
        "horizon": Horizon(periods=30, warmup=2, replications=4, slots=2, seed=7),
    }


def mixed_world(n=40, seed=5):
    """Items of all families, laws and terms, and their levels in five columns."""
    rng = np.random.default_rng(seed)
    kind = rng.choice([LawKind.POISSON, LawKind.NEGATIVE_BINOMIAL, LawKind.EMPIRICAL], n).astype(np.int8)
    mean = rng.uniform(0.1, 20, n)
    values = np.array([0, 1, 2, 5, 40, 3, 9])
    empirical = kind == LawKind.EMPIRICAL
    start = np.where(empirical & (np.arange(n) % 2 == 0), 5, 0)
    length = np.where(empirical, np.where(start == 5, 2, 5), 0)
    demand = DemandLaw(
        kind, mean, mean * 3, np.zeros(n), start, length, values, np.array([9, 3, 2, 1, 1, 1, 1])
    )
    lead = LeadTimeLaw(
        rng.integers(0, 3, n),
        np.array([0, 1, 4]),
        np.array([1, 3, 2]),
        np.array([3, 0, 2, 7, 1, 4]),
        np.array([1, 1, 2, 1, 3, 1]),
        False,
    )
    review = rng.integers(1, 6, n)
    terms = OrderTerms(
        review,
        rng.integers(0, 6, n) % review,
        rng.choice([1, 1, 4], n),
        rng.choice([0, 0, 10], n),
        np.zeros(n, np.int64),
        rng.choice([Unmet.BACKORDER, Unmet.BACKORDER, Unmet.LOST], n).astype(np.int8),
    )
    family = rng.choice(list(Family), n).astype(np.int8)
    gap = np.where(family == Family.ORDER_UP_TO, 1, rng.integers(2, 30, n))[:, None]
    s = (mean * (review + 4) * 1.1).astype(np.int64)[:, None] + np.array([-6, 0, 4, 11, 30])
    quantity = np.where(family == Family.REORDER_QUANTITY, gap[:, 0], 0)[:, None] + np.zeros((n, 5), int)
    world = World(item_keys([f"{i:05d}" for i in range(n)], ["EAST"] * n), demand, lead, terms)
    return world, Levels(family, s, s + gap, quantity)


def demanding_world():
    """The mixed forty with demand of every kind, seasons, and common factors across them."""
    world, levels = mixed_world()
    n, rng = world.n_items, np.random.default_rng(8)
    kind = np.tile(np.array(LawKind, np.int8), 3)[:n]
    counted = np.isin(kind, [LawKind.EMPIRICAL, LawKind.INTERMITTENT, LawKind.MARKOV])
    mean = rng.uniform(1, 20, n)
    blocks = np.isin(kind, [LawKind.MOVING_BLOCKS, LawKind.STATIONARY_BLOCKS])
    profile = np.where(kind < LawKind.MOVING_BLOCKS, rng.integers(-1, 2, n), -1)
    series = rng.poisson(7, 60)
    start = rng.integers(0, 30, n)
    law = DemandLaw(
        kind,
        mean,
        np.where(kind == LawKind.BINOMIAL, mean / 2, mean * 3),
        np.where(kind == LawKind.INTERMITTENT, 0.3, 0.0),
        np.zeros(n, np.int64),
        np.where(counted, 4, 0),
        np.array([1, 3, 4, 30]),
        np.array([5, 3, 2, 1]),
        Seasons.rounded(profile, rng.gamma(4, 0.25, (2, 7)), 3),
        Past(start, np.full(n, 30), series, rng.integers(1, 9, n), np.arange(60) % 4, 4, 1),
        Chain(rng.integers(2**28, 2**31, n), rng.integers(2**30, 2**32, n), np.arange(n) % 2 == 0),
    )
    market = np.where(blocks, 0.0, rng.uniform(-0.7, 0.7, n) * (np.arange(n) % 3 > 0))
    group = np.where(blocks, 0.0, rng.uniform(-0.7, 0.7, n) * (np.arange(n) % 4 > 0))
    common = Dependence.of(market, group, rng.integers(0, 3, n), group_keys(["a", "b", "c"]))
    return dataclasses.replace(world, demand=law, dependence=common), levels
