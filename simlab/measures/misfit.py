"""What a test of fit says in words, and what can be done about it."""

from __future__ import annotations

MEAN, SHARE = 0.5, 0.9
"""Mean of the PIT, and its share between 5 and 95 %, where the laws are right."""

MORE, LESS, WIDER, NARROWER = (
    "more demand than the laws say",
    "less demand than the laws say",
    "wider than the laws",
    "narrower than the laws",
)
NEXT = {
    MORE: "growth or a season: [models.seasonality], a half-life as models.memory, or your forecast",
    LESS: "falling sales or a season: a half-life as models.memory, [models.seasonality], or your forecast",
    WIDER: "events that the history does not hold: mark promotions and outliers, or another models.law",
    NARROWER: "a history with what no longer comes: mark promotions and outliers, or a half-life as "
    "models.memory",
}
"""What may lie behind each, and the options to try."""


def what_is_off(pit_mean: float, pit_share: float) -> str:
    """Of a misfit, the measure that is further off: where demand fell in its laws, or how wide it is."""
    moved, width = pit_mean - MEAN, pit_share - SHARE
    if abs(moved) * 2 >= abs(width):
        return MORE if moved > 0 else LESS
    return WIDER if width < 0 else NARROWER
