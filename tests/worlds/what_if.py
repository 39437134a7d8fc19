"""A run with the panel "What if", and a browser that asks it."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from simlab.api.data.data import load
from simlab.api.optimization import Optimization, optimize
from simlab.api.simulator.stored import StoredCurves, basis, curves_parts
from simlab.samples import study_text
from simlab.samples.retailer import retailer

SHORT = {
    'objective = "holding_cost"': 'points = 2\nobjective = "holding_cost"',
    "replications = 200  ": "replications = 40  ",
    "replications = 400 ": "replications = 40 ",
    "periods = 364": "periods = 91",
    "# replay = true": "replay = false   #",
}


def write_shop(folder: Path, *, n_skus: int = 14, **changes: str) -> Path:
    """A small part of the demo retailer as files, with a short simulation."""
    frames = retailer(n_skus=n_skus)
    for name in ("items", "demand", "receipts"):
        getattr(frames, name).to_csv(folder / f"{name}.csv", index=False)
    text = study_text()
    for old, new in {**SHORT, **changes}.items():
        assert old in text, old
        text = text.replace(old, new, 1)
    path = folder / "study.toml"
    path.write_text(text, encoding="utf-8")
    return path


QUICK = """
schema = 2
[study]
name = "quick"
currency = "EUR"
period = "day"
[data.items]
path = "items.csv"
[segments]
by = ["abc", "category"]
[simulation]
periods = 28
replications = 16
batches = 8
[optimize]
fill_rate = 0.95
points = 2
[verdict]
replications = 16
"""


def write_quick(folder: Path, n: int = 40, **changes: str) -> Path:
    """Items with laws said outright: nothing to fit, eight or nine segments."""
    rng = np.random.default_rng(5)
    cost = rng.uniform(1, 60, n).round(2)
    items = {
        "sku": [f"s{k:02d}" for k in range(n)],
        "location": "X",
        "unit_cost": cost,
        "price": (cost * rng.uniform(1.1, 2.5, n)).round(2),
        "holding_rate": rng.choice([0.2, 0.25, 0.31], n),
        "lead_time": rng.integers(2, 9, n),
        "demand_law": "poisson",
        "demand_mean": rng.uniform(0.05, 4, n).round(2),
        "category": [("a", "b", "c")[k % 3] for k in range(n)],
    }
    pd.DataFrame(items).to_csv(folder / "items.csv", index=False)
    text = QUICK
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new, 1)
    path = folder / "study.toml"
    path.write_text(text, encoding="utf-8")
    return path


@dataclass(frozen=True)
class Setting:
    """What is typed into the panel."""

    fill: str = ""
    budget: str = ""
    rate: str = ""
    price: str = ""
    pins: tuple[tuple[int, int], ...] = ()
    floors: tuple[tuple[int, str], ...] = ()


def settings(n: int, n_segments: int, n_targets: int, value: float, seed: int = 7) -> list[Setting]:
    """Random settings; `value` is the stock of the run's plan."""
    rng = random.Random(seed)
    found = []
    for _ in range(n):
        kind = rng.choice(["floor", "floor", "budget", "both"])
        fill = f"{rng.uniform(84, 99.5):.{rng.randint(0, 4)}f}" if kind != "budget" else ""
        budget = f"{value * rng.uniform(0.75, 1.6):.{rng.randint(0, 2)}f}" if kind != "floor" else ""
        pins = rng.sample(range(n_segments), rng.choice([0, 0, 1, 2]))
        floors = rng.sample(range(n_segments), rng.choice([0, 0, 0, 1]))
        found.append(
            Setting(
                fill,
                budget,
                rng.choice(["", "", "10", "27"]),
                rng.choice(["", "", "0.5", "3", "12.25"]),
                tuple((one, rng.randrange(n_targets)) for one in pins),
                tuple((one, f"{rng.uniform(80, 98):.2f}") for one in floors if one not in pins),
            )
        )
    return found


def opened(browser: Any, report: Path, scheme: str = "light") -> Any:
    """The page with the panel ready."""
    how = {"viewport": {"width": 1280, "height": 900}, "offline": True, "color_scheme": scheme}
    page = browser.new_context(**how).new_page()
    page.goto(f"{report.as_uri()}#what-if")
    for _ in range(400):
        if page.evaluate("document.documentElement.dataset.whatIf") == "ready":
            return page
        page.wait_for_timeout(50)
    raise AssertionError("the panel did not open")


def typed(page: Any, setting: Setting) -> tuple[dict[str, Any], str]:
    """What the panel answers to a setting, and the study that it writes."""
    page.locator("#what-if-back").click()
    for name in ("fill", "budget", "rate", "price"):
        page.fill(f"#what-if-{name}", getattr(setting, name))
    for segment, column in setting.pins:
        page.select_option(f"#what-if-pin-{segment}", str(column))
    for segment, floor in setting.floors:
        page.fill(f"#what-if-floor-{segment}", floor)
    page.evaluate("document.getElementById('what-if-panel').whatIf.again()")
    answer = page.evaluate("document.getElementById('what-if-panel').dataset.result")
    study = page.evaluate("document.getElementById('what-if-panel').whatIf.study()")
    return json.loads(answer), study


@dataclass(frozen=True)
class Base:
    """An optimised study with the curves that `--curves` takes."""

    folder: Path
    opt: Optimization
    curves: StoredCurves

    @classmethod
    def of(cls, study: Path) -> Base:
        folder, data = study.parent, load(study)
        asked = data.study.optimize
        opt = optimize(data, fill_rate=asked.fill_rate, budget=asked.budget)
        horizon = opt.settings.horizon("search", opt.warmup)
        table = pa.concat_tables(curves_parts(data.catalog, opt.curves, opt.targets))
        rests = {"curves": basis(data, opt.planned.levels, horizon, opt.targets)}
        return cls(folder, opt, StoredCurves(table, rests, "run"))

    def commanded(self, study: str) -> Optimization:
        """What `simlab optimize what_if.toml --curves RUN` finds."""
        path = self.folder / "what_if.toml"
        path.write_text(study, encoding="utf-8")
        data = load(path)
        asked = data.study.optimize
        return optimize(data, fill_rate=asked.fill_rate, budget=asked.budget, curves=self.curves)
