"""What a person reads of orders, in one language: what one would do, what became of it, and what of it is proven."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from firmware.core.codes import Reason
from firmware.network.acts.act import Gate, Order, What
from firmware.network.acts.desk import Fate, Ordered
from firmware.network.live import Live
from firmware.network.view import Speaker

MS_PER_S = 1000


class AskedRow(msgspec.Struct, frozen=True):
    """One order on the page. `fate` is a word of the style sheet; `proof` is "" where nothing is to be proven."""

    number: str
    fate: str
    what: str
    place: str
    said: str
    advice: str
    proof: str


class ActSpeaker:
    """One language's words for orders, with the site's names."""

    def __init__(self, speaker: Speaker, gate: Gate) -> None:
        self.words = speaker.words
        self._speaker = speaker
        self._gate = gate

    # -- before -------------------------------------------------------------------------------------------------------

    def name(self, what: What) -> str:
        return self.words(f"act_{what.value}")

    def place(self, order: Order) -> str:
        """Where it is: portals by their names, or the whole site."""
        names = order.portals or ((order.portal or order.subject,) if order.portal or order.subject else ())
        return self.words("list_comma").join(map(self._speaker.place, names)) or self._speaker.names.site

    def effects(self, order: Order) -> list[str]:
        """What it would do, a sentence each; of an order whose details are not chosen yet."""
        words, what = self.words, order.what
        portal = self._gate.portals.get(order.portal)
        key = f"effect_{what.value}"
        if portal is not None and words.has(f"{key}_{portal.kind}"):
            key = f"{key}_{portal.kind}"
        seconds = "" if portal is None or portal.release_ms is None else f"{portal.release_ms / MS_PER_S:g}"
        said = [words(key, place=self.place(order), seconds=seconds)]
        if portal is not None and portal.kind == "barrier" and what in (What.OPEN, What.HOLD, What.RELEASE):
            said.append(words("effect_closes" if portal.closes else "effect_stays_open"))
        said.append(words("effect_told"))
        return said

    # -- afterwards ---------------------------------------------------------------------------------------------------

    def rows(self, all_asked: Sequence[Ordered], live: Live, now_s: float) -> tuple[AskedRow, ...]:
        return tuple(self._row(asked, live, now_s) for asked in all_asked)

    def _row(self, asked: Ordered, live: Live, now_s: float) -> AskedRow:
        words, place = self.words, self.place(asked.order)
        said, advice = words(f"fate_{asked.fate.value}"), ""
        if asked.fate is Fate.REFUSED:
            said = words("fate_refused_why", why=words("list_separator").join(map(self._reason, asked.reasons)))
            advice = self._after_refusal(asked.reasons)
        elif words.has(f"fate_{asked.fate.value}_next"):
            advice = words(f"fate_{asked.fate.value}_next", place=place)
        return AskedRow(
            asked.number,
            asked.fate.value,
            self.name(asked.order.what),
            place,
            said,
            advice,
            self._proof(asked, live, now_s),
        )

    def _proof(self, asked: Ordered, live: Live, now_s: float) -> str:
        if asked.fate not in (Fate.DONE, Fate.NOT_KNOWN) or not asked.proof.word:
            return ""
        if not live.answers(now_s) or live.states is None or live.states.view.store_failed:
            return self.words("proof_silent")
        names = self.words("list_comma").join(map(self._speaker.place, asked.proof.names))
        return self.words(asked.proof.word, names=names)

    def _reason(self, reason: str) -> str:
        word, _, argument = reason.partition(":")
        if word not in frozenset(Reason):
            return self.words("act_too_many") if word == "too_many" else word
        text = self._speaker.reason(word)
        if argument and word == Reason.INTERLOCK:
            return self.words("reason_at", reason=text, place=self._speaker.place(argument))
        if argument and word == Reason.LANE_NOT_CLEAR:
            return self.words("reason_at", reason=text, place=self._speaker.reason(argument))
        return text

    def _after_refusal(self, reasons: Sequence[str]) -> str:
        keys = (f"next_{reason.partition(':')[0]}" for reason in reasons)
        return next((self.words(key) for key in keys if self.words.has(key)), self.words("next_other"))
