"""What to order now, from a finished run."""
