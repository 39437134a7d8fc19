"""The beginning of a study: a file that fits the tables one has."""
