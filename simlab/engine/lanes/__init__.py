"""Evaluators that serve many levels or replications at once."""
