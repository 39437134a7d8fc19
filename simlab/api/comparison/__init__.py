"""Policies and finished runs side by side."""
