"""The schemes, one file each; a file added here registers itself (see `simlab.segments.scheme`)."""
