"""Decisions as a person reads them, in one language: each rule, what stood in the way, what would have to change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta, tzinfo
from urllib.parse import quote, urlencode

import msgspec

from firmware.core.codes import Code, Reason
from firmware.network.events import HIDDEN_REASONS
from firmware.network.view import Speaker
from firmware.people_words.questions import Decided, MayBy, Place, Span, Why
from firmware.texts import Texts, texts

DECISIONS = frozenset({Code.GRANTED, Code.DENIED, Code.UNKNOWN_CREDENTIAL})  # events that can be asked "why?"
DAY_MINUTES = 1440
WEEK_DAYS = 7

_REASONS = frozenset(Reason)
_NOTED = frozenset(
    {
        Reason.FIRE,
        Reason.EVACUATION,
        Reason.LOCAL,
        Reason.ANTIPASSBACK_SOFT,
        Reason.CLOCK_UNKNOWN_PASSED,
        Reason.EXEMPT,
        Reason.PEERS_CUT_OFF,
        Reason.LOOKS_ALIKE,
        Reason.DOUBLE_SWIPE,
    }
)
_MORE = frozenset({Reason.FACTOR_MISSING, Reason.SECOND_PERSON_NEEDED, Reason.ESCORT_NEEDED})
_OF_SCHEDULE = frozenset({Reason.OUTSIDE_SCHEDULE, Reason.INSIDE_SCHEDULE, Reason.CLOCK_UNKNOWN_REFUSED})
_OF_PROFILES = frozenset({Reason.NO_PROFILE, Reason.NOT_IN_PROFILE, Reason.OUTSIDE_SCHEDULE})
_OF_HOLDER = _OF_PROFILES | {
    Reason.SUSPENDED,
    Reason.LOST,
    Reason.NOT_YET_VALID,
    Reason.EXPIRED,
    Reason.USED_UP,
    Reason.QUOTA_FULL,
    Reason.PIN_WRONG,
    Reason.FACTOR_MISSING,
    Reason.ANTIPASSBACK_HARD,
    Reason.ANTIPASSBACK_TIMED,
}
_OF_GATE = frozenset(
    {
        Reason.LOCKDOWN,
        Reason.OUT_OF_SERVICE,
        Reason.LOCKED_BY_OPERATOR,
        Reason.FAULT_LATCHED,
        Reason.BARRED,
        Reason.INTERLOCK,
        Reason.QUEUE_FULL,
        Reason.NO_VEHICLE,
        Reason.AREA_FULL,
        Reason.CLOCK_UNKNOWN_REFUSED,
        Reason.PEERS_CUT_OFF,
    }
)


class Rule(msgspec.Struct, frozen=True):
    """One rule that was tried. `state` is a class of the page's looks, `note` says the same in words."""

    text: str
    state: str  # passed, refused, asks, noted
    note: str
    hours: str = ""
    reason: str = ""  # as programs have it


class Link(msgspec.Struct, frozen=True):
    to: str
    text: str


class Cure(msgspec.Struct, frozen=True):
    """What would have to change, and where that is done. `hint` says more of it."""

    text: str
    hint: str = ""
    links: tuple[Link, ...] = ()


class Day(msgspec.Struct, frozen=True):
    """One day of a week: its bars, in 1,440th parts of it, and the same in words."""

    name: str
    date: str
    bars: tuple[tuple[int, int, str], ...]  # beginning, width, state
    text: str
    now: bool = False


class Paths(msgspec.Struct, frozen=True):
    """Where other parts of the page are, for those who may use them; "": nowhere."""

    holder: str = ""  # before the holder's id
    people: str = ""
    profiles: str = ""
    schedule: str = ""  # before its name
    status: str = "/"


OF_RULES = Paths(profiles="/people/profiles", schedule="/people/schedule?name=")  # auditors read them, too
OF_PEOPLE = Paths("/people/holder?id=", "/people", OF_RULES.profiles, OF_RULES.schedule)


