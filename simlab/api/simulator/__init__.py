"""A study bound to the engine."""
