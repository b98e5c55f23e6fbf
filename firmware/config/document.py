"""A site file as a document: its tables as they stand, before anything gives them their types.

`wiring_of` is all that `menshen safe` reads: board and devices, whatever else is wrong in the file.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec

from firmware.config.problem import Problems, escaped, key_shown, shown

FILE_BYTES_MAX = 1 << 20  # the largest site we can think of (256 portals) is a quarter of this
INT_BITS_MAX = 1_024
WHOLE = "file"  # the path of a problem of the file as a whole
PORTALS_MAX = 256
DEVICES_MAX = 512  # one loop serves them all
NAMED_MAX = 256  # areas, readers
PEERS_MAX = 64  # controllers of one community; each tells every few seconds
LISTS = {"area": NAMED_MAX, "peer": PEERS_MAX, "reader": NAMED_MAX, "portal": PORTALS_MAX, "device": DEVICES_MAX}
POINT_KEYS = ("inputs", "outputs")  # of a device with several points: its points by name, with the ids of the site
OWN_POINT_KEYS = ("tamper", "power")  # of a reader that tells of its own cover and supply: the id of the site


class PointDraft(msgspec.Struct, frozen=True):
    """One point of a device that has several: the site uses its id as it uses a device's."""

    path: str
    id: str


class DeviceDraft(msgspec.Struct, frozen=True):
    """A device table, raw; `id` is its id, or empty."""

    path: str
    id: str
    table: dict[str, object]
    points: tuple[PointDraft, ...] = ()


class Wiring(msgspec.Struct, frozen=True):
    """The part of a site file that is about wires, raw."""

    board: dict[str, object]
    devices: list[DeviceDraft]


def wiring_of(path: Path, problems: Problems) -> Wiring:
    """Read board and devices of a file; what cannot be read is empty, with a problem."""
    document = read(path, problems) or {}
    return Wiring(board_of(document, problems), devices_of(document, problems))


def read(path: Path, problems: Problems) -> dict[str, object] | None:
    """Read and parse the file; one problem where that cannot be done."""
    try:
        with path.open("rb") as file:
            content = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        problems.add(WHOLE, shown(str(path)), "file_unreadable", why=error.strerror or str(error))
        return None
    if len(content) > FILE_BYTES_MAX:
        problems.add(WHOLE, shown(str(path)), "file_too_large", most=FILE_BYTES_MAX)
        return None
    try:
        document = tomllib.loads(content.decode("utf-8-sig"))
        _demand_sizes(document)
        return document
    except UnicodeDecodeError as error:
        problems.add(WHOLE, f"0x{content[error.start]:02x} @ {error.start}", "file_encoding")
    except ValueError as error:  # TOMLDecodeError is one
        problems.add(WHOLE, escaped(str(error)), "file_syntax")
    except RecursionError:
        problems.add(WHOLE, "[[[[...", "file_nesting")
    return None


def _demand_sizes(document: dict[str, object]) -> None:
    """Raises ValueError for a number of thousands of digits: Python writes none in decimals (TOML ends at 64 bits)."""
    waiting: list[object] = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, int) and value.bit_length() > INT_BITS_MAX:
            raise ValueError(f"a number has {value.bit_length()} bits")


def tables_of(document: dict[str, object], key: str, problems: Problems) -> list[tuple[str, dict[str, object]]]:
    """Return the tables of `[[key]]` with their paths."""
    value = document.get(key, [])
    if not isinstance(value, list):
        problems.add(key, shown(value), "list_of_tables", key=key)
        return []
    if len(value) > LISTS[key]:
        problems.add(key, str(len(value)), "list_length", least=0, most=LISTS[key])
    tables = []
    for index, item in enumerate(value[: LISTS[key]]):
        if isinstance(item, dict):
            tables.append((f"{key}[{index}]", item))
        else:
            problems.add(f"{key}[{index}]", shown(item), "table")
    return tables


def board_of(document: dict[str, object], problems: Problems) -> dict[str, object]:
    board = document.get("board")
    if board is None:
        problems.add("board", "-", "missing")
    elif not isinstance(board, dict):
        problems.add("board", shown(board), "table")
    else:
        return board
    return {}


def devices_of(document: dict[str, object], problems: Problems) -> list[DeviceDraft]:
    return [_device(table, path, problems) for path, table in tables_of(document, "device", problems)]


def _device(table: dict[str, object], path: str, problems: Problems) -> DeviceDraft:
    """Take a device table as it is; only its id is ours. An id that is none is reported by whoever types the table."""
    name = table.get("id")
    if "id" not in table:
        problems.add(f"{path}.id", "-", "missing")
    points = tuple(
        PointDraft(f"{path}.{key}.{key_shown(point)}", name_of)
        for key in POINT_KEYS
        if isinstance(named := table.get(key), dict)
        for point, name_of in named.items()
        if isinstance(name_of, str) and name_of
    )
    own = tuple(
        PointDraft(f"{path}.{key}", point)
        for key in OWN_POINT_KEYS
        if isinstance(point := table.get(key), str) and point
    )
    return DeviceDraft(path, name if isinstance(name, str) else "", table, (*points, *own))
