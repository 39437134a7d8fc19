"""The best k targets."""
