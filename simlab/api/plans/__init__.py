"""From curves to tested plans (state)."""
