"""What the dates of tables say: grain, closed days, periods, windows."""
