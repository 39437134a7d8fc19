"""Sections of the plan page, one file each; see `section.section`."""
