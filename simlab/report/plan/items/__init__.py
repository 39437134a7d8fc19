"""The tab of the items: every SKU-location, its level today and proposed, and a sample looked at closely."""
