"""Given plans period by period: stock, pipeline and purchases of groups of items."""
