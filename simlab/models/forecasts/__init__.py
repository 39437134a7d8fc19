"""What people's own forecasts say of demand: their paths, their errors, and the laws that follow."""
