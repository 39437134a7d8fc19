"""What money asks of a plan."""
