"""Opens a table, whatever its name says: its bytes say what it is. What is no table is named, with what to do."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path
from typing import BinaryIO

from firmware.roster.errors import RosterMissing, shown
from firmware.roster.sheets.archive import Archive
from firmware.roster.sheets.errors import SheetError
from firmware.roster.sheets.table import FILE_BYTES_MAX, Table
from firmware.roster.sheets.text_table import TextTable
from firmware.roster.sheets.workbook import Workbook

_PROBE_BYTES = 4_096
_CHUNK_BYTES = 1 << 20
_SAVE_AS = "open it in the spreadsheet program and save it as .xlsx or as CSV UTF-8"
_UNPACK = "unpack it and give the table inside"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = b"PK\3\4"
_ZIP_OTHER = (b"PK\5\6", b"PK\7\10")  # empty, spanned
# Streams inside an OLE file (MS-CFB), by their names in UTF-16: the first that is there tells.
_OLE_STREAMS = (
    ("EncryptedPackage", "it is protected by a password", "save it without a password"),
    ("WordDocument", "this is a Word document", "copy its table into a spreadsheet and save that as .xlsx"),
    ("Workbook", "this is an old .xls workbook", _SAVE_AS),
    ("Book", "this is an old .xls workbook", _SAVE_AS),
)
# What a file begins with, small letters where it is text.
_STARTS: tuple[tuple[bytes, str, str], ...] = (
    (b"{\\rtf", "this is a text document (RTF)", "copy its table into a spreadsheet and save that as .xlsx"),
    (b"%pdf", "this is a PDF", "ask for the table that it was printed from"),
    (b"\x1f\x8b", "this is a compressed file (gzip)", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "this is an archive (7z)", _UNPACK),
    (b"rar!", "this is an archive (RAR)", _UNPACK),
    (b"\x89png", "this is a picture", "ask for the table that it shows"),
    (b"\xff\xd8\xff", "this is a picture", "ask for the table that it shows"),
    (b"sqlite format 3\0", "this is a database (SQLite)", "give a table, .xlsx or CSV"),
    (b"\x09\x00\x04\x00", "this is a very old .xls sheet", _SAVE_AS),
    (b"\x09\x02\x06\x00", "this is a very old .xls sheet", _SAVE_AS),
    (b"\x09\x04\x06\x00", "this is a very old .xls sheet", _SAVE_AS),
    (b"\x09\x08", "this is a very old .xls sheet", _SAVE_AS),
)
_WEB_PAGE = (b"<html", b"<!doctype html", b"<table", b"<meta", b"<head", b"<style", b"<body")
# Parts that tell what a zip is that is no .xlsx.
_PARTS = (
    ("xl/workbook.bin", "this is a binary workbook (.xlsb)", "save it as .xlsx"),
    ("word/document.xml", "this is a Word document", "copy its table into a spreadsheet and save that as .xlsx"),
    ("ppt/presentation.xml", "this is a presentation", "give a table, .xlsx or CSV"),
    ("content.xml", "this is an OpenDocument file (.ods)", "save it as .xlsx"),
    ("index/document.iwa", "this is a Numbers file", "export it as .xlsx"),
)


def open_table(path: Path) -> Table:
    """The table in a file, CSV or XLSX, to be closed after use (it is a context manager).

    Raises RosterMissing where there is no file, and SheetError where it is none that can be read.
    """
    file = _opened(path)
    try:
        probe = file.read(_PROBE_BYTES)
        digest = _sha256(file)
        if probe.startswith(_ZIP):
            return _workbook(file, path, digest)
        _refuse_others(file, path, probe)
        return TextTable(file, path, digest)
    except BaseException:
        file.close()
        raise


def _opened(path: Path) -> BinaryIO:
    try:
        # Not blocking: a pipe in the place of the file must not hang this.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise RosterMissing(f"{shown(str(path), bare=True)}: there is no such file") from error
    except OSError as error:
        raise SheetError(path, str(error.strerror), "the file must be readable") from error
    about = os.fstat(descriptor)
    found = None
    if stat.S_ISDIR(about.st_mode):
        found = SheetError(path, "this is a folder", "name a file in it")
    elif not stat.S_ISREG(about.st_mode):
        found = SheetError(path, "this is no file but a device or a pipe", "name a file")
    elif about.st_size == 0:
        found = SheetError(path, "the file is empty", "it must hold a table")
    elif about.st_size > FILE_BYTES_MAX:
        found = SheetError(path, f"{about.st_size} bytes", f"{FILE_BYTES_MAX} are allowed: split it")
    if found is not None:
        os.close(descriptor)
        raise found
    return os.fdopen(descriptor, "rb")


def _sha256(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    file.seek(0)
    while chunk := file.read(_CHUNK_BYTES):
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()


def _workbook(file: BinaryIO, path: Path, digest: str) -> Workbook:
    archive = Archive(file, path)
    for part, found, allowed in _PARTS:
        if part in archive:
            raise SheetError(path, found, allowed)
    if Workbook.is_one(archive):
        return Workbook(file, path, digest, archive)
    inside = [name for name in archive.names() if name.endswith((".xlsx", ".xls", ".csv", ".txt"))]
    if inside:
        raise SheetError(path, f"this is a zip archive with {shown(inside[0])} in it", _UNPACK)
    raise SheetError(path, "this is a zip archive without a workbook", "give a table, .xlsx or CSV")


def _refuse_others(file: BinaryIO, path: Path, probe: bytes) -> None:
    """Raise SheetError for everything that is known to be no text table."""
    if probe.startswith(_OLE):
        raise SheetError(path, *_told_by_streams(file))
    if probe.startswith(_ZIP_OTHER):
        raise SheetError(path, "this is an empty or divided zip archive", "give a table, .xlsx or CSV")
    small = probe.lower()
    for start, found, allowed in _STARTS:
        if small.startswith(start):
            raise SheetError(path, found, allowed)
    text = small.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(_WEB_PAGE):
        raise SheetError(path, "this is a web page, whatever its name says", _SAVE_AS)
    if text.startswith(b"<?xml"):
        spreadsheet = b"urn:schemas-microsoft-com:office:spreadsheet" in text
        raise SheetError(path, "this is an XML spreadsheet of 2003" if spreadsheet else "this is XML", _SAVE_AS)
    if probe[:2] not in (b"\xff\xfe", b"\xfe\xff") and probe.count(0) * 8 > len(probe):
        raise SheetError(path, "this is no text, or UTF-16 without its mark", "save it as .xlsx or as CSV UTF-8")


def _told_by_streams(file: BinaryIO) -> tuple[str, str]:
    """What an OLE file is, by the names of its streams: (found, allowed)."""
    there = set()
    file.seek(0)
    tail = b""
    while chunk := file.read(_CHUNK_BYTES):
        window = tail + chunk
        there |= {name for name, *_ in _OLE_STREAMS if name.encode("utf-16-le") in window}
        tail = window[-64:]
    for name, found, allowed in _OLE_STREAMS:
        if name in there:
            return found, allowed
    return "this is an old Office file", _SAVE_AS
