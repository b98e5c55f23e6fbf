"""What a comparison found, put together as a manager reads it: by person, access point and the two answers."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import Any

import msgspec

from firmware.core.codes import Reason
from firmware.core.decision import Decision, Outcome
from firmware.roster.comparing.again import Case, Kind

DIFFERENCES_MAX = 50_000  # groups held in memory; what comes beyond them is counted
DISAGREEMENTS_MAX = 1_000  # kinds of them
# What decide() says of every credential that gets so far: true, and no reason for either answer.
_NOT_TELLING = frozenset(
    {
        Reason.KNOWN,
        Reason.LOCAL,
        Reason.VALID,
        Reason.FACTORS_COMPLETE,
        Reason.ANTIPASSBACK_PASSED,
        Reason.GRANTED,
        Reason.FIRE,
        Reason.EVACUATION,
        Reason.EXEMPT,
    }
)
_ONLY_OF_GRANTS = frozenset({Reason.PROFILE, Reason.INSIDE_SCHEDULE})


class Change(StrEnum):
    """What becomes of a presentation, in the order in which a person should look."""

    LET_IN = "let_in"  # was refused, or asked for more, and would be let in
    ASKED = "asked"  # was refused, and would be asked for more
    REFUSED = "refused"  # was let in, and would be refused
    ASKED_MORE = "asked_more"  # was let in, and would be asked for more first


_ORDER = {change: number for number, change in enumerate(Change)}
_CHANGES = {
    (Outcome.DENIED, Outcome.GRANTED): Change.LET_IN,
    (Outcome.NEEDS, Outcome.GRANTED): Change.LET_IN,
    (Outcome.DENIED, Outcome.NEEDS): Change.ASKED,
    (Outcome.GRANTED, Outcome.DENIED): Change.REFUSED,
    (Outcome.GRANTED, Outcome.NEEDS): Change.ASKED_MORE,
}


class Difference(msgspec.Struct, frozen=True):
    """One person at one access point, with the same two answers each time. Instants are UTC milliseconds.

    `holder` is whose the credential is by the old roster (by the new one where the old has it not), `becomes` whose it
    would be where that is somebody else. `doubtful` counts presentations that the old roster would have decided
    otherwise than the journal has it. `row` is the first of them, as EPOCH:SEQ.
    """

    change: Change
    holder: str
    becomes: str | None
    second: str | None
    access_point: str
    before: tuple[str, ...]  # the reasons that tell, by the old roster
    after: tuple[str, ...]  # by the new one
    count: int
    doubtful: int
    first_ms: int | None
    last_ms: int | None
    row: str


class _Group:
    """A Difference that still grows."""

    def __init__(self, row: str) -> None:
        self.row = row
        self.count = self.doubtful = 0
        self.first_ms: int | None = None
        self.last_ms: int | None = None


def telling(decision: Decision) -> tuple[str, ...]:
    """The reasons that make the answer: what refused or is asked for, or by what profile and schedule one is let in."""
    granted = decision.outcome is Outcome.GRANTED
    words = ((reason.partition(":")[0], reason) for reason in decision.reasons)
    return tuple(
        reason for word, reason in words if word not in _NOT_TELLING and (granted or word not in _ONLY_OF_GRANTS)
    )


class Found:
    """Collects. Bounded: differences and disagreements beyond their limits are counted only."""

    def __init__(self, epoch: int) -> None:
        self._epoch = epoch
        self.summed = 0
        self._compared = self._erased = self._nameless = self._undecided = 0
        self._kinds: Counter[Kind] = Counter()
        self._versions: Counter[str] = Counter()
        self._agreed = self._reasons_only = self._left_out = 0
        self._disagreed: Counter[str] = Counter()
        self._groups: dict[tuple[Any, ...], _Group] = {}
        self._changes: Counter[Change] = Counter()
        self._holders: set[str] = set()
        self._first_ms: int | None = None
        self._last_ms: int | None = None

    def uncounted(self, erased: bool, decided: bool) -> None:
        """A presentation that cannot be decided again."""
        if not decided:
            self._undecided += 1
        elif erased:
            self._erased += 1
        else:
            self._nameless += 1

    def other_version(self, version: int | None) -> None:
        """The roster in service then was not the old one."""
        self._versions["?" if version is None else str(version)] += 1

    def compared_one(self, case: Case, before: Decision, after: Decision, kind: Kind) -> None:
        """A presentation that was decided again."""
        self._compared += 1
        if kind is not Kind.ROSTER:
            self._kinds[kind] += 1
        utc_ms = case.utc_ms
        if utc_ms is not None:
            if self._first_ms is None or utc_ms < self._first_ms:
                self._first_ms = utc_ms
            if self._last_ms is None or utc_ms > self._last_ms:
                self._last_ms = utc_ms
        agrees = self._agrees(case, before)
        if after is before:
            return  # nothing that it rests on has changed
        change = _CHANGES.get((before.outcome, after.outcome))
        if change is not None:
            self._differs(case, change, before, after, agrees)
        elif before.outcome is not Outcome.GRANTED and before.reasons != after.reasons:
            self._reasons_only += telling(before) != telling(after)

    def _agrees(self, case: Case, before: Decision) -> bool:
        """Whether the old roster decides as the journal has it: the same answer, and the same last reason."""
        recorded = case.recorded
        if before.outcome is recorded.outcome and before.reasons[-1:] == recorded.reasons[-1:]:
            self._agreed += 1
            return True
        what = f"{recorded.reasons[-1]} / {before.reasons[-1]}"
        if what not in self._disagreed and len(self._disagreed) >= DISAGREEMENTS_MAX:
            what = "..."
        self._disagreed[what] += 1
        return False

    def _differs(self, case: Case, change: Change, before: Decision, after: Decision, agrees: bool) -> None:
        old = case.old.holder if case.old is not None else case.body.holder
        new = case.new.holder if case.new is not None else None
        holder = old or new or ""
        becomes = new if new != holder else None
        key = (change, holder, becomes, case.body.second_holder, case.access_point, telling(before), telling(after))
        self._changes[change] += 1
        group = self._groups.get(key)
        if group is None:
            if len(self._groups) >= DIFFERENCES_MAX:
                self._left_out += 1
                return
            group = self._groups[key] = _Group(f"{self._epoch}:{case.seq}")
            self._holders.update({holder, becomes or holder})
        group.count += 1
        group.doubtful += not agrees
        if case.utc_ms is not None:
            group.first_ms = case.utc_ms if group.first_ms is None else min(group.first_ms, case.utc_ms)
            group.last_ms = case.utc_ms if group.last_ms is None else max(group.last_ms, case.utc_ms)

    def report(self) -> dict[str, Any]:
        """Everything but the versions, by the names of `compare.Report`."""
        apart = self.summed + self._erased + self._nameless + self._undecided
        return {
            "since_ms": self._first_ms,
            "until_ms": self._last_ms,
            "presentations": self._compared + apart,
            "compared": self._compared,
            "summed": self.summed,
            "erased": self._erased,
            "nameless": self._nameless,
            "undecided": self._undecided,
            "strangers": self._kinds[Kind.STRANGER],
            "local": self._kinds[Kind.LOCAL],
            "other_versions": dict(self._versions.most_common()),
            "agreed": self._agreed,
            "disagreed": dict(self._disagreed.most_common()),
            "differently": self._changes.total(),
            "holders": len(self._holders),
            "by_change": {change: self._changes[change] for change in Change},
            "reasons_only": self._reasons_only,
            "differences": tuple(sorted(self._differences(), key=_rank)),
            "left_out": self._left_out,
        }

    def _differences(self) -> list[Difference]:
        return [
            Difference(
                change, holder, becomes, second, point, before, after,
                group.count, group.doubtful, group.first_ms, group.last_ms, group.row,
            )
            for (change, holder, becomes, second, point, before, after), group in self._groups.items()
        ]  # fmt: skip


def _rank(difference: Difference) -> tuple[int, str, str, int]:
    """Those who would come in first; then by person and place."""
    return _ORDER[difference.change], difference.holder, difference.access_point, -difference.count
