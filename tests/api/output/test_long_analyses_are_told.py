"""Writing a run is watched analysis by analysis, and the log names those that took long."""

from types import SimpleNamespace

from simlab.api.output import apart


def test_every_analysis_moves_the_bar_and_a_long_one_stands_in_the_log(monkeypatch):
    now, told, logged = [0.0], [], []
    monkeypatch.setattr(apart.time, "perf_counter", lambda: now[0])
    folder = SimpleNamespace(log=lambda event, **more: logged.append((event, more)))
    analyses = apart.Analyses(folder, progress=lambda *one: told.append(one), total=3)

    def slow():
        now[0] += 2.5
        return "capital"

    def broken():
        raise ValueError("nothing")

    assert analyses.of("capital", slow, None) == "capital"
    assert analyses.of("bounds", broken, None) is None
    assert analyses.of("limits", lambda: 3, None) == 3
    assert told == [("write", 1, 3), ("write", 2, 3), ("write", 3, 3)]
    assert ("part", {"stage": "write", "part": "capital", "seconds": 2.5}) in logged
    assert [event for event, _ in logged] == ["part", "fault"]
