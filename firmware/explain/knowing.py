"""Everything beside the question itself: roster, local entries, ledger, keys, and what stands at the portals."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import NamedTuple

import msgspec

from firmware.config import Config
from firmware.core import swipe
from firmware.core.access import Rulebook
from firmware.core.decision import Standing
from firmware.core.draft import Draft
from firmware.core.facts import Started
from firmware.core.site import AccessPoint
from firmware.core.state import initial
from firmware.core.step import step
from firmware.core.turn import OVERLAY
from firmware.identity import Identity
from firmware.journal.ledger import read_ledger
from firmware.journal.reading import reading
from firmware.journal.schema import DATABASE_FILE
from firmware.roster.authority import Authority, read_authority
from firmware.roster.floors import Floors
from firmware.roster.install import load_last_good
from firmware.roster.overlay import EMPTY, Overlay
from firmware.roster.overlay_file import load as load_overlay
from firmware.roster.presented import Entry, Keys, Ledger
from firmware.roster.roster import Roster, open_roster
from firmware.roster.seal import claimed_signer
from firmware.terminal import TerminalError, own_identity, quoted

FLAGS = ("lockdown", "out_of_service", "locked_by_operator", "fault_latched", "fire", "evacuation", "peers_cut_off")
INTERLOCK, UNTRUSTED = "interlock:", "ledger_untrusted"
ROSTER_FOLDER, JOURNAL_FOLDER = "roster", "journal"  # of a state folder


def point_of(config: Config, access_point: str) -> AccessPoint:
    """Return an access point of the site. Raises TerminalError."""
    points = {point.id: point for portal in config.site.portals for point in portal.access_points}
    if access_point not in points:
        there = ", ".join(sorted(points))
        raise TerminalError(f"access point {quoted(access_point)} is not at this site; there are: {there}")
    return points[access_point]


class Nobody:
    """The ledger of a controller that has not seen anybody."""

    def holder(self, _holder: str, /) -> Entry | None:
        return None

    def household_inside(self, _household: str, _besides: str, _areas: Collection[str] | None, /) -> int:
        return 0


class _NoKeys:
    """Without a controller's key no PIN can be looked up; nothing else needs one to be decided."""

    def pseudonym(self, _kind: str, _value: str) -> str:
        return ""

    def pin_digest(self, _salt_holder: str, _pin: str) -> bytes:
        raise TerminalError("a PIN can be looked up with the controller's own key only: give --state")


class Knowledge(NamedTuple):
    """What the gate would know. `notes` are message ids with what they name."""

    config: Config
    roster: Roster
    ledger: Ledger
    keys: Keys
    kept: dict[str, str]
    occupancy: dict[str, int]
    words: str  # of --standing
    notes: list[tuple[str, str]]
    close: Callable[[], None]
    overlay: Overlay = EMPTY

    def standing(self, access_point: str) -> Standing:
        """What stands at an access point now, and what --standing adds. Raises TerminalError."""
        found = standing_of(self.config, access_point, self.kept, self.occupancy, self.roster.rulebook())
        standing = _stands(self.words, found, self.config)
        into = point_of(self.config, access_point).area_to
        shared = any(area.shared and area.id == into for area in self.config.site.areas)
        return msgspec.structs.replace(standing, peers_cut_off=standing.peers_cut_off and shared)


def standing_of(
    config: Config,
    access_point: str,
    kept: dict[str, str] | None,
    occupancy: dict[str, int],
    rulebook: Rulebook = Rulebook(version=0),  # noqa: B008 - frozen
) -> Standing:
    """What a controller that kept this would let stand at the access point: its own start, and its own question.

    Other doors are taken as closed, and other controllers as heard: only their contacts and they themselves know.
    """
    before = msgspec.structs.replace(initial(config.site), rulebook=rulebook)
    state, _ = step(before, 0, Started(boot="explain", kept=kept, occupancy=occupancy))
    draft = Draft(state, 0)
    point = point_of(config, access_point)
    standing = swipe.standing_at(draft, point)
    return msgspec.structs.replace(standing, interlock_busy=(), peers_cut_off=False)


class Given(NamedTuple):
    """Where an answer comes from: a controller's state folder, or a roster file alone, against these keys.

    `standing` adds words of FLAGS to what stands there.
    """

    state: Path | None
    roster: Path | None = None
    keys: Collection[bytes] | None = None
    standing: str = ""


