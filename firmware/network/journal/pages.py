"""The pages that list the journal: by filter for every role, and with who it was for whoever states a purpose."""

from __future__ import annotations

import asyncio
import re
from http import HTTPStatus
from urllib.parse import urlencode

from msgspec.structs import replace
from starlette.responses import Response

from firmware.core import plates
from firmware.core.account_facts import Act
from firmware.core.codes import Code
from firmware.journal import search
from firmware.messages import FindPlate
from firmware.network.accounts.diary import Diary
from firmware.network.accounts.errors import NotRecorded
from firmware.network.errors import LinkError, NotSent
from firmware.network.journal.desk import ReadingDesk
from firmware.network.journal.errors import Gone, NotForRole, NotReadable, NotUnderstood, PageError, TooMany
from firmware.network.journal.filters import Cursor, Filter, filter_of, holder_of, purpose_of, window_text
from firmware.network.journal.kinds import Part, part_for, sight_of
from firmware.network.journal.looking import Found, Question, look
from firmware.network.journal.looks import Look, Looks, Sought
from firmware.network.journal.showing import Telling
from firmware.network.link import Link
from firmware.network.live import Live
from firmware.network.rendering import Rendering, see
from firmware.network.routes import Answering, Asked
from firmware.network.sessions import Session
from firmware.network.settings import Settings, zone_of

SHIFT_HOURS = 14  # a shift of twelve, and what was handed over before it
HOUR_MS = 3_600_000
RECORDED_ROWS = 50  # the newest searches, among which one that was just recorded is
STATUS: dict[type[PageError], HTTPStatus] = {
    NotUnderstood: HTTPStatus.BAD_REQUEST,
    NotForRole: HTTPStatus.FORBIDDEN,
    Gone: HTTPStatus.GONE,
    NotReadable: HTTPStatus.SERVICE_UNAVAILABLE,
    TooMany: HTTPStatus.SERVICE_UNAVAILABLE,
}
_CONTROL = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?", re.ASCII)


