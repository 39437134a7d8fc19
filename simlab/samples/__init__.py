"""Seeded demo data with the habit of its shop."""

from simlab.samples.files import study_text, write_sample
from simlab.samples.retailer import SampleFrames
from simlab.samples.scale import write_scale

__all__ = ["SampleFrames", "study_text", "write_sample", "write_scale"]