def gather(given: Given, config: Config) -> Knowledge:
    """Roster, ledger and keys as they are there. Raises whatever is wrong with one of them."""
    notes: list[tuple[str, str]] = []
    identity = None if given.state is None else own_identity(given.state)
    authority = None
    if identity is not None and given.state is not None:
        authority = read_authority(given.state / ROSTER_FOLDER, identity, config.roster.signers)
    kept = _kept(_journal_of(given))
    roster = _roster(given, config, authority, kept, notes)
    try:
        known = around(config, roster, given, identity, authority)
    except BaseException:
        roster.close()
        raise

    def close() -> None:
        known.close()
        roster.close()

    return known._replace(notes=notes + known.notes, close=close)


def around(
    config: Config, roster: Roster, given: Given, identity: Identity | None, authority: Authority | None
) -> Knowledge:
    """What is known around a roster, which stays its opener's. Raises whatever is wrong with it."""
    notes: list[tuple[str, str]] = []
    path = _journal_of(given)
    kept = _kept(path)
    keys: Keys = _NoKeys() if authority is None else authority.keys_of(roster)
    overlay = _overlay(given, identity, kept, notes)
    notes.append(("ledger_now" if path is not None else "ledger_empty", ""))
    if path is None:
        return Knowledge(config, roster, Nobody(), keys, kept, {}, given.standing, notes, _nothing, overlay)
    ledger = read_ledger(path, _unread)
    occupancy = ledger.occupancy()
    return Knowledge(config, roster, ledger, keys, kept, occupancy, given.standing, notes, ledger.close, overlay)


def _journal_of(given: Given) -> Path | None:
    """The controller's journal; None where there is none yet."""
    path = None if given.state is None else given.state / JOURNAL_FOLDER / DATABASE_FILE
    return path if path is not None and path.exists() else None


def _kept(path: Path | None) -> dict[str, str]:
    if path is None:
        return {}
    with reading(path, steps_max=None) as connection:
        return dict(connection.execute("SELECT key, value FROM kept").fetchall())


def _nothing() -> None:
    return


def _overlay(
    given: Given,
    identity: Identity | None,
    kept: dict[str, str],
    notes: list[tuple[str, str]],
) -> Overlay:
    """What was suspended, enrolled and invited at the controller; nothing where no state folder is given."""
    if identity is None or given.state is None:
        return EMPTY
    revision = kept.get(OVERLAY, "")
    loaded = load_overlay(
        given.state / ROSTER_FOLDER, identity.public_key, int(revision) if revision.isdecimal() else 0
    )
    notes += [("overlay_refused", str(error)) for error in loaded.refused]
    return loaded.overlay


def _unread(why: str) -> None:
    """The gate decides on with a ledger that it doubts; an explanation would only be wrong."""
    raise TerminalError(f"{why}. Try again, or give --roster alone for an answer without a ledger.")


def _roster(
    given: Given,
    config: Config,
    authority: Authority | None,
    kept: dict[str, str],
    notes: list[tuple[str, str]],
) -> Roster:
    """The roster in question, against the keys that its controller would trust."""
    trusted = given.keys or (config.roster.signers if authority is None else authority.signers)
    ids = None if authority is None else authority.digest_key_ids
    if given.roster is None:
        assert given.state is not None
        loaded = load_last_good(given.state / ROSTER_FOLDER, trusted, Floors.of(kept), digest_key_id=ids)
        notes += [("roster_previous", str(error)) for error in loaded.refused]
        return loaded.roster
    if not trusted:
        trusted = [claimed_signer(given.roster)]
        notes.append(("roster_unproven", ""))
    return open_roster(given.roster, trusted, digest_key_id=ids)


def _stands(words: str, standing: Standing, config: Config) -> Standing:
    """`standing` with what --standing adds."""
    portals = {portal.id for portal in config.site.portals}
    for word in filter(None, words.split(",")):
        if word in FLAGS:
            standing = msgspec.structs.replace(standing, **{word: True})
        elif word == UNTRUSTED:
            standing = msgspec.structs.replace(standing, ledger_trusted=False)
        elif word.startswith(INTERLOCK) and word.removeprefix(INTERLOCK) in portals:
            busy = (*standing.interlock_busy, word.removeprefix(INTERLOCK))
            standing = msgspec.structs.replace(standing, interlock_busy=busy)
        else:
            allowed = ", ".join((*FLAGS, UNTRUSTED, f"{INTERLOCK}PORTAL"))
            raise TerminalError(f"--standing {quoted(word)}: allowed are {allowed}")
    return standing
