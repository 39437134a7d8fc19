"""The panel "What if": plans solved in the page on the run's sums, and the study that says the same."""
