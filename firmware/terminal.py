"""What the commands share: arguments as people write them, and lines that any terminal can take."""

from __future__ import annotations

import argparse
import io
import os
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from firmware.config import escaped
from firmware.identity import FILE_BYTES_MAX, FILE_NAME, KEY_BYTES, PUBLIC_NAME, Identity, PublicHalf
from firmware.texts import LANGUAGES, Texts, TextsError, texts

DONE, SAID_NO, MISUSED = 0, 1, 2  # exit status

ARGUMENT_CHARACTERS_MAX = 4_096  # PATH_MAX of Linux; no other argument is as long
PURPOSE_CHARACTERS_MIN, PURPOSE_CHARACTERS_MAX = 5, 200  # a word at least, a sentence at most
SHOWN_CHARACTERS_MAX = 60
IDENTITY_FOLDER = "identity"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class TerminalError(Exception):
    """Something that was asked for cannot be done so: what was written, and what is allowed."""


# -- arguments: for `type=` of argparse, so that a wrong one is exit status 2 ------------------------------------------


def a_text(text: str) -> str:
    """Return an argument that is text: no NUL, no byte that is no UTF-8, no novel."""
    if len(text) > ARGUMENT_CHARACTERS_MAX:
        raise argparse.ArgumentTypeError(f"{len(text)} characters; at most {ARGUMENT_CHARACTERS_MAX} are allowed")
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise argparse.ArgumentTypeError(f"{quoted(text)} is no text: write it in UTF-8, without NUL")
    return text


def a_path(text: str) -> Path:
    """Return a path; names of files may hold any byte but NUL."""
    if not text or "\0" in text or len(text) > ARGUMENT_CHARACTERS_MAX:
        raise argparse.ArgumentTypeError(f"{quoted(text)} is no path")
    return Path(text)


def a_key(text: str) -> bytes:
    """Return an Ed25519 public key that is written as 64 hexadecimal digits."""
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise argparse.ArgumentTypeError(
            f"{quoted(text)} is no public key: write its 64 hexadecimal digits, as `identity.public.json` has them"
        )
    return key


def a_purpose(text: str) -> str:
    """Return a purpose as it is kept: one line that says something."""
    line = " ".join(a_text(text).split())
    if not PURPOSE_CHARACTERS_MIN <= len(line) <= PURPOSE_CHARACTERS_MAX or not line.isprintable():
        allowed = f"{PURPOSE_CHARACTERS_MIN} to {PURPOSE_CHARACTERS_MAX} printable characters on one line"
        raise argparse.ArgumentTypeError(f"{quoted(text)}: say why in {allowed}")
    return line


def a_zone(text: str) -> tzinfo:
    """Return a time zone by its name in the time zone database."""
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError):  # unknown, no name, or the name of a folder of zones
        raise argparse.ArgumentTypeError(f"{quoted(text)} is no time zone: write one such as Asia/Shanghai") from None


def instant_ms(text: str, zone: tzinfo | None) -> int:
    """Return UTC milliseconds of an ISO 8601 instant; without an offset it is local in `zone` (None: the machine's).

    Where the clocks went back, the first of the two is meant. Raises TerminalError.
    """
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.astimezone() if zone is None else moment.replace(tzinfo=zone)
        return (moment - _EPOCH) // timedelta(milliseconds=1)
    except (ValueError, OverflowError, OSError):
        allowed = "write it like 2026-11-23, 2026-11-23T08:30 or 2026-11-23T08:30:00+08:00"
        raise TerminalError(f"time {quoted(text)}: {allowed}") from None


def now_utc_s() -> int:
    """UTC seconds, for a command that writes down when it was given: the controller's clock is another one."""
    return int(datetime.now(UTC).timestamp())  # noqa: TID251


