"""Tables and laws of a study, looked at."""
