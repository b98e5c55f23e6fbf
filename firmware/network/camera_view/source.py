"""Our end of the vision process's socket for pictures: one question, one answer, and nothing is kept but the newest.

The ticket that is shown there is worth pictures only once the controller has the purpose in its journal.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from pathlib import Path

from firmware.local_socket import reachable
from firmware.messages import FrameError, FrameReader, pack
from firmware.network.camera_view.errors import NoPictures
from firmware.pictures import LIVE_MS, WAIT_MS_MAX, Pictured, Want

READ_BYTES = 1 << 16
ANSWER_S_MAX = WAIT_MS_MAX / 1_000 + 3.0
ASKING_MAX = 12  # questions at a time, of all windows together; the vision process takes 16
KEPT = 2  # pictures of a camera: a window asks for one after it was told of it
WINDOWS_MAX = 6  # that wait for the next picture of a camera; further ones are told the last


class Pane:
    """One camera under one ticket. `told` is the last answer, `told_s` the loop's time when it came."""

    def __init__(self, ticket: str, camera: str) -> None:
        self.ticket = ticket
        self.camera = camera
        self.told: Pictured | None = None
        self.told_s = 0.0
        self.waiting = 0
        self._jpegs: OrderedDict[int, tuple[bytes, float]] = OrderedDict()
        self._turn = asyncio.Lock()

    def age_ms(self, now_s: float) -> int | None:
        """Of the last picture that there was."""
        if self.told is None or self.told.age_ms is None:
            return None
        return self.told.age_ms + round((now_s - self.told_s) * 1_000)

    def jpeg(self, number: int, now_s: float) -> bytes | None:
        """The picture of this number, as long as it is one of now."""
        jpeg, taken_s = self._jpegs.get(number, (b"", 0.0))
        return jpeg if jpeg and (now_s - taken_s) * 1_000 < 2 * LIVE_MS else None

    def is_new(self, after: int, now_s: float) -> bool:
        """Whether what was told is newer than that, and of now."""
        told, age_ms = self.told, self.age_ms(now_s)
        return told is not None and bool(told.jpeg) and told.at_ns > after and age_ms is not None and age_ms < LIVE_MS

    async def newer(self, source: Source, after: int) -> Pictured:
        """What there is after that picture: the next one, or why there is none. Raises NoPictures."""
        now_s = asyncio.get_running_loop().time
        if self.told is not None and (self.is_new(after, now_s()) or self.waiting >= WINDOWS_MAX):
            return self.told
        self.waiting += 1
        try:
            async with self._turn:
                if self.told is None or not self.is_new(after, now_s()):
                    self._take(await source.ask(Want(self.ticket, self.camera, after)), now_s())
        finally:
            self.waiting -= 1
        assert self.told is not None, "it was told just now"
        return self.told

    def _take(self, told: Pictured, now_s: float) -> None:
        self.told, self.told_s = told, now_s
        if told.jpeg:
            self._jpegs[told.at_ns] = (told.jpeg, now_s - (told.age_ms or 0) / 1_000)
            while len(self._jpegs) > KEPT:
                self._jpegs.popitem(last=False)
        else:
            self._jpegs.clear()


class Source:
    """`path` is the vision process's socket; None: there is none here."""

    def __init__(self, path: str | None) -> None:
        self._path = None if path is None else Path(path)
        self._asking = asyncio.Semaphore(ASKING_MAX)

    async def ask(self, want: Want) -> Pictured:
        """Raises NoPictures where nobody answers."""
        if self._path is None:
            raise NoPictures("no socket for pictures was named")
        async with self._asking:
            try:
                async with asyncio.timeout(ANSWER_S_MAX):
                    return await self._converse(self._path, want)
            except (OSError, FrameError) as error:  # TimeoutError is one
                raise NoPictures(str(error) or "no answer") from error

    @staticmethod
    async def _converse(path: Path, want: Want) -> Pictured:
        with reachable(path) as short:
            reader, writer = await asyncio.open_unix_connection(short)
        try:
            writer.write(pack(want))
            frames = FrameReader(Pictured)
            while received := await reader.read(READ_BYTES):
                for message in frames.feed(received):
                    assert isinstance(message, Pictured), "the decoder takes only these"
                    return message
            raise NoPictures("the vision process has hung up")
        finally:
            writer.close()
