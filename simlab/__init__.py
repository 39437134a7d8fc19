"""simlab: Monte Carlo engine for segmented safety stock."""

__version__ = "0.1.0"
