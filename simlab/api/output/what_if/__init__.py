"""The panel "What if": sums by segment and target, what may be moved, and the panel alone."""
