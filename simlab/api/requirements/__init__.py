"""What the study demands, checked."""
