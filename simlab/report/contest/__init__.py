"""The page of a contest."""
