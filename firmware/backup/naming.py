"""Which files a site file names, and where they lie: by its keys alone, never by what a backup calls them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from firmware.backup.errors import BackupRefused
from firmware.config import escaped
from firmware.config.document import read
from firmware.config.problem import Problems

# (table, key) of the site file, and keys of device tables, whose value is the path of a file to be backed
# up; those of devices are secrets.
TABLE_KEYS = (("faces", "evaluation"), ("rehearsal", "plants"), ("rehearsal", "holders"), ("rehearsal", "rules"))
DEVICE_KEYS = ("key_file", "password_file")
BESIDE = {"key_file": (".pending",)}  # a reader's new key until the reader has proven it (drivers/osdp_keys.py)


def names_in(site: Path) -> dict[str, bool]:
    """The files that a site file names, as it writes them, and whether each is a secret.

    Raises BackupRefused for a file that is no site file.
    """
    problems = Problems()
    document = read(site, problems)
    if document is None:
        raise BackupRefused(f"{site} is no site file", [str(problem) for problem in problems.found])
    return dict(_names(document))


def _names(document: dict[str, object]) -> Iterator[tuple[str, bool]]:
    for key, name in TABLE_KEYS:
        table = document.get(key)
        if isinstance(table, dict) and isinstance(value := table.get(name), str) and value:
            yield value, False
    devices = document.get("device")
    for device in devices if isinstance(devices, list) else ():
        for name in DEVICE_KEYS:
            if isinstance(device, dict) and isinstance(value := device.get(name), str) and value:
                yield value, True
                yield from ((value + suffix, True) for suffix in BESIDE.get(name, ()))


def place_of(name: str, folder: Path, allowed: Sequence[Path] = ()) -> Path:
    """Where a file that a site file in `folder` names belongs: below `folder`, or below one of `allowed`.

    No link may stand on the way below these, nor at its end. Raises BackupRefused.
    """
    written = PurePosixPath(name)
    at = folder / name
    if "\0" in name or ".." in written.parts or at == folder:
        raise BackupRefused(f"The site file names {escaped(name)}: a path with .. is not backed up and not restored")
    for root in (folder, *allowed):
        try:
            inside = at.relative_to(root)
        except ValueError:
            continue
        step = root
        for part in inside.parts:
            step /= part
            if step.is_symlink():
                raise BackupRefused(f"{escaped(str(step))} is a link: put the file itself there, or take it away")
        return at
    raise BackupRefused(
        f"The site file names {escaped(name)}, which lies in none of the folders that a restore may write: the site "
        f"file's and the state folder. Allow it with --folder {escaped(str(at.parent))} where that is meant"
    )
