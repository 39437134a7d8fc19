"""Plans under limits of every kind."""
