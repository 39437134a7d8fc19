"""Streams, quantile tables and kernels: arrays in, integer sums out."""
