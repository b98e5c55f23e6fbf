"""What backups look like in the API: how it stands, and what is asked. No passphrase and no code ever comes back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from firmware.backup.asks import CODE_CHARACTERS_MAX, Backups, Looked
from firmware.backup.contents import Contents
from firmware.backup.sealing import PASSPHRASE_CHARACTERS_MAX
from firmware.network.accounts.passphrase import CHARACTERS_MAX, CHARACTERS_MIN
from firmware.network.api.speaking import utc_of
from firmware.network.backup.telling import (
    change_text,
    failed_text,
    job_text,
    note_text,
    part_text,
    without_texts,
)
from firmware.network.words import Words
from firmware.terminal import PURPOSE_CHARACTERS_MAX, PURPOSE_CHARACTERS_MIN

Number = Annotated[int, Meta(ge=0)]
Doing = Literal["make", "look", "restore", "undo", "forget"]
WhyText = Annotated[str, Meta(min_length=PURPOSE_CHARACTERS_MIN, max_length=PURPOSE_CHARACTERS_MAX)]
ClaimCode = Annotated[str, Meta(min_length=1, max_length=CODE_CHARACTERS_MAX)]
NewPassphrase = Annotated[str, Meta(min_length=CHARACTERS_MIN, max_length=CHARACTERS_MAX)]
Passphrase = Annotated[str, Meta(min_length=1, max_length=PASSPHRASE_CHARACTERS_MAX)]


class BackupJob(msgspec.Struct, frozen=True):
    """What is being done, of `total` bytes (0: not known). Stage "swap": it is put into place; all starts anew."""

    kind: Doing
    stage: Literal["work", "swap"]
    by: str
    done: Number
    total: Number
    text: str


class BackupPart(msgspec.Struct, frozen=True):
    """`kind`: site, named (a file that the site file names), source, overlay, adoption, accounts, visitors."""

    kind: str
    name: str
    bytes: Number
    counts: dict[str, Number]
    text: str
    holds_text: str


class BackupContents(msgspec.Struct, frozen=True):
    """What is in one. `controller` has made it, with this release of `menshen`."""

    site: str
    site_name: str
    made: datetime | None
    menshen: str
    controller: str
    parts: tuple[BackupPart, ...]


class BackupMade(msgspec.Struct, frozen=True):
    """A backup that waits to be taken; it goes from here after half an hour."""

    bytes: Number
    sha256: str
    contents: BackupContents


class BackupChange(msgspec.Struct, frozen=True):
    """What becomes of a file: new, replaced, same or removed."""

    change: str
    file: str
    text: str


class BackupNote(msgspec.Struct, frozen=True):
    note: str
    text: str


class BackupLooked(msgspec.Struct, frozen=True):
    """A file that was proven, and what putting it back would change. A restore has to say its `sha256` as `seen`."""

    sha256: str
    bytes: Number
    contents: BackupContents
    changes: tuple[BackupChange, ...]
    changes_left: Number
    notes: tuple[BackupNote, ...]


class BackupFailed(msgspec.Struct, frozen=True):
    """Why the last one came to nothing. `problems` are for whoever services it, in English."""

    kind: Doing
    why: str
    what_text: str
    why_text: str
    next_text: str
    problems: tuple[str, ...]


class BackupLast(msgspec.Struct, frozen=True):
    """The last restore, or undoing of one: what stood before is kept, and can be gone back to, or forgotten."""

    undone: bool
    by: str
    why: str
    at: datetime | None


class BackupState(msgspec.Struct, frozen=True):
    """How it stands. One thing is done at a time. `without_texts`: what is never in a backup."""

    job: BackupJob | None
    made: BackupMade | None
    looked: BackupLooked | None
    failed: BackupFailed | None
    last: BackupLast | None
    without_texts: tuple[str, ...]


class _Silent:
    """What has a secret in it tells nothing of itself."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"


class BackupMaking(_Silent, msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`passphrase` seals it and is kept nowhere. `code` is the claim code of the controller's label."""

    why: WhyText
    passphrase: NewPassphrase
    code: ClaimCode


class BackupRestoring(_Silent, msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Puts back the file that was looked into. The gate stands still for some seconds, and everybody is logged out."""

    why: WhyText
    seen: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
    passphrase: Passphrase
    code: ClaimCode
    confirmed: Literal["yes"]


class BackupUndoing(_Silent, msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Back to what stood before the last restore."""

    why: WhyText
    code: ClaimCode
    confirmed: Literal["yes"]


class BackupForgetting(_Silent, msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Removes what stood before the last restore for good."""

    why: WhyText
    code: ClaimCode
    confirmed: Literal["yes"]


def state_of(told: Backups, words: Words) -> BackupState:
    """As a program reads it, in the reader's language where people do."""
    job, made, failed, last = told.job, told.made, told.failed, told.last
    return BackupState(
        job=None
        if job is None
        else BackupJob(
            job.kind, "work" if job.stage == "work" else "swap", job.by, job.done, job.total, job_text(job, words)
        ),
        made=None if made is None else BackupMade(made.bytes, made.sha256, _contents(made.contents, words)),
        looked=None if told.looked is None else _looked(told.looked, words),
        failed=None
        if failed is None
        else BackupFailed(failed.kind, failed.why, *failed_text(failed, words), problems=failed.problems),
        last=None
        if last is None
        else BackupLast(last.code.endswith("undone"), last.by, last.why, utc_of(last.at_s * 1000)),
        without_texts=tuple(without_texts(words)),
    )


def _contents(contents: Contents, words: Words) -> BackupContents:
    return BackupContents(
        site=contents.site,
        site_name=contents.site_name,
        made=utc_of(contents.made_s * 1000),
        menshen=contents.menshen,
        controller=contents.controller,
        parts=tuple(
            BackupPart(part.kind, part.name, part.bytes, part.counts, *part_text(part, words))
            for part in contents.parts
        ),
    )


def _looked(looked: Looked, words: Words) -> BackupLooked:
    return BackupLooked(
        sha256=looked.sha256,
        bytes=looked.bytes,
        contents=_contents(looked.contents, words),
        changes=tuple(BackupChange(change, file, change_text(change, words)) for change, file in looked.changes),
        changes_left=looked.changes_left,
        notes=tuple(BackupNote(name, note_text(name, values, words)) for name, values in looked.notes),
    )
