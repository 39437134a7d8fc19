"""A file a command, beyond the main ones of `cli.app`."""
