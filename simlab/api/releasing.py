"""Stock set free at the least loss of service, and the knee of the frontier: tables and sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from simlab.api import prices
from simlab.errors import InfeasibleError
from simlab.frontier import Frontier, release
from simlab.frontier.problem import MANY
from simlab.measures import format_money, format_percent, format_rate

if TYPE_CHECKING:
    import pandas as pd

    from simlab.api.optimization import Optimization

SHARES = (0.05, 0.10, 0.20)
"""Parts of the plan's stock whose release a run answers without being asked."""
_NAMED = 3


def releases_frame(opt: Optimization) -> pd.DataFrame:
    """What each segment gives up (or gains) if a share of the plan's stock must be set free.

    The best plan for what is left under the study's limits but not its floor; under limits with very
    many segments the best of the frontier's points. One row ``(all)`` per share; a share that no plan
    sets free is left out.
    """
    import pandas as pd

    solved = opt.solved
    few = opt.rules.any_on_means and solved.frontier.curves.n_segments <= MANY
    source = cast(Frontier, solved.problem if few else solved.frontier)
    frames = []
    for share in SHARES:
        amount = share * opt.chosen.value_money
        if amount <= 0:
            continue
        try:
            found = release(source, opt.chosen, amount)
        except InfeasibleError:
            continue
        frame = prices.release_frame(found)
        frame.insert(0, "share", share)
        frame.insert(1, "amount", amount)
        frames.append(frame.assign(service_after=found.after.fill_rate))
    empty = pd.DataFrame(columns=["share", "amount", "segment", "value", "cost", "fill", "service_after"])
    return pd.concat(frames, ignore_index=True) if frames else empty


def release_statements(opt: Optimization, frame: pd.DataFrame) -> tuple[str, ...]:
    """Where a tenth of the plan's stock would come from, and where the frontier has its knee."""
    return (*_release(opt, frame), *_knee(opt))


def _release(opt: Optimization, frame: pd.DataFrame) -> tuple[str, ...]:
    rows = frame[frame["share"] == SHARES[1]]
    if rows.empty:
        none = "No plan of the grid under the study's limits sets"
        return (f"{none} {format_percent(SHARES[1], 0)} of the plan's stock free.",)
    currency, total = opt.data.study.currency, rows.iloc[-1]
    given = rows.iloc[:-1].query("value < 0").head(_NAMED)
    parts = ", ".join(
        f"{row['segment']} {format_money(-row['value'], currency)}" for row in given.to_dict("records")
    )
    points = f"{-100 * float(total['fill']):.2f} points of {opt.accounting.service}"
    return (
        f"Setting {format_percent(SHARES[1], 0)} of the plan's stock free "
        f"({format_money(float(total['amount']), currency)}) costs {points} at least "
        f"(to {format_rate(float(total['service_after']))}, search seed), "
        f"most of it from {parts}.",
    )


def _knee(opt: Optimization) -> tuple[str, ...]:
    points = opt.solved.frontier
    if points.n_points < 3:
        return ()
    knee, currency = opt.knee, opt.data.study.currency
    yearly = " a year" if opt.accounting.yearly else ""
    ends = " and ".join(format_rate(float(points.fill_rate[end])) for end in (0, -1))
    return (
        f"The frontier has its knee at {opt.accounting.service} {format_rate(knee.fill_rate)} for "
        f"{format_money(knee.cost_money, currency)}{yearly} ({opt.accounting.objective}): the point farthest "
        f"below the straight line between its ends at {ends}.",
    )
