"""What the network process may ask of a whole controller: to tell what was administered, and if a code is right."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.bench.rig import Rig
from firmware.core.access import Factor
from firmware.core.account_facts import Act, Administered
from firmware.core.codes import Code
from firmware.core.facts import AdmitVehicle, CloseBarrier, ConfirmClear, EmergencyClose, Forgive, RecordTest
from firmware.identity import Identity
from firmware.journal import search
from firmware.messages import Answer, AnyFromController, Ask, FindPlate, FrameReader, ProveClaim, pack
from firmware.roster.keys import token_of

LIMIT_S = 10.0
DONE = Administered("Chen Wei", "another request", act=Act.DELETED, account="Li Na", address="10.0.0.7", detail="guard")


class Client:
    """The network process' end of its socket."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(LIMIT_S)
        self.socket.connect(str(path))
        self._frames = FrameReader(AnyFromController)

    def ask(self, command, request: str) -> Answer:
        self.socket.sendall(pack(Ask(command, request)))
        while True:
            received = self.socket.recv(1 << 16)
            assert received, "the controller hung up"
            for message in self._frames.feed(received):
                if isinstance(message, Answer):
                    return message


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.close()


@pytest.fixture
def client(rig: Rig) -> Iterator[Client]:
    rig.start()
    made = Client(rig.role)
    yield made
    made.socket.close()


def test_what_was_administered_is_in_the_journal_before_it_is_answered(rig: Rig, client: Client) -> None:
    assert client.ask(DONE, "r1") == Answer("r1", True)
    rows = search(rig.state / "journal" / "journal.db", limit=5, with_bodies=True)
    (row,) = [row for row in rows if row.event.code.value == "account.deleted"]
    assert row.event.body is not None
    assert (row.event.body.issuer, row.event.body.account, row.event.body.address) == ("Chen Wei", "Li Na", "10.0.0.7")
    assert (row.event.detail, row.event.request) == ("guard", "r1"), "the message's request is the one that is answered"
    public = search(rig.state / "journal" / "journal.db", limit=5)
    assert not [row for row in public if "Li Na" in repr(row)], "names stand in the part that can be erased"
    assert client.ask(Administered("", act=Act.MADE, account="x"), "r2") == Answer("r2", False, ("not_allowed",))


def test_the_claim_code_is_proven_and_never_told(rig: Rig, client: Client) -> None:
    code = Identity.load_or_create(rig.state / "identity").claim_code
    assert client.ask(ProveClaim(code=code.lower()), "r1") == Answer("r1", True)
    wrong = code[:-1] + ("A" if code[-1] != "A" else "B")
    assert client.ask(ProveClaim(code=wrong), "r2") == Answer("r2", False)


@pytest.mark.attack("account-20")
def test_a_taken_over_network_process_asks_only_what_a_page_does_and_floods_no_journal(
    rig: Rig, client: Client
) -> None:
    never = (
        CloseBarrier("boss", portal="door"),
        EmergencyClose("boss", portal="door", confirmed=True),
        ConfirmClear("boss", portal="door", in_sight=True),
        RecordTest("boss", portal="door"),
        AdmitVehicle("boss", portal="door", note="x"),
        Forgive("boss"),
    )
    for number, command in enumerate(never):
        assert client.ask(command, f"o{number}") == Answer(f"o{number}", False, ("not_allowed",))
    answers = [client.ask(DONE, f"f{number}") for number in range(60)]
    done = [answer for answer in answers if answer.done]
    assert len(done) < 30
    assert {answer.reasons for answer in answers if not answer.done} == {("too_many",)}
    rows = search(rig.state / "journal" / "journal.db", limit=100)
    assert len([row for row in rows if row.event.code.value == "account.deleted"]) == len(done)
    assert not [row for row in rows if row.event.code.value == "command.done"]


@pytest.mark.attack("journal-09")
def test_whose_plate_it_is_stands_in_the_journal_before_anybody_learns_it(rig: Rig, client: Client) -> None:
    """The network process knows neither roster nor key: all it gets is "done", and reads the rest where it is kept."""
    ask = FindPlate(issuer="Chen Wei", address="10.0.0.7", plate=" 京a·12345", why="asked by the police")
    assert client.ask(ask, "p1") == Answer("p1", True)
    path = rig.state / "journal" / "journal.db"
    (row,) = search(path, kind=Code.JOURNAL_SEARCHED, with_bodies=True)
    body = row.event.body
    assert (body.issuer, body.address, body.note) == ("Chen Wei", "10.0.0.7", "asked by the police")
    identity = Identity.load_or_create(rig.state / "identity")
    assert body.token == token_of(identity, Factor.PLATE, "京A12345"), "as a camera would have been told"
    assert (row.event.request, row.event.detail) == ("p1", "plate")
    assert "12345" not in repr(row), "no plate stands in the journal"
    assert client.ask(FindPlate(issuer="x", address="", plate="' OR 1=1", why="why"), "p2").reasons == ("no_plate",)
    assert client.ask(FindPlate(issuer="", address="", plate="京A12345", why="why"), "p3").reasons == ("not_allowed",)
    assert len(search(path, kind=Code.JOURNAL_SEARCHED)) == 1
