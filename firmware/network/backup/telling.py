"""Backups in words, for page and API alike: what is in one, what is being done, why nothing came of the last one."""

from __future__ import annotations

from typing import NamedTuple

from firmware.backup.asks import Failed, Job
from firmware.backup.contents import NAMED, WITHOUT, Part
from firmware.network.words import Words
from firmware.texts import texts


class FailedText(NamedTuple):
    """What was not done, why, and what to do next."""

    what: str
    why: str
    following: str


def failed_text(failed: Failed, words: Words) -> FailedText:
    word = f"backup_failed_{failed.why}"
    word = word if words.has(word) else "backup_failed_failed"
    return FailedText(words(f"backup_not_{failed.kind}"), words(word), words(f"{word}_next"))


def job_text(job: Job | None, words: Words) -> str:
    """ "" while nothing is being done."""
    if job is None:
        return ""
    word = f"backup_doing_{job.kind}" if job.stage == "work" else "backup_doing_swap"
    return words(word, by=job.by)


def part_text(part: Part, words: Words) -> tuple[str, str]:
    """What a part is, and how much is in it."""
    said = texts(words.language)
    counts = [said.say(f"backup.count.{what}", count=count) for what, count in part.counts.items() if count]
    name = part.name if part.kind == NAMED else words("list_separator").join(counts)
    return said.say(f"backup.part.{part.kind}"), name


def change_text(change: str, words: Words) -> str:
    """What becomes of a file: new, replaced, the same, removed."""
    return texts(words.language).say(f"backup.change.{change}")


def note_text(name: str, values: dict[str, int | str], words: Words) -> str:
    return texts(words.language).say(f"backup.note.{name}", **values)


def without_texts(words: Words) -> list[str]:
    """What is never in one."""
    return [texts(words.language).say(f"backup.without.{name}") for name in WITHOUT]
