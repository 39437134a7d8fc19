"""How well laws predict, and how far they are from what was seen."""