class Told:
    """Puts decisions into the words of one speaker."""

    def __init__(self, speaker: Speaker, zone: tzinfo) -> None:
        self._speaker = speaker
        self._words = speaker.words
        self._texts: Texts = texts(speaker.words.language)
        self._zone = zone

    # -- rules --------------------------------------------------------------------------------------------------------

    def rules(self, reasons: Sequence[str], outcome: str, place: Place | None = None) -> list[Rule]:
        """Every rule in its order; duress is in none of them."""
        shown = [reason for reason in reasons if _word(reason) not in HIDDEN_REASONS | {Reason.GRANTED}]
        last = _word(shown[-1]) if shown else ""
        if last == Reason.DIALOG_EXPIRED and len(shown) > 1:  # what was asked for did not come
            last = _word(shown[-2])
        return [self._rule(reason, last, outcome, place) for reason in shown]

    def _rule(self, reason: str, last: str, outcome: str, place: Place | None) -> Rule:
        word = _word(reason)
        state = "passed"
        if word in _NOTED:
            state = "noted"
        elif outcome == "denied" and word in (last, Reason.DIALOG_EXPIRED):
            state = "refused"
        elif outcome == "needs" and word == last:
            state = "asks"
        note = {"passed": "questions_passed", "refused": "questions_stopped", "asks": "questions_asked_more"}
        hours = self._hours(reason.partition(":")[2], place) if word in _OF_SCHEDULE else ""
        return Rule(self.reason(reason), state, self._words(note.get(state, "questions_noted")), hours, reason)

    def reason(self, reason: str) -> str:
        """With portals by their names; a word of a newer release as it is."""
        word, _, argument = reason.partition(":")
        if word not in _REASONS:
            return reason
        if word == Reason.INTERLOCK and argument:
            return self._texts.reason(f"{word}:{self._speaker.place(argument)}")
        if word in (Reason.FACTOR_MISSING, Reason.FACTORS_COMPLETE, Reason.FACTOR_NOT_ACCEPTED) and argument:
            kinds = " + ".join(self.kind(kind) for kind in argument.split("+"))
            return self._texts.say("reason_with_argument", reason=self._texts.reason(word), argument=kinds)
        return self._texts.reason(reason)

    def kind(self, kind: str) -> str:
        key = f"questions_kind_{kind}"
        return self._words(key) if self._words.has(key) else kind

    def _hours(self, schedule: str, place: Place | None) -> str:
        for hours in () if place is None else place.hours:
            if hours.schedule == schedule:
                spans = self._words("list_separator").join(_span(*window) for window in hours.windows)
                kind = f" ({hours.special})" if hours.special else ""
                return f"{schedule}{kind}: {spans or self._words('questions_week_no')}"
        return ""

    # -- what would have to change ------------------------------------------------------------------------------------

    def cures(self, obstacles: Sequence[str], place: Place | None, holder: str, paths: Paths) -> list[Cure]:
        """One for each kind of obstacle, in the order of the rules."""
        words = dict.fromkeys(_word(reason) for reason in obstacles if _word(reason) not in HIDDEN_REASONS)
        return [self._cure(word, obstacles, place, holder, paths) for word in words]

    def _cure(self, word: str, obstacles: Sequence[str], place: Place | None, holder: str, paths: Paths) -> Cure:
        arguments = [reason.partition(":")[2] for reason in obstacles if _word(reason) == word]
        kinds = self._words("list_separator").join(self.kind(each) for each in arguments if each)
        key = f"questions_cure_{word}"
        text = self._words(key if self._words.has(key) else "questions_cure_other", what=kinds)
        hints = [hours for name in arguments if word in _OF_SCHEDULE and (hours := self._hours(name, place))]
        if word in _OF_PROFILES and place is not None:
            names = self._words("list_separator").join(place.profiles)
            hints.append(
                self._words("questions_profiles_here", names=names)
                if names
                else self._words("questions_no_profiles_here")
            )
        links: list[Link] = []
        if word in _OF_HOLDER and holder and paths.holder:
            links.append(Link(paths.holder + quote(holder), self._words("questions_to_holder")))
        if word in _OF_PROFILES and paths.profiles:
            links.append(Link(paths.profiles, self._words("questions_to_profiles")))
        for name in dict.fromkeys(arguments) if word == Reason.OUTSIDE_SCHEDULE and paths.schedule else ():
            links.append(Link(paths.schedule + quote(name), self._words("questions_to_schedule", name=name)))
        if word == Reason.NOT_FOUND and paths.people:
            links.append(Link(paths.people, self._words("questions_to_people")))
        if word in _OF_GATE and paths.status:
            links.append(Link(paths.status, self._words("questions_to_status")))
        return Cure(text, " · ".join(hints), tuple(links))

    # -- answers ------------------------------------------------------------------------------------------------------

    def answer(self, decided: Decided) -> tuple[str, str]:
        """(state, text) of an outcome, as of now."""
        if decided.outcome == "granted":
            return "passed", self._words("questions_may_yes")
        if decided.outcome == "needs":
            return "asks", self._words("questions_may_more", what=self.kind(decided.needs))
        return "refused", self._words("questions_may_no")

    def holds_now(self, why: Why) -> Decided:
        """By the roster of now; what was recorded, where that tells nothing."""
        then = why.then
        return why.now or Decided("denied", then.reasons, obstacles=tuple(telling(then.reasons)))

    def again(self, decided: Decided) -> str:
        """What the roster of now would have said."""
        return self._words(f"questions_now_{decided.outcome}", what=self.kind(decided.needs))

    def version(self, why: Why) -> str:
        if not why.version_then:
            return self._words("questions_version_unknown")
        if why.version_then == why.version_now:
            return self._words("questions_version_then", version=why.version_now)
        key = "questions_version_before" if why.kept else "questions_version_gone"
        return self._words(key, then=why.version_then, now=why.version_now)

    def credential(self, factor: str, mark: str) -> str:
        return " ".join(part for part in (self.kind(factor) if factor else "", mark) if part)

    def week(self, answer: MayBy, at_s: int) -> list[Day]:
        """Monday to Sunday of the local week, each with what may pass when."""
        if not answer.week:
            return []
        return [self._day(number, answer.week, at_s) for number in range(WEEK_DAYS)]

    def _day(self, number: int, week: Sequence[Span], at_s: int) -> Day:
        monday = datetime.fromtimestamp(week[0].from_s, self._zone).date()
        day = monday + timedelta(days=number)
        begin_s = _midnight(day, self._zone)
        end_s = _midnight(day + timedelta(days=1), self._zone)
        bars: list[tuple[int, int, str]] = []
        texts: list[str] = []
        for span in week:
            first, last = max(span.from_s, begin_s), min(span.until_s, end_s)
            if span.outcome == "denied" or first >= last:
                continue
            length_s = end_s - begin_s
            state = "passed" if span.outcome == "granted" else "asks"
            left, width = DAY_MINUTES * (first - begin_s) // length_s, DAY_MINUTES * (last - first) // length_s
            bars.append((left, width, state))
            text = self._words("questions_week_whole_day")
            if (first, last) != (begin_s, end_s):
                text = self._clock(first, last, end_s)
            if state == "asks":
                text += " " + self._words("questions_week_more", what=self.kind(span.needs))
            texts.append(text)
        said = self._words("list_separator").join(texts) or self._words("questions_week_no")
        name = self._words(f"questions_day_{number}")
        return Day(name, day.isoformat(), tuple(bars), said, begin_s <= at_s < end_s)

    def _clock(self, first_s: int, last_s: int, end_s: int) -> str:
        """Local times; where clocks change in between, each as they show it."""
        last = "24:00" if last_s == end_s else f"{datetime.fromtimestamp(last_s, self._zone):%H:%M}"
        return f"{datetime.fromtimestamp(first_s, self._zone):%H:%M}\N{EN DASH}{last}"


def _midnight(day: date, zone: tzinfo) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())


def _span(start_minute: int, end_minute: int) -> str:
    return f"{start_minute // 60:02}:{start_minute % 60:02}\N{EN DASH}{end_minute // 60:02}:{end_minute % 60:02}"


def _word(reason: str) -> str:
    return reason.partition(":")[0]


def telling(reasons: Sequence[str]) -> list[str]:
    """Of a recorded refusal: what refused, or what was asked for and did not come."""
    shown = [reason for reason in reasons if _word(reason) not in HIDDEN_REASONS]
    while len(shown) > 1 and _word(shown[-1]) in (Reason.DIALOG_EXPIRED, Reason.DOUBLE_SWIPE):
        shown.pop()
    return [reason for reason in shown if _word(reason) == _word(shown[-1])]


def address(path: str, **fields: str) -> str:
    return path + "?" + urlencode({name: text for name, text in fields.items() if text})
