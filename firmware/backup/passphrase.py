"""Where a passphrase comes from: typed twice, or from a file, a descriptor or the environment. Never an argument.

Arguments stand in the list of processes and in the shell's history.
"""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from pathlib import Path

from firmware.backup.errors import BackupMisused
from firmware.backup.sealing import PASSPHRASE_CHARACTERS_MAX, PASSPHRASE_CHARACTERS_MIN, sound_passphrase
from firmware.identity import IdentityError, read_private
from firmware.terminal import a_path, quoted
from firmware.texts import Texts

VARIABLE = "MENSHEN_BACKUP_PASSPHRASE"
BYTES_MAX = 4 * PASSPHRASE_CHARACTERS_MAX
_ADVICE = "A passphrase stands alone in a file of its own, mode 0600."


def add_passphrase(parser: argparse.ArgumentParser) -> None:
    """Add the ways in which a program gives it."""
    least = PASSPHRASE_CHARACTERS_MIN
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument(
        "--passphrase-file",
        type=a_path,
        metavar="FILE",
        help=f"at least {least} characters, alone in a file, mode 0600",
    )
    ways.add_argument("--passphrase-fd", type=a_descriptor, metavar="N", help="or to be read from this descriptor")


def a_descriptor(text: str) -> int:
    """Return the number of an open descriptor."""
    if not text.isascii() or not text.isdecimal() or len(text) > 4:
        raise argparse.ArgumentTypeError(f"{quoted(text)} is no descriptor: write a number such as 3")
    return int(text)


def passphrase_of(arguments: argparse.Namespace, said: Texts, *, new: bool) -> str:
    """The passphrase: as the arguments say, else of the environment, else typed; a `new` one twice.

    Raises BackupMisused.
    """
    if arguments.passphrase_file is not None:
        return _sound(_of_file(arguments.passphrase_file))
    if arguments.passphrase_fd is not None:
        return _sound(_of_descriptor(arguments.passphrase_fd))
    if VARIABLE in os.environ:
        return _sound(os.environ[VARIABLE])
    if not sys.stdin.isatty():
        raise BackupMisused(
            f"a passphrase is typed at a terminal, or given with --passphrase-file, --passphrase-fd or {VARIABLE}"
        )
    typed = _sound(getpass.getpass(said.say("backup.passphrase") + " "))
    if new and getpass.getpass(said.say("backup.passphrase_again") + " ") != typed:
        raise BackupMisused("the two passphrases differ: nothing was made")
    return typed


def _sound(text: str) -> str:
    return sound_passphrase(text.removesuffix("\n").removesuffix("\r"))


def _of_file(path: Path) -> str:
    try:
        content = read_private(path, BYTES_MAX, _ADVICE)
    except (IdentityError, OSError) as error:
        raise BackupMisused(str(error)) from error
    if content is None:
        raise BackupMisused(f"{path}: there is no such file")
    return _text(content)


def _of_descriptor(number: int) -> str:
    content = b""
    try:
        while len(content) <= BYTES_MAX and (more := os.read(number, BYTES_MAX + 1)):
            content += more
    except OSError as error:
        raise BackupMisused(f"descriptor {number}: {error.strerror}") from error
    if len(content) > BYTES_MAX:
        raise BackupMisused(f"descriptor {number}: more than {BYTES_MAX} bytes are no passphrase")
    return _text(content)


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise BackupMisused("a passphrase is text in UTF-8") from error
