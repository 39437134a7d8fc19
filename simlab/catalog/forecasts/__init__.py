"""Forecasts that people already have: tables of the periods to come, and of past forecasts and what came."""
