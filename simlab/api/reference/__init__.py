"""What the program can say and be told, read off its own sources: error codes, the study file's schema."""
