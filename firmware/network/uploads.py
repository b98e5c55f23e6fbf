"""A file that somebody sends: taken piece by piece, never held, and only after it is proven who sends it.

A browser sends it with a form, whose fields come before the file in the order of the page (RFC 7578, section 5.2): the
token first, so that nothing is taken of whoever has none. To the API it is the whole body, and all else stands in the
head. Every part, name and wait is bounded; what is no form of ours ends at once.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping
from http import HTTPStatus

from starlette.requests import ClientDisconnect, Request

from firmware.network.forms import TOKEN, FormError

UPLOAD_TYPE = "multipart/form-data"
UPLOAD_BYTES_MAX = 64 << 20  # a sheet of 250,000 rows has 25 MB as CSV and 15 MB as XLSX
ABOUT_BYTES_MAX = 16 * 1024  # of the fields around the file, and of the marks between them
DRAINED_BYTES_MAX = 8 * UPLOAD_BYTES_MAX  # of a file that is too large: taken and dropped, so that its sender is told
FIELD_BYTES_MAX = 1024
FIELDS_MAX = 8
PART_HEAD_BYTES_MAX = 2048
NAME_CHARACTERS_MAX = 200
PIECE_BYTES_MAX = 64 * 1024  # handed on at once
BEGIN_S_MAX = 10.0  # for the fields before the file
DRAIN_S_MAX = 30.0
DRAIN_IDLE_S_MAX = 2.0  # nobody who is still sending pauses for longer
UPLOAD_S_MAX = 900.0  # for all of it
WINDOW_S = 20.0  # in each of which so much has to come: a phone in a cellar sends ten times as much
WINDOW_BYTES_MIN = 64 * 1024

_BOUNDARY = re.compile(r'boundary=(?:"([^"\r\n]{1,70})"|([!#$%&\'*+.^_`|~0-9A-Za-z:/=?-]{1,70}))(?:;|$)', re.IGNORECASE)
_NAME = re.compile(r'(?:^|;)\s*name="([^"\r\n]{1,64})"', re.IGNORECASE)
_FILE_NAME = re.compile(r'(?:^|;)\s*filename="([^"\r\n]*)"', re.IGNORECASE)


class TooLarge(FormError):
    """The file is larger than any that is taken."""

    def __init__(self) -> None:
        super().__init__(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


class SessionOver(FormError):
    """Whoever sends was logged out meanwhile, or the token was revoked: nothing more is taken, and nothing shown."""

    def __init__(self) -> None:
        super().__init__(HTTPStatus.UNAUTHORIZED)


class Sent(ABC):
    """A file on its way. `begin` reads what stands before it; then `pieces` gives the file, once."""

    def __init__(self, request: Request, file_bytes_max: int) -> None:
        """Raises FormError where the head does not say how much comes. Nothing of the body is taken yet."""
        declared = request.headers.get("content-length", "")
        if not (declared.isascii() and declared.isdecimal()) or len(declared) > 15:
            raise FormError(HTTPStatus.LENGTH_REQUIRED)
        self._declared = int(declared)
        self._most = file_bytes_max
        self._source = request.stream()
        self._held = bytearray()
        self._now_s = asyncio.get_running_loop().time
        self._end_s = self._now_s() + UPLOAD_S_MAX
        self._fields_end_s = self._now_s() + BEGIN_S_MAX
        self._idle_s = WINDOW_S
        self._waited_s = 0.0  # for the sender, in this window
        self._window_taken = 0
        self._over = False
        self._may: Callable[[], bool] = lambda: True
        self.fields: dict[str, tuple[str, ...]] = {}
        self.file_name = ""

    def allow(self, file_bytes_max: int) -> None:
        """How large the file may be, of a room that takes larger or smaller ones than most; before `begin`."""
        self._most = file_bytes_max

    def only_while(self, may: Callable[[], bool]) -> None:
        """Asked with each piece that comes: where it says no, that was the last one (SessionOver)."""
        self._may = may

    @property
    def declared(self) -> int:
        """How much comes, as the head says."""
        return self._declared

    @abstractmethod
    async def begin(self) -> Mapping[str, tuple[str, ...]]:
        """The fields before the file. Raises FormError; TooLarge where the head says that more comes than is taken."""

    @abstractmethod
    def pieces(self) -> AsyncIterator[bytes]:
        """The file, in pieces of at most PIECE_BYTES_MAX. Raises FormError where it does not come whole."""

    async def drain(self) -> None:
        """Take and drop what still comes, within limits: whoever is still sending does not read an answer."""
        dropped = 0
        self._fields_end_s = self._end_s = self._now_s() + DRAIN_S_MAX
        self._idle_s = DRAIN_IDLE_S_MAX
        self._may = lambda: True  # what is dropped may come from anybody
        try:
            while not self._over and dropped < DRAINED_BYTES_MAX:
                self._held.clear()
                await self._more()
                dropped += len(self._held)
        except FormError:
            return  # it is over, or too slow: whatever is answered now is answered

    async def _more(self) -> None:
        """Take what comes next. Raises FormError where nothing does, or too little in too long a time."""
        begun_s = self._now_s()
        try:
            async with asyncio.timeout_at(min(begun_s + self._idle_s, self._fields_end_s, self._end_s)):
                piece = await anext(self._source)
        except StopAsyncIteration:
            self._over = True
            raise FormError(HTTPStatus.BAD_REQUEST) from None
        except ClientDisconnect as error:
            self._over = True
            raise FormError(HTTPStatus.BAD_REQUEST) from error
        except TimeoutError as error:
            raise FormError(HTTPStatus.REQUEST_TIMEOUT) from error
        if not self._may():
            raise SessionOver
        self._held += piece
        self._window_taken += len(piece)
        self._waited_s += self._now_s() - begun_s
        if self._waited_s >= WINDOW_S:
            if self._window_taken < WINDOW_BYTES_MIN:
                raise FormError(HTTPStatus.REQUEST_TIMEOUT)
            self._waited_s, self._window_taken = 0.0, 0


class Upload(Sent):
    """A form with a file. Its `token` is read first, its other fields by `begin`."""

    def __init__(self, request: Request, file_bytes_max: int = UPLOAD_BYTES_MAX) -> None:
        """Raises FormError for what is no such form. Nothing of the body is taken yet."""
        kind = request.headers.get("content-type", "")
        matched = _BOUNDARY.search(kind)
        if kind.partition(";")[0].strip().lower() != UPLOAD_TYPE or matched is None:
            raise FormError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        super().__init__(request, file_bytes_max)
        self._mark = b"\r\n--" + (matched[1] or matched[2]).encode("ascii", "replace")
        self._held += b"\r\n"  # the first mark has no line end before it

    @property
    def is_too_large(self) -> bool:
        """Whether the head says already that more comes than is taken."""
        return self._declared > self._most + ABOUT_BYTES_MAX

    async def token(self) -> str:
        """The first field, which has to be the token. Raises FormError."""
        await self._until(self._mark, 2)
        name, is_file = await self._part()
        if name != TOKEN or is_file:
            raise FormError(HTTPStatus.BAD_REQUEST)
        self.fields[TOKEN] = (await self._field(),)
        return self.fields[TOKEN][0]

    async def begin(self) -> Mapping[str, tuple[str, ...]]:
        """The fields before the file. Raises FormError; TooLarge where the head says that more comes than is taken."""
        for _ in range(FIELDS_MAX):
            name, is_file = await self._part()
            if is_file:
                break
            self.fields[name] = (*self.fields.get(name, ()), await self._field())
        else:
            raise FormError(HTTPStatus.BAD_REQUEST)
        self._fields_end_s = self._end_s
        if self.is_too_large:
            raise TooLarge
        return self.fields

    async def pieces(self) -> AsyncIterator[bytes]:
        """The file, in pieces of at most PIECE_BYTES_MAX. Raises FormError where it does not come whole."""
        taken, at = 0, -1
        while at < 0:
            at = self._held.find(self._mark)
            ready = at if at >= 0 else max(0, len(self._held) - len(self._mark) + 1)
            taken += ready
            if taken > self._most:
                raise TooLarge
            for begin in range(0, ready, PIECE_BYTES_MAX):
                yield bytes(self._held[begin : min(ready, begin + PIECE_BYTES_MAX)])
            del self._held[:ready]
            if at < 0:
                await self._more()
        del self._held[: len(self._mark)]
        await self._until(b"--", 0)  # the file is the last part: what follows would be a second
        self._over = True

    # -- pieces of a form ---------------------------------------------------------------------------------------------

    async def _part(self) -> tuple[str, bool]:
        """The name of the part that begins, and whether it is a file."""
        await self._until(b"\r\n", 0)  # not the end of the form: that would have no file
        head = bytes(await self._until(b"\r\n\r\n", PART_HEAD_BYTES_MAX)).decode("utf-8", "replace")
        lines = {
            name.strip().lower(): content for name, _, content in (line.partition(":") for line in head.split("\r\n"))
        }
        disposition = lines.get("content-disposition", "")
        named = _NAME.search(disposition)
        if named is None or not disposition.strip().lower().startswith("form-data"):
            raise FormError(HTTPStatus.BAD_REQUEST)
        file = _FILE_NAME.search(disposition)
        if file is not None:
            self.file_name = _plain(file[1])
        return named[1], file is not None

    async def _field(self) -> str:
        content = bytes(await self._until(self._mark, FIELD_BYTES_MAX))
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise FormError(HTTPStatus.BAD_REQUEST) from error

    async def _until(self, mark: bytes, most: int) -> bytearray:
        """What comes before `mark`, at most so many bytes; the mark is taken too. Raises FormError."""
        while (at := self._held.find(mark, 0, most + len(mark))) < 0:
            if len(self._held) >= most + len(mark):
                raise FormError(HTTPStatus.BAD_REQUEST)
            await self._more()
        found = self._held[:at]
        del self._held[: at + len(mark)]
        return found


class Body(Sent):
    """A whole body, as the API takes one. What a form has in fields stands in the head, and is told by `about`."""

    def __init__(self, request: Request, file_bytes_max: int = UPLOAD_BYTES_MAX) -> None:
        """Raises FormError. Nothing of the body is taken yet."""
        super().__init__(request, file_bytes_max)
        self._fields_end_s = self._end_s
        self._digest = hashlib.sha256()

    def about(self, file_name: str, **fields: str) -> None:
        """What the head says of the file; before `begin`."""
        self.file_name = _plain(file_name)
        self.fields = {name: (text,) for name, text in fields.items()}

    @property
    def sha256(self) -> bytes:
        """Of what was taken."""
        return self._digest.digest()

    async def begin(self) -> Mapping[str, tuple[str, ...]]:
        """Raises TooLarge where the head says that more comes than is taken."""
        if self._declared > self._most:
            raise TooLarge
        return self.fields

    async def pieces(self) -> AsyncIterator[bytes]:
        """The file, in pieces of at most PIECE_BYTES_MAX. Raises FormError where it does not come whole."""
        taken = 0
        while taken < self._declared:
            await self._more()
            taken += len(self._held)
            if taken > self._most:
                raise TooLarge
            self._digest.update(self._held)
            for begin in range(0, len(self._held), PIECE_BYTES_MAX):
                yield bytes(self._held[begin : begin + PIECE_BYTES_MAX])
            self._held.clear()
        self._over = True

    async def take(self) -> None:
        """All of it, and forget it: only its digest is wanted. Raises FormError, TooLarge."""
        await self.begin()
        async for _ in self.pieces():
            pass


def _plain(name: str) -> str:
    """The last part of a file's name, as people read it: no folders, nothing that cannot be printed."""
    last = re.split(r"[/\\]", name)[-1]
    shown = "".join(letter for letter in last if letter.isprintable()).strip()
    return shown[:NAME_CHARACTERS_MAX]