def add_language(parser: argparse.ArgumentParser) -> None:
    """Add --json and --language."""
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--language", choices=sorted(LANGUAGES), help="of what people read (default: the terminal's)")


def language_of(arguments: argparse.Namespace) -> Texts:
    """Return the texts that were asked for, or the terminal's (POSIX: LC_ALL before LC_MESSAGES before LANG)."""
    names = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return texts(arguments.language or next((name for name in names if name), "en"))


# -- lines ------------------------------------------------------------------------------------------------------------


def prepare_output() -> None:
    """Show what the terminal's encoding lacks as an escape instead of ending with an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def complain(command: str, error: object) -> None:
    """Say on standard error what went wrong, with nothing in it that a terminal would obey."""
    lines = str(error).split("\n")
    print(f"menshen {command}: " + "\n".join(escaped(line) for line in lines), file=sys.stderr)


def quoted(text: str) -> str:
    """Return a text for a message: short, on one line, in quotes."""
    return f'"{escaped(text, SHOWN_CHARACTERS_MAX)}"'


def moment(utc_ms: int | None, zone: tzinfo | None) -> str | None:
    """Return local date, time and offset; None where the time is unknown or no calendar has it."""
    if utc_ms is None:
        return None
    try:
        return (_EPOCH + timedelta(milliseconds=utc_ms)).astimezone(zone).isoformat(" ", "seconds")
    except (OverflowError, ValueError, OSError):
        return None


def reason(said: Texts, code: str) -> str:
    """Return a reason in words; one that this release has no words for is shown as it is."""
    try:
        return escaped(said.reason(code))
    except TextsError:
        return escaped(code)


def table(rows: Sequence[Sequence[str]]) -> Iterable[str]:
    """Yield lines with aligned columns; Chinese characters are two columns wide."""
    if not rows:
        return
    widths = [max(width(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [cell + " " * (columns - width(cell)) for cell, columns in zip(row, widths, strict=True)]
        yield "  ".join(cells).rstrip()


def width(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def fitted(text: str, columns: int) -> str:
    """Return a text that takes so many columns exactly: cut with a mark that says so, or filled up with spaces."""
    if width(text) <= columns:
        return text + " " * (columns - width(text))
    kept = ""
    for character in text:
        if width(kept + character) >= columns:
            break
        kept += character
    return kept + "~" * min(1, columns) + " " * (columns - width(kept) - 1)


class Progress:
    """Shows how far a long command is, on a terminal only. `end` removes it."""

    def __init__(self) -> None:
        self._shown = 0
        self._wanted = sys.stderr.isatty()

    def rows(self, done: int, total: int | None = None) -> None:
        if not self._wanted:
            return
        text = f"{done:,}" if not total else f"{done:,} / {total:,} ({100 * done // total} %)"
        print(f"\r{text:<{self._shown}}", end="", file=sys.stderr, flush=True)
        self._shown = len(text)

    def end(self) -> None:
        if self._shown:
            print(f"\r{' ' * self._shown}\r", end="", file=sys.stderr, flush=True)
            self._shown = 0


# -- a controller's state folder --------------------------------------------------------------------------------------


def own_identity(state: Path) -> Identity:
    """Return the identity that stands in a state folder; none is made. Raises TerminalError, IdentityError."""
    folder = state / IDENTITY_FOLDER
    try:
        there = (folder / FILE_NAME).exists() or (folder / PUBLIC_NAME).exists()
    except OSError as error:
        raise TerminalError(f"{folder}: {error.strerror}. Run this as the controller's user.") from error
    if not there:
        raise TerminalError(f"{folder} holds no identity: give the folder in which the controller keeps its state")
    return Identity.load_or_create(folder)


def public_key_of(state: Path) -> bytes | None:
    """Return the public key of the controller whose state folder this is; None where none is named.

    Raises TerminalError.
    """
    path = state / IDENTITY_FOLDER / PUBLIC_NAME
    try:
        with path.open("rb") as file:
            half = msgspec.json.decode(file.read(FILE_BYTES_MAX), type=PublicHalf)
        key = bytes.fromhex(half.public_key)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise TerminalError(f"{path}: {error.strerror}. Give the key with --key.") from error
    except (msgspec.MsgspecError, ValueError) as error:
        raise TerminalError(f"{path} names no public key ({error}). Give the key with --key.") from error
    if len(key) != KEY_BYTES:
        raise TerminalError(f"{path} names a key of {len(key)} bytes, not {KEY_BYTES}. Give the key with --key.")
    return key
