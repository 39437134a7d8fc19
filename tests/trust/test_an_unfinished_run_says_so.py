"""A run that did not finish has no report; what there is of it is shown when asked for, with a watermark."""

import json
import shutil

import pytest
from typer.testing import CliRunner
from worlds.nine import nine_items, same_bytes

from simlab import api
from simlab.api.output import writing
from simlab.cli.app import app
from simlab.errors import EXIT_INCOMPLETE, EXIT_USAGE, IncompleteError
from simlab.execution import blocks
from simlab.run import RunFolder, verify
from simlab.run.folder import PARTIAL


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return nine_items(tmp_path_factory.mktemp("nine"))


def stopped(study, out, place, name, error):
    """A run that ends with an error where it calls something."""

    def ends(*arguments):
        raise error

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(place, name, ends)
        with pytest.raises(type(error)):
            api.run_optimize(study, out, draw=False)
    return out


@pytest.fixture(scope="module")
def simulating(study):
    lost = IncompleteError("workers died 4 times; <b>P-1002@EAST</b> kills its worker each time")
    return stopped(study, study.parent / "simulating", blocks, "simulate_items", lost)


@pytest.fixture(scope="module")
def writing_tables(study):
    return stopped(study, study.parent / "writing", writing, "derived_frames", MemoryError())


def report(run, *options):
    return CliRunner().invoke(app, ["report", str(run), *options])


def test_it_has_no_report(simulating):
    done = report(simulating)
    assert done.exit_code == EXIT_INCOMPLETE
    assert "simlab resume goes on; simlab report --partial shows what is there" in " ".join(
        done.output.split()
    )
    assert not list(simulating.glob("report*"))


def test_what_is_there_is_shown_with_a_watermark_and_why_it_stopped(simulating, writing_tables):
    for run in (simulating, writing_tables):
        done = report(run, "--partial")
        assert done.exit_code == 0, done.output
        assert done.output.startswith("INCOMPLETE: this run did not finish")
        page = (run / PARTIAL).read_text("utf-8")
        assert 'body::before { content: "INCOMPLETE"' in page
        assert "This run did not finish: nothing on this page is a result" in page
        assert "INCOMPLETE. " in page.split("</header>")[0]
    early, late = ((run / PARTIAL).read_text("utf-8") for run in (simulating, writing_tables))
    assert "&lt;b&gt;P-1002@EAST&lt;/b&gt; kills its worker" in early
    assert "Segments, of an incomplete run" not in early
    assert "Segments, of an incomplete run" in late
    assert "results/items.parquet" in late
    assert "MemoryError" in late
    assert str(late).count("https://") == 0


def test_a_log_of_a_newer_form_is_refused_by_name(simulating, tmp_path):
    """The first line says the form; a log without it is of before."""
    run = tmp_path / "run"
    shutil.copytree(simulating, run)
    log = run / "log.jsonl"
    first, _, rest = log.read_text("utf-8").partition("\n")
    assert json.loads(first)["schema"] == 1
    assert "schema" not in json.loads(rest.splitlines()[0])
    log.write_text(
        first.replace('"schema":1', '"schema":9').replace('"schema": 1', '"schema": 9') + "\n" + rest
    )
    done = report(run, "--partial")
    assert done.exit_code == EXIT_USAGE
    assert "log.jsonl: written by a newer simlab (schema 9, known: 1)" in " ".join(done.output.split())
    log.write_text(rest, "utf-8")
    assert report(run, "--partial").exit_code == 0


def test_nothing_else_takes_it_for_a_run(writing_tables):
    for command in (["verify"], ["export", "--for", "csv"], ["orders"], ["pack"]):
        done = CliRunner().invoke(app, [command[0], str(writing_tables), *command[1:]])
        assert done.exit_code != 0, command


def test_the_page_goes_when_the_run_goes_on_and_its_end_has_the_same_bytes(study, writing_tables):
    whole = api.run_optimize(study, study.parent / "whole", draw=False).folder
    report(writing_tables, "--partial")
    api.resume(writing_tables, draw=False)
    assert not (writing_tables / PARTIAL).exists()
    assert same_bytes(whole, writing_tables) == []
    RunFolder.open(writing_tables, sealed=True).complete()
    assert verify(writing_tables) == []
    assert RunFolder.unfinished(writing_tables) is None
