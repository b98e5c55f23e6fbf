"""Our end of the controller's socket: which cameras to look through comes in, states and sightings go out.

It is looked for again with growing pauses; cameras go on meanwhile, and what they see then is told to nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from firmware.local_socket import reachable
from firmware.messages import FrameError, FrameReader, Message, pack
from firmware.sightings import AnyToVision

RETRY_FIRST_S, RETRY_S_MAX = 0.25, 5.0
CONNECT_S_MAX = 3.0
READ_BYTES = 1 << 16
UNSENT_BYTES_MAX = 1 << 16  # a controller that reads so little is busy: a sighting would be stale anyhow


class Link:
    """`on_said` takes each order, and each ask. `unsaid` counts what could not be told."""

    def __init__(self, path: Path, on_said: Callable[[AnyToVision], None]) -> None:
        self.on_lost: Callable[[], None] = lambda: None  # the connection has ended
        self.unsaid = 0
        self.losses = 0
        self._path = path
        self._on_said = on_said
        self._writer: asyncio.StreamWriter | None = None

    @property
    def connected(self) -> bool:
        return self._writer is not None

    def tell(self, message: Message) -> bool:
        """Say it now or never."""
        writer = self._writer
        if writer is None or writer.is_closing() or writer.transport.get_write_buffer_size() > UNSENT_BYTES_MAX:
            self.unsaid += 1
            return False
        writer.write(pack(message))
        return True

    async def run(self) -> None:
        """Until cancelled."""
        pause_s = RETRY_FIRST_S
        while True:
            if await self._converse():
                pause_s = RETRY_FIRST_S  # it spoke: not the same failure again
            await asyncio.sleep(pause_s)
            pause_s = min(RETRY_S_MAX, pause_s * 2)

    async def _converse(self) -> bool:
        """One connection, from its opening to its end; whether it said anything."""
        spoke = False
        try:
            async with asyncio.timeout(CONNECT_S_MAX):
                with reachable(self._path) as short:
                    reader, self._writer = await asyncio.open_unix_connection(short)
            frames = FrameReader(AnyToVision)
            while received := await reader.read(READ_BYTES):
                for message in frames.feed(received):
                    assert isinstance(message, AnyToVision), "the decoder takes only these"
                    spoke = True
                    self._on_said(message)
        except (OSError, TimeoutError, FrameError):
            self.losses += 1
        finally:
            writer, self._writer = self._writer, None
            if writer is not None:
                writer.close()
            self.on_lost()
        return spoke
