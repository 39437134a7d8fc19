"""Receipts → lead times."""
