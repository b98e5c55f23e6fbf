"""Answers to the office that wait for what they rest on: taken by the core, saved, and committed by the journal."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from firmware.core.codes import Reason
from firmware.messages import Answer, Message


class Asked:
    """One command that is not answered yet."""

    def __init__(self, answer: Answer, facts: int, revision: int) -> None:
        self.answer = answer
        self.facts = facts  # of it that the core has not taken yet
        self.revision = revision  # of the local entries that has to be saved
        self.ticket = 0  # of the journal that has to be committed

    def over(self, answer: Answer, ticket: int | None) -> None:
        """Nothing further comes of it."""
        self.answer, self.facts = answer, 0
        self.ticket = max(self.ticket, ticket or 0)


class Answers:
    """Every command that is open. An answer goes out once it is durable, or once it is clear that it will not be."""

    def __init__(self, saved: int) -> None:
        self.send: Callable[[str, Sequence[Message]], None] = lambda _request, _messages: None
        self._asked: dict[str, Asked] = {}
        self._saved = saved
        self.newest_committed = 0  # ticket of the journal
        self._overlay_works = True
        self._store_works = True

    def __contains__(self, request: str) -> bool:
        return request in self._asked

    def of(self, request: str) -> Asked | None:
        return self._asked.get(request)

    def open(self, request: str, answer: Answer, facts: int = 1, revision: int = 0) -> Asked:
        """Wait until the core has taken `facts`, `revision` is saved, and all of it is committed."""
        self._asked[request] = asked = Asked(answer, facts, revision)
        return asked

    def saved(self, revision: int) -> None:
        """The local entries are on the disk up to this revision."""
        self._saved, self._overlay_works = revision, True
        self.tell()

    def not_saved(self) -> None:
        self._overlay_works = False
        self.tell()

    def committed(self, ticket: int) -> None:
        """The journal has everything up to `ticket`."""
        self.newest_committed = ticket
        self.tell()

    def store_works(self, works: bool) -> None:
        """The journal fails, or works again: who waits for a commit learns that there is none."""
        self._store_works = works
        self.tell()

    def tell(self) -> None:
        """Send what can be said now."""
        for request, asked in tuple(self._asked.items()):
            if asked.facts > 0:
                continue
            answer = asked.answer
            committed, saved = asked.ticket <= self.newest_committed, asked.revision <= self._saved
            hopeless = (not committed and not self._store_works) or (
                committed and not saved and not self._overlay_works
            )
            if not (committed and saved) and not hopeless:
                continue
            if hopeless and answer.done:
                answer = replace(answer, done=False, reasons=(*answer.reasons, Reason.NOT_SAVED))
            del self._asked[request]
            self.send(request, [answer])
