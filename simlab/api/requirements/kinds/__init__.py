"""Kinds of limits on means over groups of items, a file each."""
