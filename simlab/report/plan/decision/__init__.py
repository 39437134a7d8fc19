"""The first screen of the page: what is gained and lost against today."""
