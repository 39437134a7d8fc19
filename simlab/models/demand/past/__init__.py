"""Laws that draw from a history itself."""
