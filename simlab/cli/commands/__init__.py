"""Commands in files of their own, found by themselves: the file ``laws.py`` has a function `laws`."""
