"""What commands print of what they found: one screen, or all of it."""
