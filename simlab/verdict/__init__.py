"""Fresh seeds and paired comparisons: what may be said of a plan that was chosen on other randomness."""
