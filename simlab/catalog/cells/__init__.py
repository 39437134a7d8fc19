"""From text to typed cells: numbers, dates, and the refusal of whatever is neither."""
