"""The report of a finished run: one HTML page that opens offline, and its figures."""

from simlab.report.render import render

__all__ = ["render"]
