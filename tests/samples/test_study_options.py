"""The options that the sample study shows in comments are read, and fit the sample's own columns."""

import re

import numpy as np

from simlab import api
from simlab.api.requirements.constraints import constraints
from simlab.api.requirements.refusals import check_scenarios
from simlab.samples import study_text
from simlab.samples.retailer import retailer
from simlab.study import parse_study


def test_commented_options_work_when_their_hash_is_taken_away():
    text = study_text()
    start, end = text.index("[optimize]"), text.index("[verdict]")
    shown = re.sub(r"(?m)^# (?=[\[a-z])", "", text[start:end])
    study = parse_study(text[:start] + shown + text[end:])
    frames = retailer()
    some = sorted(frames.items["sku"].unique())[::9]
    own = [frame[frame["sku"].isin(some)] for frame in (frames.items, frames.demand)]
    data = api.load_frames(*own, frames.receipts, study=study)
    rules = constraints(data, api.segment(data, by="abc"), study.targets())
    check_scenarios(data)
    assert len(rules.floors) == len(rules.on_means["ceilings"]) == len(rules.chances) == 1
    assert len(rules.ordered) == 2
    assert np.count_nonzero(rules.allowed[2]) == 1
