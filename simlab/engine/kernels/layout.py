"""Layout of the lanes' state, their accumulators and the histograms.

The state of up to `MOST_LANES` lanes lies in one flat array, one row of constant length per quantity:
with constant distances the compiler sees that rows never overlap and vectorises loops that touch
many of them.
"""

from __future__ import annotations

MOST_LANES = 256

STRIDE = 272
"""Distance of rows: no multiple of 4,096 bytes, at which writes to one row seem to hit another."""

DRAWN = 16
"""Consecutive draws of every lane whose words are at hand at a time, a multiple of 4: few, for the cache."""

PERIODS = 4
"""Periods that `fours` takes at a time."""

TWO = 2
"""Periods that `twos` takes at a time."""

LEAD_TIMES = 5
"""Lead times, one next to the other, that are looked at in one go."""

FLUSH = 64
"""Periods after which short accumulators are emptied into 64-bit tallies."""
NET = 0 * STRIDE
POSITION = 1 * STRIDE
BAD = 2 * STRIDE
UNITS = 3 * STRIDE
RECEIPTS = 4 * STRIDE
COLUMN = 5 * STRIDE
NET_START = 6 * STRIDE
POSITION_START = 7 * STRIDE

PART = 8 * STRIDE
"""Millionths of a unit carried from one shortage to the next."""
# accumulators; sweep and lanes use the third to fifth for different sums
SUM_POSITION = 9 * STRIDE
SUM_NET = 10 * STRIDE
SUM_BEFORE = 11 * STRIDE
SUM_AFTER = 12 * STRIDE
SUM_DEMAND = 13 * STRIDE
SUM_RECEIPTS = 14 * STRIDE
SUM_EVENTS = 15 * STRIDE

DUE = 16 * STRIDE
"""Rows of arrivals, one per period of a four."""
STATE_SIZE = 20 * STRIDE
# packed counters: ready | short << 8 | orders << 16, and receipts | missed receipts << 16
ONE_SHORT = 1 << 8
ONE_ORDER = 1 << 16
ONE_MISSED = 1 << 16
LOW_8 = 0xFF
LOW_16 = 0xFFFF
# rows of the 64-bit tallies
T_ON_ORDER = 0
T_NET = 1
T_BEFORE = 2
T_AFTER = 3
T_DEMAND = 4
T_RECEIPTS = 5
T_MISSED = 6
T_READY = 7
T_SHORT = 8
T_ORDERS = 9
T_ORDERED = 10
T_RECEIVED = 11
N_TALLIES = 12

COLUMNS = 32
"""Histogram columns: one line of counters per bin and plane."""

LEAD_CELLS = 256
"""Cells of a guide to a table of lead times, each of 2**24 words."""

MOST_LEAD_GUIDES = 128
"""Such guides that are kept; longer tables are searched."""

MARKS = 8
"""Periods whose marks are kept before they are counted."""
