"""Asks the people process for what a person wants at the page: one connection for each question, within a time.

Where it is away, or says something that is not of this protocol, that is said; nothing is asked twice by itself.
"""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path
from typing import TypeVar

from firmware.local_socket import reachable
from firmware.messages import FrameError, FrameReader, pack
from firmware.network.accounts.account import Role
from firmware.network.errors import NetworkError
from firmware.network.sessions import Session
from firmware.people_words.asking import AnyFound, AnyQuestion, AskPeople, ToldByPeople
from firmware.people_words.base import Asker, Found, Refused

ANSWER_S_MAX = 20.0  # the controller has 15 s to answer the desk
CONNECT_S_MAX = 2.0
READ_BYTES = 1 << 16
REQUEST_BYTES = 9
OPEN_MAX = 24

F = TypeVar("F", bound=Found)


class PeopleSaid(NetworkError):
    """It is not done. `said` has the word of the page, what fills it, and the field that is wrong."""

    def __init__(self, said: Refused) -> None:
        super().__init__(said.word)
        self.said = said


class PeopleAway(PeopleSaid):
    """Nobody answers: nothing was done, or (word people_silent) it is not known whether it was."""


class PeopleAsks:
    """`path` is the people process's socket; None: there is none here."""

    def __init__(self, path: str | None) -> None:
        self._path = path
        self._open = 0

    @property
    def there(self) -> bool:
        """Whether there is a list of people here at all."""
        return self._path is not None

    async def ask(self, question: AnyQuestion, session: Session, address: str, within_s: float = ANSWER_S_MAX) -> Found:
        """The answer. Raises PeopleSaid for a refusal, PeopleAway where there is none."""
        roles = tuple(role.value for role in Role if role in session.roles)
        asker = Asker(name=session.name, roles=roles, address=address[:64])
        message = AskPeople(secrets.token_urlsafe(REQUEST_BYTES), asker, question)
        if self._path is None:
            raise PeopleAway(Refused(word="people_none_here"))
        if self._open >= OPEN_MAX:
            raise PeopleAway(Refused(word="people_busy"))
        self._open += 1
        try:
            found = await self._exchange(Path(self._path), message, within_s)
        finally:
            self._open -= 1
        if isinstance(found, Refused):
            raise PeopleSaid(found)
        return found

    async def ask_for(
        self, kind: type[F], question: AnyQuestion, session: Session, address: str, within_s: float = ANSWER_S_MAX
    ) -> F:
        """The answer, which is of this kind. Raises as `ask`."""
        found = await self.ask(question, session, address, within_s)
        if not isinstance(found, kind):
            raise PeopleAway(Refused(word="people_strange"))
        return found

    async def _exchange(self, path: Path, message: AskPeople, within_s: float) -> AnyFound:
        try:
            async with asyncio.timeout(CONNECT_S_MAX):
                with reachable(path) as short:
                    reader, writer = await asyncio.open_unix_connection(short)
        except (OSError, TimeoutError) as error:
            raise PeopleAway(Refused(word="people_away")) from error
        try:
            async with asyncio.timeout(within_s):
                writer.write(pack(message))
                frames = FrameReader(ToldByPeople)
                while received := await reader.read(READ_BYTES):
                    for told in frames.feed(received):
                        if isinstance(told, ToldByPeople) and told.request == message.request:
                            return told.found
        except TimeoutError as error:
            raise PeopleAway(Refused(word="people_silent")) from error
        except OSError as error:
            raise PeopleAway(Refused(word="people_silent")) from error
        except FrameError as error:
            raise PeopleAway(Refused(word="people_strange")) from error
        finally:
            writer.close()
        raise PeopleAway(Refused(word="people_silent"))
