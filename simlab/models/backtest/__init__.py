"""What was known at earlier dates."""
