"""What events of looking through cameras say beside their text: how long, and by what it ended."""

from __future__ import annotations

from firmware.core.codes import Code
from firmware.network.words import Words

KINDS = ("shift", "resumed", "incident")  # of a guard's, at its beginning
VIEWINGS = (Code.VIEWING_BEGUN, Code.VIEWING_ENDED)


def viewing_detail(words: Words, detail: str) -> str:
    """ "by_hand, 5 min" of the controller (controller/viewing_desk.py), in words; anything else stands as it is."""
    because, _, span = detail.rpartition(", ")
    count, _, unit = span.partition(" ")
    if unit != "min" or not count.isdigit() or not (not because or words.has(f"viewing_by_{because}")):
        return detail
    said = words("viewing_minutes", count=count)
    if because in KINDS or not because:
        said = words("viewing_at_most", span=said)
    return f"{words(f'viewing_by_{because}')} · {said}" if because else said
