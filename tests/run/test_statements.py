"""A statement in one line: short forms for the terminal are not said twice."""

from simlab.run.statements import Statement


def test_a_short_form_of_a_look_stands_aside_for_its_text():
    short = Statement("open", "2 levels to look at", "Levels to look at: P-1, P-2.", "levels", "look")
    assert short.line == "Levels to look at: P-1, P-2."
    whole = Statement("good", "Your forecast needs less stock.", "By 3%.", "forecast", "look")
    assert whole.line == "Your forecast needs less stock. By 3%."
    assert Statement("bad", "Misses 95.0% of units.", "By 0.2 points.", "floor", "limit").line.startswith(
        "Misses"
    )
    assert Statement("open", "2 levels to look at", "", "levels", "look").line == "2 levels to look at"
