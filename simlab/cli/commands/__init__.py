"""Files with commands of their own, found by themselves; the main ones stand in `cli.app`."""
