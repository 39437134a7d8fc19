"""What the plan gives and takes against today: three columns, a headline, and what to look at first."""
