"""Rows of the journal as a person reads them, in one language; who it was only where a purpose was stated."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from firmware.core.codes import Code, Reason
from firmware.core.effects import Body, Event
from firmware.journal import Row, Verdict
from firmware.network.events import HIDDEN_REASONS, IDLE_REASONS, EventLine
from firmware.network.journal.errors import PageError
from firmware.network.journal.exporting import WITH_PERSONS
from firmware.network.journal.kinds import GROUP, GROUPS, Sight, choices
from firmware.network.journal.looks import Sought
from firmware.network.journal.proving import Proven
from firmware.network.view import Speaker
from firmware.texts import Texts, texts

_REASONS = frozenset(Reason)
_SOUGHT = frozenset(Sought)
_PEOPLE = ("holder", "second_holder", "household", "credential", "token", "issuer", "account", "address", "note")


class Shown(msgspec.Struct, frozen=True):
    """One row. `who` are labels and what they name; empty without a purpose. `row` is epoch and number, as elsewhere.

    `key` is the same for an address, and `from_here` the cursor of the page that begins with this row.
    """

    row: str
    key: str
    from_here: str
    at: str
    at_iso: str
    severity: str
    severity_text: str
    text: str
    kind: str
    place: str
    reasons: str
    who: tuple[tuple[str, str], ...]
    erased: bool


class Telling:
    """Puts rows, refusals and proofs into the words of one speaker."""

    def __init__(self, speaker: Speaker) -> None:
        self._speaker = speaker
        self._words = speaker.words
        self._texts: Texts = texts(speaker.words.language)

    def rows(self, rows: Sequence[Row]) -> list[Shown]:
        return [self._row(row) for row in rows]

    def _row(self, row: Row) -> Shown:
        event = row.event
        place = event.access_point or event.reader or event.device or ""
        detail = self._detail(event)
        line = EventLine(row.epoch, row.seq, row.utc_ms, event.code.value, event.portal, place, "", event.count, detail)
        (shown,) = self._speaker.rows([line])
        parts = [shown.place] + [
            part for part in (event.access_point, event.reader, event.device) if part != shown.place
        ]
        return Shown(
            row=f"{row.epoch}:{row.seq}",
            key=f"{row.epoch}-{row.seq}",
            from_here=f"{row.epoch}-{row.seq + 1}",
            at=shown.at,
            at_iso=shown.at_iso,
            severity=shown.severity,
            severity_text=self._texts.severity(row.severity),
            text=shown.text,
            kind=event.code.value,
            place=" · ".join(part for part in parts if part),
            reasons=" · ".join(part for part in (self._reasons(event), shown.note) if part),
            who=() if event.body is None else tuple(self._who(event.body)),
            erased=row.erased,
        )

    def _detail(self, event: Event) -> str:
        """Of searches and exports in words; all else as it is, for the speaker of events."""
        first, _, rest = event.detail.partition(" ")
        if event.code is Code.JOURNAL_SEARCHED and first in _SOUGHT:
            return " · ".join(part for part in (self._words(f"journal_sought_{first}"), rest) if part)
        if event.code is Code.JOURNAL_EXPORTED and event.detail.endswith(WITH_PERSONS):
            return f"{event.detail.removesuffix(WITH_PERSONS).strip()} · {self._words('journal_exported_persons')}"
        return event.detail

    def _reasons(self, event: Event) -> str:
        words = [word for word in event.reasons if word.partition(":")[0] not in HIDDEN_REASONS | IDLE_REASONS]
        known = (self._texts.reason(word) if word.partition(":")[0] in _REASONS else word for word in words)
        return " · ".join(known)

    def _who(self, body: Body) -> list[tuple[str, str]]:
        told = [(name, str(said)) for name in _PEOPLE if (said := getattr(body, name))]
        who = [(self._words(f"journal_{name}"), self._said(name, said)) for name, said in told]
        if body.reads:
            vote = self._texts.say("journal.vote", reads=body.reads, certainty=f"{body.certainty or 0:.2f}")
            who.append((self._words("journal_vote"), vote))
        return who

    def _said(self, name: str, said: str) -> str:
        return self._words.actor(said) if name == "issuer" else said

    def refusal(self, error: PageError) -> tuple[str, str, str]:
        """What is wrong, what to do next, and what whoever services the controller wants to know."""
        following = f"{error.word}_next"
        return (
            self._words(error.word, **error.named),
            self._words(following if self._words.has(following) else "try_next"),
            error.why,
        )

    def kinds(self, sight: Sight) -> list[tuple[str, list[tuple[str, str]]]]:
        """The list of a filter: groups with (what is sent, what is read)."""
        seen = choices(sight)
        whole = [
            name for name in GROUPS if name in seen or (name == "alarms" or (name == "refusals" and "access" in seen))
        ]
        lists = [
            (self._words("journal_groups"), [(f"{GROUP}{name}", self._words(f"journal_of_{name}")) for name in whole])
        ]
        for name, kinds in seen.items():
            options = [(code.value, self._texts.event(code)) for code in kinds]
            lists.append((self._words(f"journal_of_{name}"), options))
        return lists

    def kind_name(self, typed: str) -> str:
        if typed.startswith(GROUP):
            return self._words(f"journal_of_{typed.removeprefix(GROUP)}")
        return self._texts.event(Code(typed))

    # -- proof --------------------------------------------------------------------------------------------------------

    def proof(self, proven: Proven) -> list[str]:
        """What was proven, as `menshen journal verify` says it, and what it cannot see."""
        if proven.verdict is None:
            assert proven.trouble is not None
            return [*(line for line in self.refusal(proven.trouble) if line)]
        verdict = proven.verdict
        lines = self._chain(verdict)
        if verdict.erased:
            lines.append(self._texts.say("journal.erased", count=verdict.erased))
        if proven.keyed:
            lines.append(self._texts.say("journal.signed", row=f"{verdict.epoch}:{verdict.signed_seq}"))
        else:
            lines.append(self._words("journal_proof_unsigned"))
        if verdict.witnessed_seq:
            lines.append(self._texts.say("journal.witnessed", row=f"{verdict.epoch}:{verdict.witnessed_seq}"))
        elif proven.witnessed and verdict.ok:
            lines.append(self._texts.say("journal.witness_older"))
        elif not proven.witnessed:
            lines.append(self._words("journal_proof_unwitnessed"))
        return lines

    def _chain(self, verdict: Verdict) -> list[str]:
        said, file = self._texts.say, self._words("journal_title")
        if verdict.flaw is not None:
            what = said(f"journal.flaw.{verdict.flaw.value}")
            return [
                said("journal.broken", file=file, row=f"{verdict.epoch}:{verdict.at}", what=what),
                said("journal.broken_detail", detail=verdict.detail),
                said("journal.proven_before", rows=verdict.rows),
            ]
        first, head = f"{verdict.epoch}:{verdict.anchor + 1}", f"{verdict.epoch}:{verdict.at}"
        return [
            said("journal.whole", file=file, first=first, head=head, rows=verdict.rows),
            said("journal.head", hash=verdict.hash),
        ]
