"""Every question that the desk answers, in one table: who may ask it, and what answers. Made of the parts' tables."""

from __future__ import annotations

from firmware.people import (
    ending,
    gate,
    holders,
    importing,
    listing,
    pins,
    questions,
    review_lines,
    ruling_lines,
    sheets,
    standing,
    visitors,
)
from firmware.people.line import Line, LongLine
from firmware.people_words.base import Question

LINES: dict[type[Question], Line | LongLine] = {
    **standing.LINES,
    **ending.LINES,
    **questions.LINES,
    **importing.LINES,
    **sheets.LINES,
    **listing.LINES,
    **holders.LINES,
    **pins.LINES,
    **gate.LINES,
    **visitors.LINES,
    **ruling_lines.LINES,
    **review_lines.LINES,
}
