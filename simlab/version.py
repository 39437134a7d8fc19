"""The version, known to everybody and knowing nobody."""

__version__ = "0.2.0"
