"""When a face may be looked for among all that are enrolled (1:N), without a card or PIN before: nearly never.

Each passer-by is compared with N templates, so that N times the rate of false matches is the chance of a wrong opening.
That rate is taken at the upper 95 % bound of what was measured, with the very model and threshold that are in service.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import msgspec

from firmware.faces import bounds
from firmware.faces.errors import OneOfManyRefused
from firmware.faces.likeness import EMBEDDER, THRESHOLD
from firmware.roster.files import open_regular

WRONG_MAX = 0.001  # of the chance of a wrong match each time somebody is looked at
RECORD_BYTES_MAX = 1 << 20
THRESHOLD_OFF_MAX = 1e-6  # a record is written in decimals
WHAT = "menshen evaluate faces"

Count = Annotated[int, msgspec.Meta(ge=0, le=1 << 53)]


class Measured(msgspec.Struct, frozen=True):
    """What the rule reads of an evaluation's record. Figures in it that follow from others are worked out anew."""

    what: str
    embedder: str  # sha256 of the model
    threshold: Annotated[float, msgspec.Meta(ge=-1, le=1)]
    pairs_different: Count
    false_matches: Count
    persons: Count = 0


def measured(path: Path) -> Measured:
    """The record of an evaluation (`menshen evaluate faces DIR --json`). Raises OneOfManyRefused."""
    try:
        with open_regular(path) as file:
            content = file.read(RECORD_BYTES_MAX + 1)
        record = msgspec.json.decode(content, type=Measured)
    except OSError as error:
        raise OneOfManyRefused(f"{path}: {error.strerror}: make it by `menshen evaluate faces DIR --json`") from error
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise OneOfManyRefused(f"{path} is no record of `menshen evaluate faces DIR --json`: {error}") from error
    if record.what != WHAT or record.false_matches > record.pairs_different or len(content) > RECORD_BYTES_MAX:
        raise OneOfManyRefused(f"{path} is no record of `menshen evaluate faces DIR --json`")
    return record


def bound(record: Measured) -> float:
    """The upper 95 % bound of the rate of false matches."""
    return bounds.upper(record.false_matches, record.pairs_different)


def most(record: Measured) -> int:
    """How many templates may be looked among: 0 is none at all."""
    return math.floor(WRONG_MAX / bound(record) + 1e-9)


def admit(record: Measured, templates: int, embedder: str = EMBEDDER, threshold: float = THRESHOLD) -> str:
    """What the permission rests on, in a sentence; raises OneOfManyRefused where there is none.

    `templates`: every one that a face would be compared with, several of one holder counted each. `embedder` and
    `threshold` are those in service: a record of others says nothing of these.
    """
    if record.embedder != embedder:
        raise OneOfManyRefused(
            f"the record is of other weights ({record.embedder[:12]}, in service: {embedder[:12]}): measure again"
        )
    if abs(threshold - record.threshold) > THRESHOLD_OFF_MAX:
        raise OneOfManyRefused(
            f"the record is of the threshold {record.threshold:.3f}, in service is {threshold:.3f}: measure again"
        )
    rate = bound(record)
    rests = (
        f"{record.false_matches} false matches in {record.pairs_different} pairs of different persons: the rate is at "
        f"most {rate:.3g} (upper 95 % bound), times {templates} templates {templates * rate:.3g}"
    )
    if templates * rate > WRONG_MAX:
        need = pairs_needed(templates)
        raise OneOfManyRefused(
            f"{rests}; at most {WRONG_MAX:g} is allowed: the record is enough for {most(record)} templates, here are "
            f"{templates}. Let a card or PIN come first (1:1), or measure more: without a false match {need} pairs of "
            f"different persons would be needed"
        )
    return rests


def pairs_needed(templates: int) -> int:
    """How many pairs without one false match would allow so many templates."""
    rate = WRONG_MAX / max(1, templates)
    return math.ceil(math.log(1 - bounds.SURE) / math.log1p(-rate))
