"""The bases of all questions to the people process and of its answers; and what long work says of itself.

A question is a frozen, tagged struct with a limit on every length. Its answer is a `Found`: what was asked for, a
`Refused`, or `Started`: long work, whose progress is asked for by `LookAtJob`.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

AT_THE_PAGE = "at the page"  # why, as the list keeps it, where nobody said
NAME_CHARACTERS_MAX = 64  # of an account, as the journal keeps it
ADDRESS_CHARACTERS_MAX = 64
ID_CHARACTERS_MAX = 32
TEXT_CHARACTERS_MAX = 1_000  # of a field as a person types it; what it may be is said by the answer
WHY_CHARACTERS_MAX = 200

ShortText = Annotated[str, msgspec.Meta(max_length=200)]
TypedText = Annotated[str, msgspec.Meta(max_length=TEXT_CHARACTERS_MAX)]
IdText = Annotated[str, msgspec.Meta(max_length=64)]


class Asker(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who asks at the page, in which roles, and from where. The network process says so; nobody else can know."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_CHARACTERS_MAX)]
    roles: Annotated[tuple[Annotated[str, msgspec.Meta(max_length=16)], ...], msgspec.Meta(max_length=8)]
    address: Annotated[str, msgspec.Meta(max_length=ADDRESS_CHARACTERS_MAX)] = ""


class Question(msgspec.Struct, frozen=True, tag=True, omit_defaults=True, kw_only=True):
    """Base of what is asked."""


class Found(msgspec.Struct, frozen=True, tag=True, omit_defaults=True, kw_only=True):
    """Base of what is answered."""


class Refused(Found, frozen=True, kw_only=True):
    """It is not done, and nothing has changed. `word` is one of the page's words, `fills` fill it.

    `field` is the field of the form that is wrong; `text` what a library said of it, in English, where no word does.
    """

    word: str
    field: str = ""
    fills: dict[str, str] = {}
    text: str = ""


class Started(Found, frozen=True, kw_only=True):
    """Long work has begun: LookAtJob tells how far it is."""

    job: str


class EndYourself(Question, frozen=True, kw_only=True):
    """End, so that whoever supervises the people process starts it again; answered by Started before that."""


class LookAtJob(Question, frozen=True, kw_only=True):
    """How far a job is; answered by a Job."""

    job: IdText


class CancelJob(Question, frozen=True, kw_only=True):
    """End a job, where it can be ended without leaving anything half done; answered by a Job."""

    job: IdText


class Job(Found, frozen=True, kw_only=True):
    """One job. `outcome` is its answer, as MessagePack of a Found, once it is over (`of_outcome` in asking.py).

    `stage` is one of the page's words: what is being done now; `done` of `total` (0: not known).
    """

    id: str
    kind: str  # the question's name: BringToGate, EnrolAtReader, ...
    who: str
    over: bool
    stage: str = ""
    done: int = 0
    total: int = 0
    shown: dict[str, str] = {}  # what fills the stage's words: the reader, the seconds left
    outcome: bytes = b""


class HowAreThings(Question, frozen=True, kw_only=True):
    """How the source stands to the gate; answered by a Standing."""


class Standing(Found, frozen=True, kw_only=True):
    """How the source stands to the gate.

    `mine`: we may build and sign what this controller takes; else `owner` says whose rosters it takes ("" where the
    site file names other signers). `batch` is the source's newest, `served_batch` that of the roster in service (None:
    it was not built of this source); `waiting` the batches between them.
    """

    source: bool
    mine: bool
    owner: str = ""
    time_zone: str = ""
    holders: int = 0
    batch: int = 0
    served_batch: int | None = None
    served_version: int = 0  # 0: no roster is in service, or it cannot be read
    controller: bool = True  # it answers
    waiting: tuple[Waiting, ...] = ()
    waiting_more: bool = False
    running: str = ""  # the id of a job that works now


class Waiting(msgspec.Struct, frozen=True, omit_defaults=True):
    """A batch of the source that is not at the gate yet."""

    batch: int
    at_s: int
    kind: str
    who: str
    changes: int
    why: str = ""
    holders: tuple[str, ...] = ()  # whose it is about, where that is few; "*": rules, or many
