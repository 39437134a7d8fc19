"""The tables of a study, each by its own rules."""
