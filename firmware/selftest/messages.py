"""What page and controller say to each other about self-tests: asks of an installer, and how the run stands.

The controller alone observes, decides and signs. A step's result is never said by the page, but for the person's word
where nothing else can know (a lamp), and the report says which results rest on that.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from firmware.core.fact import Afar
from firmware.wire_messages import Message

PORTALS_MAX = 32
STEPS_MAX = 400  # of one run: a day on the ladder
NOTE_CHARACTERS_MAX = 200
REPORT_BYTES_MAX = 1 << 20
PART_BYTES_MAX = 128 << 10  # of a report, in one frame
REPORTS_MAX = 100  # kept; of more the oldest goes

Text = Annotated[str, msgspec.Meta(max_length=64)]
Note = Annotated[str, msgspec.Meta(max_length=NOTE_CHARACTERS_MAX)]


class Do(StrEnum):
    """What is asked of one step."""

    BEGIN = "begin"
    STOP = "stop"
    YES = "yes"
    NO = "no"
    SKIP = "skip"  # with a note that says why
    NOTE = "note"  # a serial, a seal, what was seen


class RunAsk(msgspec.Struct, frozen=True, tag=True, omit_defaults=True, kw_only=True):
    """Base. Each ask says that the installer is still there."""

    issuer: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    afar: Afar | None = None


class LookTest(RunAsk, frozen=True, kw_only=True):
    """How the run stands; answered by RunSeen. `here`: the installer's window is open, and the run goes on."""

    here: bool = False


class BeginTest(RunAsk, frozen=True, kw_only=True):
    """Take these portals out of service and begin; `site`: with what belongs to no portal."""

    portals: Annotated[tuple[Text, ...], msgspec.Meta(max_length=PORTALS_MAX)]
    site: bool = False


class PauseTest(RunAsk, frozen=True, kw_only=True):
    """Put the portals back into service and keep what was found; `left`: the installer's session is over."""

    left: bool = False


class ResumeTest(RunAsk, frozen=True, kw_only=True):
    """Go on with the run that was paused: its portals are taken out of service again."""


class FinishTest(RunAsk, frozen=True, kw_only=True):
    """Put the portals back, and make the signed report."""

    note: Note = ""


class DropTest(RunAsk, frozen=True, kw_only=True):
    """Put the portals back, and forget the run without a report."""


class DoStep(RunAsk, frozen=True, kw_only=True):
    run: Text
    step: Annotated[str, msgspec.Meta(max_length=100)]
    do: Do
    note: Note = ""


class ListReports(msgspec.Struct, frozen=True, tag=True):
    """Answered by ReportsListed."""


class ReadReport(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """A piece of a report, from this byte on; answered by ReportPart."""

    name: Annotated[str, msgspec.Meta(max_length=64, pattern=r"^[0-9a-z-]+\.(en|zh)\.html$")]
    offset: Annotated[int, msgspec.Meta(ge=0, le=REPORT_BYTES_MAX)] = 0


AnyTestAsk = LookTest | BeginTest | PauseTest | ResumeTest | FinishTest | DropTest | DoStep | ListReports | ReadReport
TEST_LOOKS: tuple[type, ...] = (LookTest, ListReports, ReadReport)  # which change nothing
TEST_ASKS: tuple[type, ...] = (
    *(LookTest, BeginTest, PauseTest, ResumeTest, FinishTest, DropTest, DoStep),
    *(ListReports, ReadReport),
)


class StepSeen(msgspec.Struct, frozen=True, omit_defaults=True):
    """One step, for people. `names`: other devices that had to do with its end."""

    id: str
    task: str
    device: str
    stage: str
    portal: str = ""
    lines: tuple[str, ...] = ()
    expects: tuple[str, ...] = ()
    proves: tuple[str, ...] = ()
    why: str = ""
    names: tuple[str, ...] = ()
    note: str = ""
    tries: int = 0
    utc_ms: int | None = None  # of its end
    left_ms: int | None = None  # until the time of its stage is over
    word: bool = False
    asks: str = ""  # of a display: what the person is asked about now; what it shows is not told here


class RunSeen(Message, frozen=True):
    """Controller -> network: the run. `run` is empty where there is none; `request` where nobody asked: it changed."""

    request: str = ""
    run: str = ""
    paused: bool = False
    issuer: str = ""
    portals: tuple[str, ...] = ()
    site: bool = False
    began_utc_ms: int | None = None
    lease_ms: int | None = None  # until it is paused, where the installer is not heard
    steps: tuple[StepSeen, ...] = ()
    uncovered: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()  # portals that may be tested


class ReportEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One report that is kept."""

    id: str
    utc_ms: int | None
    issuer: str
    portals: tuple[str, ...]
    passed: int
    failed: int
    skipped: int
    waiting: int
    sha256: str = ""  # of the English one


class ReportsListed(Message, frozen=True):
    request: str
    reports: tuple[ReportEntry, ...]


class ReportPart(Message, frozen=True):
    """`size` of the whole in bytes; 0: there is no such report."""

    request: str
    part: bytes
    size: int


AnyOfTests = RunSeen | ReportsListed | ReportPart
