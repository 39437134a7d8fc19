"""The report of a finished run: one HTML page that opens offline, and its figures."""

__all__ = ["render"]
