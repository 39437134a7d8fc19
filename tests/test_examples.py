"""Every example of every public docstring runs, on a small study in files: what is typed works."""

from __future__ import annotations

import ast
import doctest
import inspect
import shutil
import sys
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import pandas as pd
import pytest
from test_public_names import NAMES, PEOPLE_HOLD, public
from worlds.study import STUDY, write_study

import simlab as sl
from simlab import api

pytest.importorskip("matplotlib")
pytestmark = pytest.mark.pages

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
HOLD = {"Audit", "Contest", "Gate", "Optimization", "Orders", "PolicyComparison", "RunComparison"}
LONG = {*HOLD, "audit", "compare", "compare_policies", "compare_runs", "gate", "orders"}


class _Runs(doctest.OutputChecker):
    """What an example prints is compared where it says what, else it has to run."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        return not want or super().check_output(want, got, optionflags)


class World:
    """What examples take as given: files of the working folder, and names that are made when asked for."""

    def __init__(self, here: Path) -> None:
        text = STUDY.replace("[optimize]\n", '[optimize]\nobjective = "profit"\n')
        write_study(here, text).rename(here / "for_profit.toml")
        write_study(here)
        items = pd.read_csv("items.csv", dtype=str)
        items = items.assign(on_hand="20", on_order="0", current_order_up_to="40", price="200", unmet="lost")
        items.to_csv("items.csv", index=False)
        items[["sku", "location"]].assign(on_hand=20, quantity=20).to_csv("stock.csv", index=False)
        shutil.copytree(here, here / "mystudy")

    @cached_property
    def data(self) -> api.Data:
        return sl.load("mystudy/study.toml")

    @property
    def other(self) -> api.Data:
        return self.data

    @cached_property
    def items(self) -> pd.DataFrame:
        return pd.read_csv("items.csv", dtype={"sku": str}).assign(lead_time=7)

    @cached_property
    def demand(self) -> pd.DataFrame:
        return pd.read_csv("demand.csv", dtype={"sku": str})

    @cached_property
    def policy(self) -> sl.Policy:  # type: ignore[name-defined]
        return sl.Policy.from_targets(sl.segment(self.data, by="abc"), fill_rate={"A": 0.98, "B": 0.95})

    @cached_property
    def sim(self) -> api.Simulation:
        return sl.simulate(self.data, self.policy)

    @cached_property
    def opt(self) -> api.Optimization:
        return sl.optimize(self.data, "abc", fill_rate=0.9)

    @cached_property
    def runs(self) -> api.RunComparison:
        """Of two runs, and a third that stays for orders."""
        run = self.opt.save()
        for name in ("spring", "autumn", "retailer"):
            shutil.copytree(run, f"runs/{name}")
        return sl.compare_runs("runs/spring", "runs/autumn")

    @cached_property
    def found(self) -> api.Audit:
        return sl.audit(self.data)

    @cached_property
    def contest(self) -> api.Contest:
        quick = sl.Rounds(controls=0, seeds=0, catalogues=0, classes=())
        return sl.compare(self.data, ["segment", "abc"], rounds=quick)

    @cached_property
    def rules(self) -> api.PolicyComparison:
        return sl.compare_policies(self.data, ["order_up_to", "order_up_to:normal"])

    @cached_property
    def gate(self) -> api.Gate:
        return sl.gate("mystudy/study.toml", proposed="runs/spring")

    @cached_property
    def day(self) -> api.Orders:
        return sl.orders("runs/retailer", stock="stock.csv")

    def names(self, text: str) -> dict[str, object]:
        """The names that an example uses, and what it finds in the folder."""
        used = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
        if used & {"day", "gate"} or "runs/" in text or "sl.gate(" in text:
            assert self.runs
        return {"sl": sl, **{name: getattr(self, name) for name in sorted(used & set(vars(World)))}}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A small study of files in the working folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("examples"))
        yield World(Path.cwd())


def _docs(name: str) -> Iterator[tuple[str, str]]:
    """The examples of a public name, and of the methods of what people hold."""
    found = public(name)
    yield name, inspect.getdoc(found) or ""
    for own, method in vars(found).items() if name in PEOPLE_HOLD else ():
        if inspect.isfunction(method) and not own.startswith("_"):
            yield f"{name}.{own}", inspect.getdoc(method) or ""


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] if name in LONG else []) for name in NAMES],
)
def test_the_examples_of_a_public_name_and_of_its_methods_run(name: str, world: World) -> None:
    """Each docstring by itself: what one example makes, the next does not see."""
    parser, said = doctest.DocTestParser(), list[str]()
    runner = doctest.DocTestRunner(checker=_Runs(), optionflags=FLAGS)
    for title, text in _docs(name):
        code = "\n".join(one.source for one in parser.get_examples(text))
        if code:
            scope = {**vars(sys.modules[public(name).__module__]), **world.names(code)}  # type: ignore[attr-defined]
            runner.run(parser.get_doctest(text, scope, title, None, 0), out=said.append)
    assert runner.tries > 0
    assert runner.failures == 0, "".join(said)
