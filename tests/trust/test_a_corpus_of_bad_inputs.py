"""Damaged inputs by the hundred: each refused by its own code, or read as if undamaged; nothing silent."""

import re

import pytest
from worlds.bad_inputs import corpus, prepared
from worlds.study import write_study
from worlds.trust_figures import noted

from simlab import InvalidInputError
from simlab.api.commands import load
from simlab.api.learning.learning import segment

CASES = corpus()
CODES = re.compile(r"E-([A-Z]{3})-\d{3}")


def facts(path):
    """What was read, as plain values, whatever kind of file it came from."""
    data = load(path)
    catalog = data.catalog
    segment(data, workers=1)
    return {
        "items": list(zip(catalog.sku, catalog.location, catalog.unit_cost.tolist(), strict=True)),
        "numbers": {name: values.tolist() for name, values in catalog.numbers.items()},
        "texts": {name: list(values) for name, values in catalog.texts.items()},
        "demand": [getattr(catalog.demand, name).tolist() for name in ("item", "date", "quantity")],
        "receipts": [getattr(catalog.receipts, name).tolist() for name in ("receipt_date", "quantity")],
    }


SEEN = []


@pytest.fixture(scope="module", autouse=True)
def counted():
    """Figures of the table of promises."""
    yield
    same = sum(case.expected.startswith("same") for case in SEEN)
    groups = len({case.group for case in CASES})
    if len(SEEN) == len(CASES):
        figures = {"tried": len(SEEN), "groups": groups, "as_expected": len(SEEN), "silent": 0}
        noted("bad inputs", **figures, refused=len(SEEN) - same, same=same)


@pytest.fixture(scope="module")
def undamaged(tmp_path_factory):
    return facts(write_study(tmp_path_factory.mktemp("whole")))


def test_there_are_as_many_as_promised_in_every_group():
    groups = {case.group for case in CASES}
    assert len(CASES) >= 150
    assert len({(case.group, case.name) for case in CASES}) == len(CASES)
    assert groups >= {"structure and encoding", "keys", "numbers", "dates", "receipts", "study file"}
    assert groups >= {"names as weapons", "Excel", "Parquet", "SQL"}


@pytest.mark.parametrize("case", CASES, ids=[f"{case.group}: {case.name}"[:60] for case in CASES])
def test_each_is_refused_by_its_code_or_read_as_if_undamaged(case, tmp_path, undamaged):
    path = prepared(tmp_path, case)
    if not case.expected.startswith("same"):
        with pytest.raises(InvalidInputError) as refused:
            facts(path)
        assert set(CODES.findall(str(refused.value))) & set(case.expected.split("|")), str(refused.value)
        SEEN.append(case)
        return
    found, other = facts(path), case.expected.rpartition("but ")[2]
    if other in found["texts"]:
        found["texts"][other] = undamaged["texts"][other]
    assert found == undamaged
    SEEN.append(case)
