"""A small site with one door and one turnstile, its people, and a bench that presents things to its readers."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from firmware.core.access import Factor, Known, Profile, Rule, Rulebook, Schedule, Unknown, Wall, Window
from firmware.core.codes import Code
from firmware.core.decision import Standing
from firmware.core.effects import AnyEffect, Event, Feedback, Keep, Record, Remember, Show
from firmware.core.facts import CardRead, NoiseSeen, PinBefore, PinEntered, Reading
from firmware.core.passage import Grant
from firmware.core.presentation import present
from firmware.core.reader import ReaderState, clear, deadlines, due, noise, rest
from firmware.core.site import AccessPoint, Antipassback, Area, Door, Reader, Requirement, Site, Turnstile

CARD, PIN, PLATE = Factor.CARD, Factor.PIN, Factor.PLATE

READER = Reader("front")
POINT = AccessPoint("front_in", "door", ("front",), area_to="yard", area_from="street")
CARD_AND_PIN = (Requirement(((CARD, PIN),)),)

RULEBOOK = Rulebook(
    7,
    profiles={
        "resident": Profile("resident", (Rule(("*",), "always"),)),
        "staff": Profile("staff", (Rule(("front_in",), "office"),)),
        "elsewhere": Profile("elsewhere", (Rule(("back_in",), "always"),)),
    },
    schedules={"office": Schedule("office", tuple((Window(480, 1080),) for _ in range(7)))},
)
NOON = Wall(1_767_268_800, 739_617, 720, 3)  # Thursday, 2026-01-01 12:00 UTC
NIGHT = Wall(1_767_312_000 - 60, 739_617, 1_439, 3)


def person(name: str = "ann", **changes: object) -> Known:
    known = Known(name, f"card_{name}", 7, ("resident",), household="h1", second_factors=(CARD, PIN))
    return msgspec.structs.replace(known, **changes) if changes else known


def site(point: AccessPoint = POINT, *, roles: tuple[str, ...] = ("chief",), contact: bool = True) -> Site:
    return Site(
        "s",
        portals=(
            Door("door", "lock", access_points=(point,), contact="leaf" if contact else None),
            Turnstile("hall", "in", "out", passage_in="p_in"),
        ),
        readers=(READER,),
        areas=(Area("yard", occupancy_max=2), Area("street")),
        duress_roles=roles,
    )


def point(**changes: object) -> AccessPoint:
    return msgspec.structs.replace(POINT, **changes)


class Bench:
    """One reader in use. `at` moves time: everything due before is done in its order, and its effects are kept."""

    def __init__(
        self,
        access_point: AccessPoint = POINT,
        *,
        reader: Reader = READER,
        at_site: Site | None = None,
        wall: Wall | None = NOON,
        standing: Standing = Standing(),  # noqa: B008  (frozen)
        rulebook: Rulebook = RULEBOOK,
        state: ReaderState | None = None,
    ) -> None:
        self.point = access_point
        self.reader = reader
        self.site = at_site or site(access_point)
        self.wall = wall
        self.standing = standing
        self.rulebook = rulebook
        self.state = state or ReaderState()
        self.now_ms = 1_000_000
        self.trace: list[tuple[int, AnyEffect]] = []
        self.grants: list[tuple[int, Grant]] = []

    def keep(self, effects: Iterable[AnyEffect]) -> list[AnyEffect]:
        kept = list(effects)
        self.trace += [(self.now_ms, effect) for effect in kept]
        return kept

    def wait(self, ms: int) -> list[AnyEffect]:
        """Let time pass, deadline by deadline as the shell does."""
        end_ms = self.now_ms + ms
        effects: list[AnyEffect] = []
        while (deadline := deadlines(self.state)) is not None and deadline <= end_ms:
            assert deadline > self.now_ms or not effects or deadline >= self.now_ms
            self.now_ms = max(self.now_ms, deadline)
            self.state, more = due(self.site, self.reader, self.state, self.now_ms)
            effects += self.keep(more)
            later = deadlines(self.state)
            assert later is None or later > self.now_ms, "a deadline must not be due again at once"
        self.now_ms = end_ms
        return effects

    def give(self, reading: Reading) -> list[AnyEffect]:
        self.state, effects, grant = present(
            self.site,
            self.rulebook,
            self.reader,
            self.point,
            self.state,
            self.now_ms,
            self.wall,
            self.standing,
            reading,
        )
        later = deadlines(self.state)
        assert later is None or later > self.now_ms, "nothing may be due right after a presentation"
        if grant is not None:
            self.grants.append((self.now_ms, grant))
        return self.keep(effects)

    def card(self, who: Known | Unknown | None = None, pin_before: PinBefore = PinBefore.NONE) -> list[AnyEffect]:
        return self.give(CardRead("front", who if who is not None else person(), pin_before))

    def pin(self, who: Known | Unknown | None = None, second_of: str | None = None, duress: bool = False):
        return self.give(PinEntered("front", who or Unknown("pin"), second_of=second_of, duress=duress))

    def noise(self, count: int = 1, kind: str = "noise") -> list[AnyEffect]:
        self.state, effects = noise(self.site, self.reader, self.state, self.now_ms, NoiseSeen("front", kind, count))
        return self.keep(effects)

    def clear(self) -> list[AnyEffect]:
        self.state, effects = clear(self.reader, self.state, self.now_ms)
        return self.keep(effects)

    def rest(self, feedback: Feedback) -> list[AnyEffect]:
        self.state, effects = rest(self.reader, self.state, feedback)
        return self.keep(effects)

    @property
    def effects(self) -> list[AnyEffect]:
        return [effect for _, effect in self.trace]

    def shown(self) -> Feedback:
        """What the reader shows now."""
        return next((e.feedback for e in reversed(self.effects) if isinstance(e, Show)), Feedback.IDLE)


def events(effects: Iterable[AnyEffect], *codes: Code) -> list[Event]:
    """The recorded events, of these codes where any are given."""
    found = [effect.event for effect in effects if isinstance(effect, Record)]
    return [event for event in found if event.code in codes] if codes else found


def codes(effects: Iterable[AnyEffect]) -> list[Code]:
    return [event.code for event in events(effects)]


def shows(effects: Iterable[AnyEffect]) -> list[Feedback]:
    return [effect.feedback for effect in effects if isinstance(effect, Show)]


def kept(effects: Iterable[AnyEffect]) -> dict[str, str]:
    """The store after these effects."""
    store: dict[str, str] = {}
    for effect in effects:
        if isinstance(effect, Keep):
            if effect.value is None:
                store.pop(effect.key, None)
            else:
                store[effect.key] = effect.value
    return store


def remembered(effects: Iterable[AnyEffect]) -> list[Remember]:
    return [effect for effect in effects if isinstance(effect, Remember)]


HARD = Antipassback.HARD
SOFT = Antipassback.SOFT
