"""Rows of the per-lane accumulators, and the number of histogram columns."""

COLUMNS = 32

# both evaluators
DEMANDED = 0
ORDERS = 1
ORDERED = 2
RECEIPTS = 3
RECEIVED = 4
POSITION = 5
AFTER = 6
# sweep
EXCESS_BEFORE = 7
EXCESS_AFTER = 8
# lanes
ON_HAND_START = 7
ON_HAND = 8
READY = 9
SHORT = 10
MISSED = 11

N_TALLIES = 12
