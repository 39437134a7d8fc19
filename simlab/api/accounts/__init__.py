"""What finance reads of every plan: working capital, margin, the bridge from today, age of stock."""
