"""How a self-test stands, in words: each step as the wizard and the API tell it, and why a step was refused."""

from __future__ import annotations

import msgspec

from firmware.core.codes import Reason
from firmware.network.view import Speaker
from firmware.selftest.messages import RunSeen, StepSeen
from firmware.selftest.report import why_text

RUNNING = ("listening", "accused", "moved", "settling", "asking")
OVER = ("failed", "skipped")  # with a reason


class StepRow(msgspec.Struct, frozen=True):
    """One step in words. `left_s`: until its time is over."""

    id: str
    stage: str
    title: str
    device: str
    lines: str
    stage_text: str
    todo: str
    why: str
    note: str
    at: str
    proves: str
    left_s: int | None
    word: bool


class RunView(msgspec.Struct, frozen=True):
    """What a window shows: `key` is another one whenever the page has to be made anew."""

    key: str
    now: StepRow | None


class RunSpeaker:
    """One language's words for a run."""

    def __init__(self, speaker: Speaker) -> None:
        self._speaker = speaker

    def rows(self, seen: RunSeen) -> tuple[StepRow, ...]:
        return tuple(self.row(step) for step in seen.steps)

    def row(self, step: StepSeen) -> StepRow:
        words = self._speaker.words
        others = [name for name in step.proves if name != step.device]
        over = step.stage in OVER
        names = step.names
        why = ""
        if over and step.why:
            word, _, rest = step.why.partition(":")
            if word == "core":
                names = tuple(self.refusal(reason) for reason in rest.split())
            why = why_text(words, "core" if word == "core" else step.why, names)
        return StepRow(
            step.id,
            step.stage,
            words(f"task_{step.task}"),
            step.device,
            ", ".join(step.lines),
            words(f"stage_{step.stage}"),
            self._todo(step),
            why,
            step.note,
            "" if step.utc_ms is None else self._speaker.at(step.utc_ms),
            ", ".join(others),
            None if step.left_ms is None else -(-step.left_ms // 1000),
            step.word,
        )

    def _todo(self, step: StepSeen) -> str:
        words = self._speaker.words
        if step.stage != "asking":
            return words(f"task_{step.task}_do", device=step.device)
        return words("task_shown", device=step.device, number=step.asks) if step.asks else words("task_word")

    def refusal(self, reason: str) -> str:
        speaker = self._speaker
        word, _, argument = reason.partition(":")
        if speaker.words.has(f"no_{word}"):
            return speaker.words(f"no_{word}", place=speaker.place(argument) if argument else "")
        return speaker.reason(word) if word in frozenset(Reason) else word

    def view(self, seen: RunSeen) -> RunView:
        """The step that runs changes its stage under one's eyes; anything else makes the page anew."""
        running = next((step for step in seen.steps if step.stage in RUNNING), None)
        counts = "".join(step.stage[0] if step.stage not in RUNNING else "r" for step in seen.steps)
        tries = sum(step.tries for step in seen.steps)
        asks = "" if running is None or running.stage != "asking" else f"asks{running.asks}"
        key = f"{seen.run}:{int(seen.paused)}:{counts}:{tries}:{asks}"
        return RunView(key, None if running is None else self.row(running))
