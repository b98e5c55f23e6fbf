"""The way back: what stood before the last restore, as if it had been a backup; what came with it goes.

Local entries and roster never go back as files: an older revision or version would be refused, and rightly. They are
made anew, as after a backup: the suspensions of now stay.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

import msgspec

import firmware
from firmware.backup.contents import (
    ACCOUNTS,
    ADOPTION,
    KINDS,
    NAMED,
    OVERLAY,
    SCHEMA,
    SITE,
    SOURCE,
    VISITORS,
    Contents,
    Part,
)
from firmware.backup.errors import BackupMisused
from firmware.backup.naming import names_in
from firmware.backup.packing import sha256_of
from firmware.backup.placing import Gone, Placed
from firmware.backup.swap import OLD, Swap, before, beside
from firmware.backup.unpacking import Opened
from firmware.config import draft
from firmware.identity import Identity
from firmware.roster.overlay_file import CURRENT as ENTRIES_FILE
from firmware.roster.overlay_file import load


class Previous(NamedTuple):
    """What stood before, and what did not stand there."""

    opened: Opened
    unnamed: tuple[Placed, ...]  # files that the site file of before did not name, and that were replaced
    gone: tuple[Gone, ...]


def previous(site: Path, identity: Identity, work: Path) -> Previous:
    """Copy what the last restore replaced.

    Raises BackupMisused where there was none, where nothing stood before, and where what stood is not all kept.
    """
    swap = before(site)
    if swap is None:
        raise BackupMisused(f"{site}: nothing is kept of before a restore")
    parts: list[Part] = []
    copies: list[Path] = []
    gone: list[Gone] = []
    for number, move in enumerate(swap.moves):
        target = Path(move.target)
        old = beside(target, OLD)
        if not old.exists():
            if move.stood:  # what came in its place is no newcomer that may be taken away
                raise BackupMisused(
                    f"{old} is gone, so what stood before the restore is not whole any more: `menshen backup forget` "
                    "removes the rest"
                )
            if move.put and move.kind in (NAMED, ADOPTION, SOURCE, ACCOUNTS, VISITORS):
                gone.append(Gone(move.kind, target, move.name, KINDS[move.kind].database))
            continue
        if move.kind not in (SITE, NAMED, SOURCE, OVERLAY, ADOPTION, ACCOUNTS, VISITORS):
            continue
        copy = work / f"{number:04d}.{move.kind}"
        if move.kind == OVERLAY:
            _entries(old, copy, identity, work)
        else:
            shutil.copyfile(old, copy)
            copy.chmod(0o600)
        parts.append(Part(move.kind, copy.stat().st_size, sha256_of(copy), move.name))
        copies.append(copy)
    site_id, site_name = _named(copies)
    contents = Contents(
        schema=SCHEMA,
        menshen=firmware.__version__,
        made_s=swap.utc_s,
        controller=identity.id,
        digest_key_id=identity.digest_key_id,
        site=site_id,
        site_name=site_name,
        parts=tuple(parts),
    )
    if not contents.has(SITE):
        raise BackupMisused(f"{site}: there was no site before the restore, so there is no way back")
    return _without_strangers(Opened(contents, tuple(copies)), tuple(gone), swap)


def _without_strangers(opened: Opened, gone: tuple[Gone, ...], swap: Swap) -> Previous:
    """Files that the site file of before did not name go back, too, and are no part of that site."""
    site = opened.of(SITE)
    assert site is not None, "looked for before"
    names = names_in(site)
    targets = {move.name: Path(move.target) for move in swap.moves if move.kind == NAMED}
    kept, strangers = [], []
    for part, copy in zip(opened.contents.parts, opened.copies, strict=True):
        if part.kind == NAMED and part.name not in names:
            strangers.append(Placed(NAMED, targets[part.name], copy, name=part.name))
        else:
            kept.append((part, copy))
    contents = msgspec.structs.replace(opened.contents, parts=tuple(part for part, _ in kept))
    return Previous(Opened(contents, tuple(copy for _, copy in kept)), tuple(strangers), gone)


def _named(copies: list[Path]) -> tuple[str, str]:
    """Id and name of the site of before."""
    site = next((draft(copy).site for copy in copies if copy.suffix == f".{SITE}"), None)
    return ("", "") if site is None else (site.id, site.name)


def _entries(old: Path, copy: Path, identity: Identity, work: Path) -> None:
    """The local entries of before, as a backup has them."""
    folder = work / "entries_before"
    folder.mkdir(mode=0o700)
    shutil.copyfile(old, folder / ENTRIES_FILE)
    copy.write_bytes(msgspec.json.encode(list(load(folder, identity.public_key).overlay)))
