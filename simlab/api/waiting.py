"""How long a simulation path by path will take: said before it begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simlab.engine.run import followed_alone

if TYPE_CHECKING:
    from simlab.api.settings import Settings
    from simlab.engine.types import World
    from simlab.execution import Levels, Progress

_SECONDS = 22e-9
"""Of a SKU-period followed by itself, on one core: 20 to 26 ns; `tests/bench` prints it beside lanes."""
_SHORT = 10.0


def announce(
    world: World,
    levels: Levels,
    settings: Settings,
    warmup: int,
    replications: int,
    progress: Progress | None,
) -> str | None:
    """Tell the time that paths followed by themselves will take; None where it is short or there are none.

    Parameters
    ----------
    world, levels
        What will be simulated.
    settings : Settings
        Counted periods and workers.
    warmup, replications : int
        Periods before counting, and replications of all phases together.
    progress : callable or None
        Told the sentence as a stage that is done.
    """
    alone = int(followed_alone(world, levels).sum())
    periods = alone * levels.n_columns * replications * (warmup + settings.periods)
    seconds = periods * _SECONDS / settings.workers.n_workers
    if seconds < _SHORT:
        return None
    about = f"{seconds / 60:.0f} minutes" if seconds > 90 else f"{10 * round(seconds / 10):.0f} seconds"
    text = f"every path of {alone:,} SKU-locations by itself: about {about}"
    if progress is not None:
        progress(text, 1, 1)
    return text
