"""From a target and laws to control levels: exact, textbook, optimal, by forecast."""
