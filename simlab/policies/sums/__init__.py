"""Demand over several periods: laws and moments of sums."""
