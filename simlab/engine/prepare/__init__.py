"""From what callers give to what kernels take."""
