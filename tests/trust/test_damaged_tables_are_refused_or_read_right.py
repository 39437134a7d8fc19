"""Tables of new kinds damaged at random: refused with a message, or read as a second reader reads them.

2,000 of each kind (twelve minutes of one core; one kind by ``SIMLAB_PIECE=2/6``, others by
``SIMLAB_SEED=N``):
``pytest -s -m slow tests/trust/test_damaged_tables_are_refused_or_read_right.py``.
"""

import os
from collections import Counter

import pytest
from worlds.mutated import KINDS, mutated, written
from worlds.trust_figures import noted_piece, piece_of

from simlab import api
from simlab.api.starting.init import study_for
from simlab.errors import SimlabError
from simlab.study import parse_study

FEW, MANY = 25, 2_000
SEED = int(os.environ.get("SIMLAB_SEED", "0"))


def outcome(kind, folder, data):
    """refused, read right, or what is wrong."""
    try:
        taken = kind.taken(api.load(written(folder, kind, data)))
    except SimlabError as error:
        return "refused" if error.exit_code == 3 else f"exit {error.exit_code}: {error}"
    except Exception as error:  # a fault of simlab: what the test looks for
        return f"a fault of simlab: {error!r}"
    try:
        plain = kind.plain(data)
    except (ValueError, KeyError, IndexError, UnicodeDecodeError) as error:
        return f"read, and the plain reader says {error!r}"
    return "read right" if kind.agree(taken, plain) else "read otherwise"


def tried(kind, folder, seeds):
    found = {"refused": 0, "read right": 0}
    wrong = {}
    whole = kind.files[kind.file].encode()
    for seed in seeds:
        said = outcome(kind, folder, mutated(whole, seed))
        if said in found:
            found[said] += 1
        else:
            wrong[seed] = said
    return found, wrong


@pytest.mark.parametrize("kind", KINDS, ids=[kind.name for kind in KINDS])
def test_what_is_not_damaged_is_read_as_the_plain_reader_does(kind, tmp_path):
    data = kind.files[kind.file].encode()
    assert outcome(kind, tmp_path, data) == "read right"
    assert kind.plain(data)


@pytest.mark.parametrize("kind", KINDS, ids=[kind.name for kind in KINDS])
def test_a_few_are_refused_or_read_right(kind, tmp_path):
    found, wrong = tried(kind, tmp_path, range(FEW))
    assert wrong == {}
    assert found["refused"] > FEW // 4


def said(total):
    return {"tried": total["tried"], "refused": total["refused"], "same": total["read right"], "silent": 0}


@pytest.mark.slow
def test_all_are_refused_or_read_right(tmp_path):
    total, wrong = Counter(), {}
    for kind in piece_of(KINDS):
        found, bad = tried(kind, tmp_path / kind.name, range(SEED, SEED + MANY))
        print(kind.name, found, bad, flush=True)
        total += Counter(found, tried=MANY)
        wrong |= {f"{kind.name} {seed}": said for seed, said in bad.items()}
    assert wrong == {}
    noted_piece("damaged tables", said, total)


@pytest.mark.slow
def test_init_proposes_a_study_or_says_why_not(tmp_path):
    """Of the damaged tables themselves, without any study."""
    proposed = refused = 0
    for kind in KINDS[:2]:
        for seed in range(SEED, SEED + MANY // 8):
            folder = tmp_path / kind.name
            written(folder, kind, mutated(kind.files[kind.file].encode(), seed))
            try:
                text = study_for(folder, folder / "items.csv", folder / "demand.csv", None)
            except SimlabError:
                refused += 1
                continue
            assert parse_study(text).data.demand is not None
            proposed += 1
    assert proposed > 0 < refused
