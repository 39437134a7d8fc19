"""Large arrays lie in files without a name: the same values, and memory holds what is worked on."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import numpy as np
import pytest

from simlab import api, mapped
from simlab.children import can_copy, copied


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapped, "LARGE", 64)


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_below_the_size_or_without_a_folder_arrays_lie_in_memory(tmp_path: Path) -> None:
    large = np.arange(mapped.LARGE // 8 + 1)
    assert mapped.away(large) is large
    assert not mapped.in_file(mapped.room(large.shape))
    with mapped.beside(tmp_path):
        assert not mapped.in_file(mapped.room(3))
        assert mapped.in_file(mapped.away(large))
    assert mapped.away(large) is large


@pytest.mark.usefixtures("tiny")
def test_an_array_in_a_file_holds_what_it_held_and_the_folder_shows_no_file(tmp_path: Path) -> None:
    table = np.arange(1000, dtype=np.int16).reshape(100, 10)
    with mapped.beside(tmp_path):
        found = mapped.away(table)
        pieces = [mapped.away(np.full(3, number), piece=True) for number in range(50)]
        room = mapped.room((20, 2), np.float64)
        assert mapped.in_file(found[3:, 2])
        assert mapped.away(found) is found
        assert list(tmp_path.iterdir()) == []
    mapped.rest()
    assert found.dtype == table.dtype
    assert np.array_equal(found, table)
    assert [piece.tolist() for piece in pieces] == [[number] * 3 for number in range(50)]
    assert not room.any()
    found[5] = 7
    mapped.rest()
    assert (found[5] == 7).all()


@pytest.mark.usefixtures("tiny")
def test_views_of_one_row_and_arrays_of_objects_stay_as_they_are(tmp_path: Path) -> None:
    with mapped.beside(tmp_path):
        for table in (np.broadcast_to(np.int64(1), 1000), np.full(1000, "a", object), np.zeros((0, 5))):
            assert mapped.away(table) is table


def test_pages_at_rest_are_not_counted_as_memory_of_the_process(tmp_path: Path) -> None:
    size = 64 << 20
    with mapped.beside(tmp_path):
        found = mapped.room(size // 8)
        found[:] = 1
        before = resident()
        mapped.rest()
        assert resident() < before - size * 3 // 4
        assert int(found.sum()) == size // 8


@pytest.mark.usefixtures("tiny")
def test_a_file_goes_with_the_last_array_in_it(tmp_path: Path) -> None:
    handles = len(os.listdir("/proc/self/fd"))
    with mapped.beside(tmp_path):
        found = [mapped.away(np.full(100, number), piece=True) for number in range(500)]
        assert len(os.listdir("/proc/self/fd")) <= handles + 2
        kept = found[17]
        del found
        gc.collect()
        assert kept.tolist() == [17] * 100
        del kept
        assert len(os.listdir("/proc/self/fd")) == handles


def test_where_no_file_can_be_made_arrays_lie_in_memory(tmp_path: Path) -> None:
    with mapped.beside(tmp_path / "missing"):
        assert not mapped.in_file(mapped.room(mapped.LARGE))


@pytest.mark.skipif(not can_copy(), reason="copies of the process are made on Linux alone")
@pytest.mark.usefixtures("tiny")
def test_a_copy_of_the_process_reads_what_lies_in_files(tmp_path: Path) -> None:
    with mapped.beside(tmp_path):
        held = [mapped.away(np.arange(100))]

        def work(_: object) -> list[int]:
            total = int(held[0].sum())
            held.clear()  # its handle is closed: no other file of the copy may have that number
            with open(tmp_path / "own", "w+") as file:
                gc.collect()
                file.write("whole")
                file.flush()
                return [total, os.fstat(file.fileno()).st_size]

        with copied(work) as copy:
            assert copy is not None
            assert copy.answer() == [4950, 5]
        assert int(held[0].sum()) == 4950


@pytest.mark.slow
def test_a_run_leaves_the_same_tables_whether_its_arrays_lie_in_files_or_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.init(tmp_path / "study", scale=300)
    study = tmp_path / "study" / "study.toml"
    text = study.read_text().replace("replications = 50", "replications = 10")
    study.write_text(text)
    plain = api.run_optimize(study, out=tmp_path / "plain", draw=False).folder
    monkeypatch.setattr(mapped, "LARGE", 64)
    monkeypatch.setattr(mapped, "_RESIDENT", 1 << 16)
    made: list[int] = []
    bytes_of = mapped._Files.bytes
    monkeypatch.setattr(
        mapped._Files,
        "bytes",
        lambda self, size, piece: made.append(size) or bytes_of(self, size, piece=piece),
    )
    filed = api.run_optimize(study, out=tmp_path / "filed", draw=False).folder
    assert len(made) > 100
    tables = sorted(path.name for path in (plain / "results").iterdir())
    assert [path.name for path in sorted((filed / "results").iterdir())] == tables
    for name in tables:
        assert (filed / "results" / name).read_bytes() == (plain / "results" / name).read_bytes(), name
