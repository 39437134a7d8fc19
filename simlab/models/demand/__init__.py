"""Counts → laws."""
