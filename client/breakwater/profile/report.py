"""A profile -> one self-contained page: a flame picture, a table, and histograms of the latency."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .result import Profile

__all__ = ["render_report"]

PLACE = "/*DATA*/"


def render_report(profile: Profile) -> str:
    """The page; it loads nothing from anywhere."""
    template = files(__package__).joinpath("report.html").read_text(encoding="utf-8")
    samples = [
        [each.group, sorted({one.name for one in each.instructions}), round(each.latency_s * 1e3, 4)]
        for each in profile.samples
    ]
    data = {**profile.as_dict(), "sentence": profile.sentence, "samples": samples}
    # inside <script> only a "<" could end the element or begin a comment
    return template.replace(PLACE, json.dumps(data, separators=(",", ":")).replace("<", "\\u003c"), 1)
