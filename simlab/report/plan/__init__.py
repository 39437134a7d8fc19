"""The page of optimize and simulate."""
