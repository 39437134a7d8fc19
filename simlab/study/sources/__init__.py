"""Where tables come from, beside files."""
