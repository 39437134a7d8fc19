"""Which segmentation is worth its rules."""
