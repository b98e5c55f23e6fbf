"""How the people process is asked: the unions of all questions and answers, in frames as firmware/messages.py has them.

Each part of the page adds its questions and answers in a file of its own beside this one, and a line to each union.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from firmware.messages import Message
from firmware.people_words.base import (
    Asker,
    CancelJob,
    EndYourself,
    Found,
    HowAreThings,
    Job,
    LookAtJob,
    Refused,
    Standing,
    Started,
)
from firmware.people_words.holders import AnyFoundOfHolders, AnyOfHolders
from firmware.people_words.imports import AnyFoundOfImports, AnyOfImports
from firmware.people_words.listing import AnyFoundOfListing, AnyOfListing
from firmware.people_words.questions import AnyFoundOfQuestions, AnyOfQuestions
from firmware.people_words.review import AnyFoundOfReview, AnyOfReview
from firmware.people_words.rules import AnyFoundOfRules, AnyOfRules
from firmware.people_words.visitors import AnyFoundOfVisitors, AnyOfVisitors

SOCKET_FRAME_BYTES = 1 << 18  # as FRAME_BYTES_MAX of messages.py; pieces of files are half of it

AnyQuestion = (
    LookAtJob
    | CancelJob
    | HowAreThings
    | EndYourself
    | AnyOfHolders
    | AnyOfListing
    | AnyOfVisitors
    | AnyOfRules
    | AnyOfReview
    | AnyOfQuestions
    | AnyOfImports
)
AnyFound = (
    Refused
    | Started
    | Job
    | Standing
    | AnyFoundOfHolders
    | AnyFoundOfListing
    | AnyFoundOfVisitors
    | AnyFoundOfRules
    | AnyFoundOfReview
    | AnyFoundOfQuestions
    | AnyFoundOfImports
)


class AskPeople(Message, frozen=True):
    """Network -> people."""

    request: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    who: Asker
    question: AnyQuestion


class ToldByPeople(Message, frozen=True):
    """People -> network: the answer."""

    request: str
    found: AnyFound


_outcomes = msgspec.msgpack.Decoder(AnyFound)


def as_outcome(found: Found) -> bytes:
    """An answer inside of a Job."""
    return msgspec.msgpack.encode(found)


def of_outcome(job: Job) -> AnyFound | None:
    """What a job came to; None while it works. Raises msgspec.MsgspecError for what is none of ours."""
    return _outcomes.decode(job.outcome) if job.outcome else None
