"""All rooms of the page, put together: the one place that names them. The table of routes says what each answers."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import NamedTuple

from firmware.network.accounts.api import AccountApi
from firmware.network.accounts.desk import AccountDesk
from firmware.network.accounts.diary import Diary
from firmware.network.accounts.pages import AccountPages
from firmware.network.acts.desk import ActDesk
from firmware.network.acts.pages import ActPages
from firmware.network.api.answering import answering
from firmware.network.api.client import still
from firmware.network.api.room import ApiRoom
from firmware.network.backup.room import BackupRoom
from firmware.network.calling.room import CallRoom
from firmware.network.camera_view.room import CameraRoom
from firmware.network.devices.logs import Logs
from firmware.network.devices.room import DevicesRoom
from firmware.network.events import RecentEvents
from firmware.network.hosts import Hosts
from firmware.network.imports.room import ImportRoom
from firmware.network.journal.room import JournalRoom
from firmware.network.label.pages import LabelRoom
from firmware.network.link import Link
from firmware.network.live import Live
from firmware.network.page import Page
from firmware.network.people.asks import PeopleAsks
from firmware.network.people.room import PeopleRoom
from firmware.network.questions.room import QuestionRoom
from firmware.network.rendering import Rendering
from firmware.network.review.room import ReviewRoom
from firmware.network.routes import Room
from firmware.network.rules.pages import Seams
from firmware.network.rules.room import RulesRoom
from firmware.network.sessions import Sessions
from firmware.network.settings import Settings
from firmware.network.streams import Streams


class Given(NamedTuple):
    """What rooms are made of. `people` and `pictures` are sockets of other processes, where there are any."""

    settings: Settings
    live: Live
    events: RecentEvents
    streams: Streams
    sessions: Sessions
    link: Link
    diary: Diary
    desk: AccountDesk
    rendering: Rendering
    hosts: Hosts
    port: int  # of the page
    cookie: str  # the session cookie's name
    state: Path | None = None
    people: str | None = None
    pictures: str | None = None
    logs: Logs | None = None


class Rooms:
    """Made once, in the event loop. `close` ends them, before the server is told to stop."""

    def __init__(self, given: Given) -> None:
        settings, live, link, rendering = given.settings, given.live, given.link, given.rendering
        sessions, diary, events, desk = given.sessions, given.diary, given.events, given.desk
        act_desk = ActDesk(settings.gate, live, link.ask, given.streams.ring)
        acts = ActPages(act_desk, rendering)
        journal = JournalRoom(live, diary, link, rendering, sessions, settings)
        api = ApiRoom(
            live,
            events,
            given.streams,
            sessions,
            rendering,
            desk,
            diary,
            act_desk,
            acts,
            journal,
            settings,
            given.state,
            given.cookie,
        )
        people = PeopleAsks(given.people)
        self.label = LabelRoom(live, rendering, settings, given.port)
        self.clients = api.clients
        # Each: what answers its lines of the table of routes, and its end.
        self._rooms: list[Room] = [
            journal,
            api,
            BackupRoom(live, link, rendering, sessions, settings),
            self.label,
            AccountApi(desk, live, rendering),
            CallRoom(link, act_desk, live, rendering),
            DevicesRoom(live, link, rendering, sessions, settings, given.logs, people, given.streams),
            CameraRoom(live, link, rendering, sessions, settings, given.pictures, people),
            PeopleRoom(people, rendering, settings),
            ImportRoom(people, rendering, settings, sessions),
            QuestionRoom(people, live, rendering, settings),
            RulesRoom(Seams(people, live, rendering, settings)),
            ReviewRoom(Seams(people, live, rendering, settings), diary),
        ]
        calls = {name: call for room in self._rooms for name, call in room.calls().items()}
        now_s = asyncio.get_running_loop().time
        answers = answering(
            calls,
            lambda request: rendering.speaker(request).words,
            lambda session: still(sessions, session, now_s()),
        )
        accounts = AccountPages(desk, rendering)
        self.page = Page(live, events, sessions, rendering, accounts, given.hosts, acts, answers)

    async def close(self) -> None:
        """Idempotent, as each room's."""
        for room in self._rooms:
            await room.close()
