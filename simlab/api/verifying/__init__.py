"""Runs checked: that nothing was changed, that numbers follow from each other, that they come out again."""