class JournalPages:
    """What answers the routes of events. `desk` reads; `diary` and `link` tell the controller of searches."""

    def __init__(
        self, desk: ReadingDesk, live: Live, diary: Diary, link: Link, rendering: Rendering, settings: Settings
    ) -> None:
        self._desk = desk
        self._live = live
        self._diary = diary
        self._link = link
        self._rendering = rendering
        self._settings = settings
        self._zone = zone_of(settings)
        self._looks = Looks()
        self._now_s = asyncio.get_running_loop().time

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {"journal": self._events, "look": self._look, "look_for": self._look_for}

    # -- by filter ----------------------------------------------------------------------------------------------------

    async def _events(self, asked: Asked) -> Response:
        switched = self._rendering.switched(asked)
        if switched is not None:
            return switched
        chosen = filter_of(asked.request.query_params, self._zone)
        try:
            found = await self.find(asked.person, chosen)
        except PageError as error:
            return self._events_page(asked, chosen, Found(()), error)
        return self._events_page(asked, chosen, found)

    async def find(self, person: Session, chosen: Filter) -> Found:
        """What a person may see of what was asked for. Raises PageError."""
        if chosen.wrong:
            raise chosen.wrong[0]
        part = part_for(sight_of(person.roles), chosen.kinds)
        found = await self._desk.query(lambda path, expired: look(path, self._question(chosen, part), expired))
        blind = part.of_shift and self._utc_ms() is None
        return replace(found, older=None, newer=None) if blind else found

    def _question(self, chosen: Filter, part: Part) -> Question:
        """What is searched for, within what the person may see."""
        question = Question(
            portal=chosen.portal,
            kinds=part.kinds,
            since_ms=chosen.since_ms,
            until_ms=chosen.until_ms,
            at_ms=chosen.at_ms,
            before=chosen.before,
            after=chosen.after,
        )
        if not part.of_shift:
            return question
        now_ms = self._utc_ms()
        if now_ms is None:  # then a shift is what happened last
            return Question(portal=chosen.portal, kinds=part.kinds)
        begin_ms = now_ms - SHIFT_HOURS * HOUR_MS
        return replace(question, since_ms=max(begin_ms, question.since_ms or begin_ms))

    def _events_page(self, asked: Asked, chosen: Filter, found: Found, error: PageError | None = None) -> Response:
        speaker = self._rendering.speaker(asked.request)
        telling = Telling(speaker)
        sight = sight_of(asked.person.roles)
        here = {name: text for name, text in chosen.typed.items() if text}
        kept = {name: text for name, text in here.items() if name not in ("at", "before", "after")}
        filtered = []
        if not chosen.wrong:
            names = [self._settings.portal_names.get(chosen.portal, chosen.portal)] if chosen.portal is not None else []
            filtered = names + ([telling.kind_name(chosen.typed["kind"])] if chosen.kinds is not None else [])
        said = "full" if sight.full else "both" if sight.shift and sight.devices else ""
        return self._html(
            asked,
            "journal.html",
            _address("/journal", here),
            error,
            typed=chosen.typed,
            controls={name: _is_control(chosen.typed[name]) for name in ("since", "until", "at")},
            portals=self._portals(chosen.portal),
            kinds=telling.kinds(sight),
            sight="journal_sight_" + (said or ("shift" if sight.shift else "devices")),
            shift_hours=SHIFT_HOURS,
            full=sight.full,
            narrowed=chosen.is_narrowed,
            filtered=speaker.words("list_separator").join(filtered),
            rows=telling.rows(found.rows),
            moment=found.moment,
            moment_text="" if chosen.at_ms is None else speaker.at(chosen.at_ms),
            links=_links("/journal", kept, found),
            here=_address("/journal", kept),
        )

    # -- for a purpose ------------------------------------------------------------------------------------------------

    async def _look(self, asked: Asked) -> Response:
        switched = self._rendering.switched(asked)
        if switched is not None:
            return switched
        key = asked.request.query_params.get("look", "")
        chosen = filter_of(asked.request.query_params, self._zone)
        if not key:
            return self._ask_page(asked, chosen)
        try:
            if chosen.wrong:
                raise chosen.wrong[0]
            seen, found = await self.looked(asked.person, key, chosen.before)
        except PageError as error:
            return self._ask_page(asked, chosen, error)
        return self._look_page(asked, seen, found, chosen.before)

    async def looked(self, person: Session, key: str, before: Cursor | None) -> tuple[Look, Found]:
        """One page of what a person sees under a purpose that was stated. Raises PageError."""
        seen = self._looks.find(person, key, self._now_s())
        question = replace(seen.question, before=before)
        return seen, await self._desk.query(lambda path, expired: look(path, question, expired))

    async def _look_for(self, asked: Asked) -> Response:
        fields = {name: asked.field(name) for name in asked.form}
        chosen = filter_of(fields, self._zone)
        try:
            seen = await self.look_for(
                asked, chosen, asked.field("sought"), asked.field("name"), asked.field("purpose")
            )
        except PageError as error:
            return self._ask_page(asked, chosen, error)
        except NotRecorded as error:
            return self._ask_page(asked, chosen, unrecorded(error))
        return see(_address("/journal/look", {"look": seen.key}))

    async def look_for(self, asked: Asked, chosen: Filter, what: str, whom: str, why: str) -> Look:
        """What may be seen under a purpose, once that is committed. Raises PageError, NotRecorded."""
        if chosen.wrong:
            raise chosen.wrong[0]
        part = part_for(sight_of(asked.person.roles), chosen.kinds)
        purpose = purpose_of(why)
        sought, name = _sought(what, whom)
        question = replace(self._question(chosen, part), with_bodies=True)
        question = await self._recorded(asked, sought, name, purpose, chosen, question)
        return self._looks.open(asked.person, sought, name, question, purpose, self._now_s())

    async def _recorded(
        self, asked: Asked, sought: Sought, name: str, purpose: str, chosen: Filter, question: Question
    ) -> Question:
        """The question with whom it is about, once the journal has it. Raises PageError, NotRecorded."""
        await self._desk.query(lambda path, expired: search(path, limit=1, expired=expired))  # or nothing is recorded
        person = asked.person
        if sought is Sought.PLATE:
            return await self._whose_plate(asked, name, purpose, question)
        holder = name if sought is Sought.HOLDER else ""
        window = window_text(chosen.since_ms, chosen.until_ms)
        detail = " ".join(part for part in (sought.value, chosen.portal, chosen.typed["kind"], window) if part)
        await self._diary.tell(
            Act.SEARCHED,
            issuer=person.name,
            account="",
            address=asked.address,
            detail=detail,
            holder=holder,
            note=purpose,
        )
        return replace(question, holder=holder or None)

    async def _whose_plate(self, asked: Asked, plate: str, purpose: str, question: Question) -> Question:
        """The controller records whose plate it is; what it recorded is all that is learnt of it."""
        command = FindPlate(issuer=asked.person.name, address=asked.address, plate=plate, why=purpose)
        try:
            answer = await self._link.ask(command)
        except LinkError as error:
            if not isinstance(error, NotSent):  # it may be committed, and nothing was shown
                self._diary.note(
                    Act.NOT_DONE, issuer=command.issuer, address=command.address, detail=Act.SEARCHED.value
                )
            raise NotRecorded from error
        if not answer.done:
            raise NotRecorded("too_many" if "too_many" in answer.reasons else "not_recorded")
        rows = await self._desk.query(
            lambda path, expired: search(
                path, kind=Code.JOURNAL_SEARCHED, limit=RECORDED_ROWS, with_bodies=True, expired=expired
            )
        )
        for row in rows:
            if row.event.request == answer.request and row.event.body is not None and row.event.body.token:
                return replace(question, holder=row.event.body.holder, token=row.event.body.token)
        raise NotReadable("journal_lost_search")

    def _ask_page(self, asked: Asked, chosen: Filter, error: PageError | None = None) -> Response:
        """The form for a purpose, with what was typed."""
        return self._html(
            asked,
            "journal_ask.html",
            "/journal/look",
            error,
            typed=chosen.typed,
            sought=asked.field("sought"),
            name=asked.field("name"),
            purpose=asked.field("purpose"),
        )

    def _look_page(self, asked: Asked, seen: Look, found: Found, before: Cursor | None) -> Response:
        speaker = self._rendering.speaker(asked.request)
        plate = ""
        if seen.sought is Sought.PLATE:
            plate = "journal_look_plate_" + ("known" if seen.question.holder is not None else "unknown")
        here = {"look": seen.key} | ({} if before is None else {"before": _text(before)})
        return self._html(
            asked,
            "journal_look.html",
            _address("/journal/look", here),
            None,
            heading=speaker.words(f"journal_look_for_{seen.sought.value}", name=seen.name),
            purpose=seen.purpose,
            plate=plate,
            left=speaker.words.elapsed(max(60.0, seen.until_s - self._now_s()) // 60 * 60),
            rows=Telling(speaker).rows(found.rows),
            looked=found.looked_through,
            links=_links("/journal/look", {"look": seen.key}, replace(found, newer=None), newest=before is not None),
        )

    # -- pieces -------------------------------------------------------------------------------------------------------

    def _html(self, asked: Asked, template: str, path: str, error: PageError | None, **values: object) -> Response:
        return journal_page(self._rendering, asked, template, path, error, zone=self._settings.time_zone, **values)

    def _portals(self, chosen: str | None) -> list[tuple[str, str]]:
        """Those of the configuration, and the one that was asked for: the journal may be older than the site file."""
        names = dict(self._settings.portal_names)
        if chosen is not None:
            names.setdefault(chosen, chosen)
        return list(names.items())

    def _utc_ms(self) -> int | None:
        return self._live.utc_ms_at(self._now_s())


def journal_page(
    rendering: Rendering, asked: Asked, template: str, path: str, error: PageError | None, **values: object
) -> Response:
    """A page of the journal; with what went wrong, if anything did."""
    telling = Telling(rendering.speaker(asked.request))
    status = HTTPStatus.OK if error is None else STATUS[type(error)]
    response = rendering.html(
        template,
        asked.request,
        asked.session,
        path,
        status,
        full=values.pop("full", True),
        refusal=None if error is None else telling.refusal(error),
        **values,
    )
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["retry-after"] = "5"
    return response


def unrecorded(error: NotRecorded) -> NotReadable:
    """What a person reads where the journal could not be told, so that nothing is shown."""
    return NotReadable("journal_not_told_too_many" if error.word == "too_many" else "journal_not_told")


def _sought(what: str, whom: str) -> tuple[Sought, str]:
    """What is looked for, with whom. Raises NotUnderstood."""
    try:
        sought = Sought(what)
    except ValueError:
        raise NotUnderstood("journal_bad_sought") from None
    if sought is Sought.ALL:
        return sought, ""
    if sought is Sought.HOLDER:
        return sought, holder_of(whom)
    plate = plates.normal(whom)
    if not plates.sound(plate):
        raise NotUnderstood("journal_bad_plate")
    return sought, plate


def _links(path: str, kept: dict[str, str], found: Found, newest: bool = False) -> dict[str, str]:
    """Where to go on from here: addresses that lead to the same rows for as long as the journal has them."""
    links = {}
    if found.newer is not None or newest:
        links["newest"] = _address(path, kept)
    if found.newer is not None:
        links["newer"] = _address(path, kept | {"after": _text(found.newer)})
    if found.older is not None:
        links["older"] = _address(path, kept | {"before": _text(found.older)})
    return links


def _address(path: str, fields: dict[str, str]) -> str:
    return path + ("?" + urlencode(fields) if fields else "")


def _text(cursor: Cursor) -> str:
    return f"{cursor[0]}-{cursor[1]}"


def _is_control(typed: str) -> bool:
    """Whether a browser's control for dates shows it; anything else is shown as the text that was typed."""
    return typed == "" or _CONTROL.fullmatch(typed) is not None
