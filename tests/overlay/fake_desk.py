"""The far end of the office's commands: a socket that answers as it is told, and keeps what it was asked."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterable
from contextlib import contextmanager, suppress
from pathlib import Path

from firmware.messages import AskOffice, FrameReader, Message, pack

LIMIT_S = 20


class FakeDesk:
    """`answers` makes the frames (or raw bytes) that follow a command; an empty list ends the connection."""

    def __init__(self, listening: socket.socket, answers: Callable[[AskOffice], Iterable[Message | bytes]]) -> None:
        self.asked: list[AskOffice] = []
        self._listening = listening
        self._answers = answers
        self._thread = threading.Thread(target=self._serve, name="fake desk")
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return  # the test is over
            with connection, suppress(ConnectionError):  # who asked has heard enough
                connection.settimeout(LIMIT_S)
                self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        frames = FrameReader(AskOffice)
        while received := connection.recv(1 << 16):
            for asked in frames.feed(received):
                self.asked.append(asked)
                for answer in self._answers(asked):
                    connection.sendall(answer if isinstance(answer, bytes) else pack(answer))
                    if answer == b"":
                        return

    def stop(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._thread.join(LIMIT_S)
        assert not self._thread.is_alive()


@contextmanager
def fake_desk(state: Path, answers: Callable[[AskOffice], Iterable[Message | bytes]]):
    """Serve `state`/office.sock; yields the FakeDesk."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    folder = os.open(state, os.O_PATH | os.O_DIRECTORY)
    listening.bind(f"/proc/self/fd/{folder}/office.sock")
    os.close(folder)
    listening.listen()
    desk = FakeDesk(listening, answers)
    try:
        yield desk
    finally:
        desk.stop()
        listening.close()
