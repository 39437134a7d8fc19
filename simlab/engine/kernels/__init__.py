"""Compiled pieces that evaluators share."""
