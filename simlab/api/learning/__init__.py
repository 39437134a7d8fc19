"""Segments learned from cost."""
