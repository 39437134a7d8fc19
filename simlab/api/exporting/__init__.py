"""Levels as planning systems import them: what the numbers of a file make the system do is what counts."""
