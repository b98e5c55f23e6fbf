"""What the network process asks of cameras: to look through them for a purpose, and to enrol a face with consent.

The controller decides, and has it committed before a picture leaves the vision process. Pictures and templates never
come this way.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

TICKET_CHARACTERS = (16, 64)
CAMERAS_MAX = 8  # of one viewing
SECONDS_MAX = 14 * 3600
WHY_CHARACTERS_MAX = 200
NAME_CHARACTERS_MAX = 64

Ticket = Annotated[str, msgspec.Meta(pattern=rf"\A[A-Za-z0-9_-]{{{TICKET_CHARACTERS[0]},{TICKET_CHARACTERS[1]}}}\Z")]
CameraId = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
Name = Annotated[str, msgspec.Meta(max_length=NAME_CHARACTERS_MAX)]
Why = Annotated[str, msgspec.Meta(min_length=1, max_length=WHY_CHARACTERS_MAX)]


class BeginViewing(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """A person is to see through these cameras for so long. `why` is the purpose that was stated.

    `ticket` is what is shown to the vision process for each picture: it is worth nothing before this is answered with
    done, after `for_s`, or once this connection is gone. `roles` are what the page says of the person, one space
    between two: who only has the installer's sees where a portal is out of service. `shift`: it is a guard's of this
    shift, which has one purpose. `incident` is what has happened, in the words of a guard who looks beside it; it
    stands in `why`.
    """

    issuer: Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_CHARACTERS_MAX)]
    address: Name
    roles: Name
    cameras: Annotated[tuple[CameraId, ...], msgspec.Meta(min_length=1, max_length=CAMERAS_MAX)]
    why: Why
    ticket: Ticket
    for_s: Annotated[int, msgspec.Meta(ge=1, le=SECONDS_MAX)]
    shift: bool = False
    incident: Annotated[str, msgspec.Meta(max_length=WHY_CHARACTERS_MAX)] = ""

    def __repr__(self) -> str:
        return f"BeginViewing({self.cameras!r}, ...)"  # this ends up in tracebacks


class EndViewing(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """It is over, `because`: by hand, logged out, the account is gone."""

    ticket: Ticket
    because: Annotated[str, msgspec.Meta(pattern=r"\A[a-z_]{1,20}\Z")]

    def __repr__(self) -> str:
        return "EndViewing(...)"


class TellShift(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """What this guard looks for in this shift. Answered as JSON: ShiftTold."""

    issuer: Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_CHARACTERS_MAX)]


class TellFaces(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Who is enrolled, FACES_TOLD from `start` on; or the receipts that are kept. Answered as JSON: FacesTold."""

    issuer: Name
    roles: Name
    receipts: bool = False
    start: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 0


class EndFace(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """A consent is withdrawn: the templates are wiped. The answer carries the signed receipt."""

    issuer: Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_CHARACTERS_MAX)]
    roles: Name
    holder: Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_CHARACTERS_MAX)]
    why: Why


class TakeFace(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """A holder stands before a camera and has consented, to the text in `language`, for so many days.

    `issuer` is there, and its witness. Answered once that stands in the journal: from then on the camera looks, and
    HowFar says how far it is, under the `told` of the answer.
    """

    issuer: Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_CHARACTERS_MAX)]
    roles: Name
    holder: Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_CHARACTERS_MAX)]
    camera: CameraId
    why: Why
    language: Annotated[str, msgspec.Meta(max_length=8)]
    given_by: Name
    days: Annotated[int, msgspec.Meta(ge=1, le=3 * 366)]
    under_14: bool = False
    guardian: Name = ""


class HowFar(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """How far the enrolment of this number is, as JSON: FaceProgress; `stop`: it is to end."""

    number: Annotated[str, msgspec.Meta(max_length=40)]
    stop: bool = False


# -- what is told, as JSON in the answer ------------------------------------------------------------------------------


class ShiftTold(msgspec.Struct, frozen=True, omit_defaults=True):
    """`purpose` is what the shift's viewings are for, "" where none was stated yet; `left_s` how long the shift is."""

    left_s: int
    purpose: str = ""


class FaceShown(msgspec.Struct, frozen=True, omit_defaults=True):
    """Somebody who is enrolled: nothing of the face."""

    holder: str
    given_by: str
    given_s: int
    witness: str
    expires_s: int
    templates: int
    guardian: str = ""
    outdated: bool = False


class FacesTold(msgspec.Struct, frozen=True, omit_defaults=True):
    """`count` of all; `receipts`: each signed, as JSON, the newest first; `why`: why nobody matches."""

    on: bool
    why: str = ""
    count: int = 0
    faces: tuple[FaceShown, ...] = ()
    receipts: tuple[str, ...] = ()


class FaceProgress(msgspec.Struct, frozen=True, omit_defaults=True):
    """`state`: looking, saving, done, failed, over (nobody is enrolled under this number, or not any more)."""

    state: str
    taken: int = 0
    least: int = 0
    step: str = ""
    why: tuple[str, ...] = ()  # of the last frame, or of the end
    reasons: tuple[str, ...] = ()  # of the controller


FACES_TOLD = 100  # of one answer
AnyOfViewings = BeginViewing | EndViewing | TellShift
AnyOfFacesHere = TellFaces | EndFace | TakeFace | HowFar
AnyOfCameras = AnyOfViewings | AnyOfFacesHere
