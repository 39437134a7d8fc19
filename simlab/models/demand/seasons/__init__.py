"""Laws that differ by calendar phase."""
