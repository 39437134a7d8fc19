"""Forecasts and plans against what then happened."""
