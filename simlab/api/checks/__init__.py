"""What `simlab check` tells: everything that stands in the way, and what a planner would look at first."""
