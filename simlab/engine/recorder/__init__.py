"""The evaluator that follows one path, and what it adds up."""
