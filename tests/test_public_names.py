"""What a notebook sees of every public object: names, examples, reprs that fit a screen."""

from __future__ import annotations

import inspect
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import simlab as sl
from simlab import api
from simlab.measures.shown import Public
from simlab.run import RunFolder
from simlab.run.statements import TABLE, lines, statements_of

matplotlib = pytest.importorskip("matplotlib")

PEOPLE_CALL = sorted(set(sl.__all__) - {"__version__"})
FROM_COMMANDS = {"CheckResult", "DryRun", "Export", "Remark", "RunResult", "Trace", "Verification"}
PARTS = {"PolicyEntry", "RunPair", "WavePlan"}
PEOPLE_HOLD = sorted(
    name for name in set(api.__all__) - FROM_COMMANDS - PARTS if inspect.isclass(getattr(api, name))
)
NAMES = sorted({*PEOPLE_CALL, *PEOPLE_HOLD})


def public(name: str) -> object:
    return getattr(sl, name) if name in sl.__all__ else getattr(api, name)


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_has_an_example(name: str) -> None:
    """numpydoc's section, with something to type."""
    text = inspect.getdoc(public(name)) or ""
    assert "Examples\n--------" in text, name
    assert ">>>" in text.split("Examples\n--------")[1]


@pytest.mark.parametrize("name", PEOPLE_HOLD)
def test_every_method_of_what_people_hold_has_an_example(name: str) -> None:
    """What the façade answers; what it inherits from its state is shown there."""
    for method_name, method in vars(getattr(api, name)).items():
        if inspect.isfunction(method) and not method_name.startswith("_"):
            assert ">>>" in (inspect.getdoc(method) or ""), f"{name}.{method_name}"


@pytest.fixture(scope="module")
def opt() -> sl.api.Optimization:  # type: ignore[name-defined]
    """Twelve items, three segments by ABC."""
    rng = np.random.default_rng(5)
    n = 12
    items = {
        "sku": [f"s{k:02d}" for k in range(n)],
        "location": "X",
        "unit_cost": rng.uniform(1, 60, n).round(2),
        "price": 90.0,
        "lead_time": 7,
        "demand_law": "poisson",
        "demand_mean": rng.uniform(0.2, 6, n).round(2),
    }
    study = {"study": {"period": "day"}, "simulation": {"periods": 28, "replications": 12, "batches": 4}}
    study |= {"verdict": {"replications": 12}, "optimize": {"n_targets": 5}}
    return sl.optimize(sl.load_frames(pd.DataFrame(items), study=study), "abc", fill_rate=0.9)


def held(opt: api.Optimization) -> dict[str, object]:
    """What a notebook gets of an optimisation, without a second simulation."""
    return {
        "opt": opt,
        "data": opt.data,
        "quality": opt.data.quality,
        "segmentation": opt.segmentation,
        "plan": opt.plan,
        "frontier": opt.frontier,
        "verdict": opt.verdict,
        "decision": opt.decision,
        "weights": opt.weights(),
        "why": opt.why_infeasible(fill_rate=0.99999),
        "scores": opt.scores("segmented"),
        "service": opt.service,
        "finance": opt.finance,
        "curves": opt.curves,
        "solved": opt.solved,
        "study": opt.data.study,
        "models": opt.data.models,
        "catalog": opt.data.catalog,
        "exchange": opt.exchange_rates(),
    }


def test_every_repr_fits_a_screen(opt: api.Optimization) -> None:
    """Found: 10,387 lines for `opt.verdict`, 67 for `opt.why_infeasible(…)`."""
    for name, value in held(opt).items():
        lines = repr(value).splitlines()
        assert 1 <= len(lines) <= 40, name
        if name not in {"verdict", "study", "exchange"}:
            assert max(map(len, lines)) <= 150, name


def test_dir_names_what_is_public(opt: api.Optimization) -> None:
    """Of everything that shows itself, and of the package."""
    for name, value in held(opt).items():
        if isinstance(value, Public) or name == "study":
            assert not [one for one in dir(value) if one.startswith("_")], name
    assert dir(sl) == sorted(sl.__all__)
    assert "model_validate" not in dir(opt.data.study)
    assert "levels" in dir(opt.plan)


def test_every_result_has_a_picture(opt: api.Optimization) -> None:
    """What the README promises of results."""
    results = [opt, opt.plan, opt.frontier, opt.decision, opt.exchange_rates(), opt.bounds(), opt.capital]
    for one in [*results, opt.capital_by_segment()]:
        assert one.plot().axes, type(one).__name__
    classes = ("Simulation", "Breakdown", "Audit", "Contest", "PolicyComparison", "RunComparison", "Gate")
    for name in (*classes, "Orders"):
        assert callable(getattr(getattr(api, name), "plot", None)), name
        assert callable(getattr(getattr(api, name), "to_frame", None)), name


def test_what_a_pandas_person_writes_first_is_told_what_to_write(opt: api.Optimization) -> None:
    """A dictionary for a policy, a share for an amount."""
    with pytest.raises(sl.SimlabError, match=r"Policy\.from_targets.*not a dict"):
        sl.simulate(opt.data, {"A": 0.95})  # type: ignore[arg-type]
    with pytest.raises(sl.SimlabError, match=r"0\.1 \* opt\.scores"):
        opt.release(0.1)


@pytest.mark.slow
@pytest.mark.pages
def test_an_optimisation_says_and_saves_what_the_command_does(opt: api.Optimization, tmp_path: Path) -> None:
    """The folder that `save` writes is a run: sealed, with the same sentences."""
    folder = opt.save(tmp_path / "run")
    said = statements_of(RunFolder.open(folder, sealed=True).read_table(TABLE))
    assert set(opt.statements) <= set(lines(said))
    assert (folder / "report.html").exists()
    with pytest.raises(sl.SimlabError, match="nothing is ever replaced"):
        opt.save(folder)
    assert opt.replay() is None  # demand is stated, there is no history


def test_a_repr_of_ones_own_wins() -> None:
    """The short repr stands in only where a class says nothing itself."""
    assert repr(sl.Rounds()).startswith("Rounds(controls=")
    assert "…" in repr(replace(sl.Policy("order_up_to", "fill_rate", "exact", (0.9,) * 40)))
