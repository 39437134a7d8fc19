"""The rollout gate: may the proposed policy replace the current one, SKU-location by SKU-location."""
