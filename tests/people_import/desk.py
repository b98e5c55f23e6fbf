"""The desk over the demo gate's people, with a controller's office that commits whatever it is told."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from firmware.config import load
from firmware.messages import Answer, AskOffice, FrameReader, ListOverlay, Overlaid, TellPeople, pack
from firmware.people.jobs import Jobs, Lane, Work
from firmware.people.line import Desk
from firmware.people.place import Place
from firmware.people.seeking import Index
from firmware.people_words.base import Asker
from firmware.roster.office import SOCKET
from firmware.run import prepare_roster

SITE = Path(__file__).parents[2] / "provisioning" / "sites" / "community_gate.toml"
MANAGER = Asker(name="Li Na", roles=("manager",), address="10.0.0.7")
AUDITOR = Asker(name="Chen Wei", roles=("auditor",), address="10.0.0.8")


class Office:
    """The controller's end: keeps what it was told, and says that it is committed, unless `refuses`."""

    def __init__(self, state: Path) -> None:
        self.told: list[TellPeople] = []
        self.refuses = False
        self._path = state / SOCKET
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(self._path))
        self._listening.listen()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._listening.accept()
            except OSError:
                return
            with peer, contextlib.suppress(OSError):
                frames = FrameReader(AskOffice)
                while received := peer.recv(1 << 16):
                    for ask in frames.feed(received):
                        peer.sendall(pack(self._answer(ask)))

    def _answer(self, ask: AskOffice) -> Answer | Overlaid:
        if isinstance(ask.command, ListOverlay):
            return Overlaid(ask.request, 0, 1, (), False)
        if self.refuses:
            return Answer(ask.request, False, ("not_saved",))
        self.told.append(ask.command)
        return Answer(ask.request, True, ())

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(5)
        self._path.unlink()


class Working(NamedTuple):
    desk: Desk
    office: Office
    state: Path

    def done(self, work_of, question, who: Asker = MANAGER):
        """What long work comes to, done here and now."""
        return work_of(self.desk, who, question, Work("a-job", "Test", who, Lane.WORK))


@contextlib.contextmanager
def working(folder: Path, site: Path = SITE) -> Iterator[Working]:
    config, problems = load(site)
    assert config is not None, problems
    state = folder / "state"
    state.mkdir(mode=0o700)
    prepare_roster(config, state)
    office = Office(state)
    place = Place(config, state, lambda: 0.0)
    try:
        yield Working(Desk(place, Jobs(), Index(place)), office, state)
    finally:
        office.close()
