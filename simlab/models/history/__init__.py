"""Rows → counts per period, treated."""
