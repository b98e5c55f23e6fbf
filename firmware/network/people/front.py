"""What the pages of people share: how the desk is asked, and what a person reads where it refuses or is away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import NamedTuple, TypeVar
from urllib.parse import urlencode

from starlette.responses import Response

from firmware.network.people.asks import PeopleAsks, PeopleAway, PeopleSaid
from firmware.network.rendering import Rendering, see
from firmware.network.routes import Asked
from firmware.network.settings import Settings
from firmware.network.view import Speaker
from firmware.people_words.asking import AnyQuestion
from firmware.people_words.base import Found, Refused, Started

F = TypeVar("F", bound=Found)
QR_MODULE_PX = 6
QR_QUIET_MODULES = 4  # ISO/IEC 18004 wants as many of light around it
DONE = (
    "added",
    "changed",
    "removed",
    "suspended",
    "lifted",
    "ended",
    "credential",
    "taken_back",
    "pin_dropped",
    "begun",
)
_FILLS = ("what", "who", "at", "holder", "name", "found", "reasons", "reader", "ids", "job", "text")


class Wrong(NamedTuple):
    """What went wrong: the sentence, what to do next, and at which field of the form."""

    text: str
    following: str
    field: str = ""
    library: str = ""  # what a library said of it, in English


class Front(NamedTuple):
    """What the pages work with."""

    asks: PeopleAsks
    rendering: Rendering
    settings: Settings

    def speaker(self, asked: Asked) -> Speaker:
        return self.rendering.speaker(asked.request)

    async def ask(self, kind: type[F], question: AnyQuestion, asked: Asked) -> F:
        """Raises PeopleSaid, PeopleAway."""
        return await self.asks.ask_for(kind, question, asked.person, asked.address)

    async def start(self, question: AnyQuestion, asked: Asked, then: str = "") -> Response:
        """Begin long work, and go to the page that shows it. Raises PeopleSaid, PeopleAway."""
        started = await self.ask(Started, question, asked)
        return see(address("/people/job", id=started.job, then=then))

    def html(
        self,
        asked: Asked,
        template: str,
        path: str,
        error: PeopleSaid | None = None,
        **values: object,
    ) -> Response:
        """A page, with what went wrong if anything did. `path` is where the switch of languages leads."""
        speaker = self.speaker(asked)
        wrong = None if error is None else wrong_of(speaker, error.said)
        status = HTTPStatus.OK
        if error is not None:
            status = HTTPStatus.SERVICE_UNAVAILABLE if isinstance(error, PeopleAway) else HTTPStatus.BAD_REQUEST
        done = asked.request.query_params.get("done", "")
        shared = {"wrong": wrong, "done": f"people_done_{done}" if done in DONE else "", "at": speaker.at}
        return self.rendering.html(template, asked.request, asked.session, path, status, **(shared | values))

    def failed(self, asked: Asked, error: PeopleSaid, path: str = "/people") -> Response:
        """A page of its own for what cannot be shown at all."""
        return self.html(asked, "people_failed.html", path, error)

    def name_of_reader(self, reader: str) -> str:
        """A reader as people know it: by its portal, and its id where a portal has several."""
        portal = self.settings.reader_portals.get(reader, "")
        name = self.settings.portal_names.get(portal, portal)
        several = list(self.settings.reader_portals.values()).count(portal) > 1
        return f"{name} ({reader})" if several or not name else name

    def readers(self, ids: Sequence[str]) -> list[tuple[str, str]]:
        """(id, name) of readers that people present something at; cameras are none."""
        return [(id, self.name_of_reader(id)) for id in ids if id not in self.settings.cameras]


def wrong_of(speaker: Speaker, said: Refused) -> Wrong:
    """A refusal of the desk in the reader's language."""
    words = speaker.words
    fills = dict.fromkeys(_FILLS, "") | said.fills
    if "at_s" in said.fills and said.fills["at_s"].isdecimal():
        fills["at"] = speaker.at(int(said.fills["at_s"]) * 1000)
    fills["reasons"] = reasons(speaker, said.fills.get("reasons", "").split())
    word = said.word if words.has(said.word) else "people_refused"
    following = f"{word}_next" if words.has(f"{word}_next") else "people_try_next"
    return Wrong(words(word, **fills), words(following, **fills), said.field, said.text)


def reasons(speaker: Speaker, codes: Sequence[str]) -> str:
    """The controller's reasons as one text; what stands behind a colon names somebody, and is for who may see it."""
    words = speaker.words
    told = [words(code) if words.has(code) else speaker.reason(code.partition(":")[0]) for code in codes]
    return "; ".join(dict.fromkeys(told)) or words("people_no_reason")


def address(path: str, **query: str) -> str:
    """A path with those of the query that say something."""
    said = {name: text for name, text in query.items() if text}
    return f"{path}?{urlencode(said)}" if said else path


def typed(asked: Asked, names: Sequence[str]) -> dict[str, str]:
    """What a form has in these fields."""
    return {name: asked.field(name)[:1000] for name in names if name in asked.form}


def query(asked: Asked, name: str, most: int = 64) -> str:
    return asked.request.query_params.get(name, "")[:most]


def plain(mapping: Mapping[str, str]) -> dict[str, str]:
    return {name: text.strip() for name, text in mapping.items()}


def code_picture(code: str) -> str:
    """The QR code as SVG."""
    import segno

    made = segno.make(code, error="m", micro=False)
    return made.svg_inline(
        scale=QR_MODULE_PX, border=QR_QUIET_MODULES, dark="#000", light="#fff", svgclass="qr", lineclass=None
    )
