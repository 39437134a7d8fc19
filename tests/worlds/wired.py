"""A study of four SKU-locations with laws given outright, and the plain simulator's view of each."""

from pathlib import Path

from worlds.engine import reference_start

from simlab.engine.kernels.streams import phase_seed
from simlab.engine.laws.pmfs import table_of
from simlab.engine.world.levels import Family
from simlab.selfcheck import reference

COLUMNS = "sku,location,unit_cost,lead_time,demand_law,demand_mean,demand_variance,category"
ROWS = (
    "00123,EAST,12.50,14,poisson,20,,core",
    "00124,EAST,3.10,14,negative_binomial,6,30,core",
    "0A,WEST,80,28,poisson,1.5,,niche",
    "0B,WEST,8,17.5,negative_binomial,4,9,niche",
)
LEADS = (([2], [1]), ([2], [1]), ([4], [1]), ([2, 3], [1, 1]))
"""Weeks and weights: 17.5 ± 3.5 days are 2 or 3 weeks."""
SPREADS = ("", "", "", "3.5")

STUDY = """schema = 1
[study]
name = "wired"
period = "week"
[data.items]
path = "items.csv"
[lead_times]
law = "fixed"
crossing = false
[segments]
by = ["category"]
[policy]
targets = { core = 0.95, niche = 0.85 }
[simulation]
periods = 20
replications = 6
batches = 3
[optimize]
fill_rate = 0.90
n_targets = 6
target_min = 0.5
service = { weight = "units" }
choose = "in_sample"
[verdict]
replications = 12
"""


def write(folder: Path, further: str = "", cells: tuple[str, ...] = ("",) * 4, **changes: str) -> Path:
    """The study with further columns (a header, then one cell text per row) and lines of it changed."""
    columns = {"lead_time_sd": SPREADS} | ({further: cells} if further else {})
    lines = [",".join([COLUMNS, *columns])]
    lines += [",".join(row) for row in zip(ROWS, *columns.values(), strict=True)]
    (folder / "items.csv").write_text("\n".join(lines) + "\n", "utf-8")
    text = STUDY
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    path = folder / "study.toml"
    path.write_text(text, "utf-8")
    return path


def policy(line: str) -> dict[str, str]:
    """One more line in [policy]."""
    return {"[policy]": f"[policy]\n{line}"}


def agrees(simulation, leads=LEADS, **of_items) -> None:
    """Every sum of a simulation equals the plain simulator's; keywords hold one value per item."""
    world, levels, settings = simulation.data.models.world, simulation.planned.levels, simulation.settings
    for row in range(world.n_items):
        values, thresholds = table_of(world.demand, row)
        own = {name: value[row] for name, value in of_items.items()}
        item = reference.Item(
            key=int(world.keys[row]),
            values=values.tolist(),
            thresholds=thresholds.tolist(),
            lead_times=leads[row][0],
            lead_weights=leads[row][1],
            crossing=False,
            family=int(levels.family[row]),
            s=int(levels.reorder_point[row, 0]),
            S=int(levels.order_up_to[row, 0]),
            Q=int(levels.order_quantity[row, 0]) if levels.family[row] == Family.REORDER_QUANTITY else 0,
            **reference_start(world, levels, row, 0),
            **own,
        )
        seed = phase_seed(settings.seed, "search")
        paths = [
            reference.simulate(item, seed, path, simulation.warmup, settings.periods)
            for path in range(settings.replications)
        ]
        for measure in reference.MEASURES:
            expected = sum(path[measure] for path in paths)
            assert getattr(simulation.curves, measure)[row].sum() == expected, (row, measure)
