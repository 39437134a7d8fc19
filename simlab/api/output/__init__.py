"""The run folder: tables, manifest, sentences."""
