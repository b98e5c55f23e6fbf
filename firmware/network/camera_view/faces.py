"""What the pages of faces ask of the controller, and show: consents, progress, receipts; nothing of a face."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterator
from typing import NamedTuple, TypeVar

import msgspec

from firmware.camera_commands import EndFace, FaceProgress, FacesTold, HowFar, TakeFace, TellFaces
from firmware.faces.consent import text_of
from firmware.faces.receipt import Signed
from firmware.messages import Answer
from firmware.network.camera_view.errors import NotBegun
from firmware.network.errors import LinkError, NotSent
from firmware.network.link import Link
from firmware.network.sessions import Session

ENROLLINGS_MAX = 32
RECEIPTS_MAX = 128  # that are kept for their download
KEPT_MAX = 2_000  # that the controller is asked for at once
KEY_CHARACTERS = 24
T = TypeVar("T")


class Block(NamedTuple):
    """A piece of the consent's text. `kind`: title, text, point."""

    kind: str
    text: str


def consent_blocks(language: str) -> Iterator[Block]:
    """The consent's text for a page: its marks become blocks, its words stay."""
    for part in text_of(language).split("\n\n"):
        lines = part.strip().splitlines()
        if not lines:
            continue
        if lines[0].startswith("# "):
            yield Block("title", lines[0].removeprefix("# "))
            continue
        held: list[str] = []
        kind = "text"
        for line in lines:
            if line.startswith("- "):
                if held:
                    yield Block(kind, _joined(held, language))
                kind, held = "point", [line.removeprefix("- ")]
            else:
                held.append(line.strip())
        yield Block(kind, _joined(held, language))


def _joined(lines: list[str], language: str) -> str:
    """Lines of one paragraph: Chinese has no spaces between words."""
    return ("" if language.startswith("zh") else " ").join(lines).replace("**", "")


class FaceDesk:
    """Asks the controller. Everything raises NotBegun with what to say to the person."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._receipts: OrderedDict[str, tuple[str, str]] = OrderedDict()  # key -> (session, receipt)
        self._enrolling: OrderedDict[str, tuple[str, str]] = OrderedDict()  # session -> (number, holder)

    async def told(self, person: Session, *, receipts: bool = False, start: int = 0) -> FacesTold:
        """Who is enrolled, or the receipts that are kept."""
        command = TellFaces(issuer=person.name, roles=roles_of(person), receipts=receipts, start=start)
        return _told(await self._ask(command), FacesTold)

    async def withdraw(self, person: Session, holder: str, why: str) -> str:
        """The receipt."""
        command = EndFace(issuer=person.name, roles=roles_of(person), holder=holder, why=why)
        return (await self._ask(command)).receipt

    # -- an enrolment: one of a log-in --------------------------------------------------------------------------------

    async def take(self, person: Session, command: TakeFace) -> None:
        """Begin one, once the consent stands in the journal."""
        number = (await self._ask(command)).told
        self._enrolling[person.id] = (number, command.holder)
        self._enrolling.move_to_end(person.id)
        while len(self._enrolling) > ENROLLINGS_MAX:
            self._enrolling.popitem(last=False)

    def enrolling(self, person: Session) -> str:
        """Whose it is; "" for none."""
        return self._enrolling.get(person.id, ("", ""))[1]

    async def progress(self, person: Session, *, stop: bool = False) -> FaceProgress:
        """How far it is."""
        answer = await self._ask(HowFar(number=self._enrolling[person.id][0], stop=stop))
        return _told(answer, FaceProgress)

    async def _ask(self, command: TellFaces | EndFace | TakeFace | HowFar) -> Answer:
        try:
            answer = await self._link.ask(command)
        except LinkError as error:
            raise NotBegun("faces_silent" if isinstance(error, NotSent) else "faces_not_known") from error
        if not answer.done:
            raise NotBegun(reasons=answer.reasons)
        return answer

    async def kept(self, person: Session) -> list[str]:
        """All receipts that are kept, the newest first."""
        found: list[str] = []
        while len(found) < KEPT_MAX:
            told = await self.told(person, receipts=True, start=len(found))
            found += told.receipts
            if not told.receipts or len(found) >= told.count:
                break
        return found

    # -- receipts -----------------------------------------------------------------------------------------------------

    def keep(self, person: Session, receipt: str) -> str:
        """For its download, by the same log-in; the key."""
        key = hashlib.sha256(f"{person.id} {receipt}".encode()).hexdigest()[:KEY_CHARACTERS]
        self._receipts[key] = (person.id, receipt)
        while len(self._receipts) > RECEIPTS_MAX:
            self._receipts.popitem(last=False)
        return key

    def receipt(self, person: Session, key: str) -> str | None:
        whose, receipt = self._receipts.get(key, ("", ""))
        return receipt if receipt and whose == person.id else None


def _told(answer: Answer, kind: type[T]) -> T:
    """What is in an answer. Raises NotBegun for what another release says."""
    try:
        return msgspec.json.decode(answer.told, type=kind)
    except msgspec.MsgspecError as error:
        raise NotBegun("faces_not_known") from error


def read_receipt(receipt: str) -> Signed:
    return msgspec.json.decode(receipt, type=Signed)


def number_of(receipt: str) -> str:
    """What a receipt is called in addresses: a digest of all of it."""
    return hashlib.sha256(receipt.encode()).hexdigest()[:KEY_CHARACTERS]


def roles_of(person: Session) -> str:
    return " ".join(sorted(person.roles))
