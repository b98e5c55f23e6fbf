"""The state of delivery by the button: what counts as asked for, what goes, what stays, and a kill in between."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import signal
import sys
from pathlib import Path

import pytest

from drivers.bus.lines import Edge
from drivers.reports import InputLevel, Level
from firmware.backup.record import kept
from firmware.bench.cards import install_sample_roster
from firmware.bench.clock import monotonic_ns
from firmware.bench.rig import AT_REST, SITE, Rig
from firmware.controller.__main__ import main
from firmware.controller.check import check
from firmware.controller.factory_reset import ask, carry_out
from firmware.controller.reset_button import ASKED, Held, ResetButton
from firmware.core.codes import Code
from firmware.identity import Identity, IdentityError, renew_claim_code
from firmware.journal import Limits, search, verify
from firmware.network.accounts import recovery
from firmware.roster import visitor_book
from firmware.roster.authority import Adoption, read_authority, write_adoption
from firmware.texts import texts
from tests.backup.boards import MADE_S, Board
from tests.backup.conftest import BY
from tests.config.site_files import append, contact, demo_site, every, put, write

ON, OFF, FAULT = InputLevel.ACTIVE, InputLevel.INACTIVE, InputLevel.FAULT


def held(*levels: tuple[float, InputLevel]) -> int:
    """How often it was asked for, of levels at seconds after the start."""
    button = Held(1_000 * 10**9)
    return sum(button.now(level, round((1_000 + at_s) * 1e9)) for at_s, level in levels)


@pytest.mark.parametrize(
    "levels",
    [
        [(0, OFF), (5, ON), (15, OFF)],
        [(0, OFF), (5, ON), (25, OFF)],
        [(0, OFF), (60, ON), (75, OFF)],
        [(0, OFF), (1, ON), (2, OFF), (3, ON), (14, OFF)],
        [(0, OFF), (5, ON), (7, ON), (16, OFF)],
        [(0, ON), (4, OFF), (5, ON), (17, OFF)],
        [(0, FAULT), (3, OFF), (5, ON), (17, OFF)],
    ],
)
def test_held_for_ten_to_twenty_seconds_within_the_first_minute_it_is_asked_for_once(levels):
    assert held(*levels) == 1


@pytest.mark.attack("backup-15")
@pytest.mark.parametrize(
    "levels",
    [
        [(0, ON), (15, OFF)],  # stuck, or shorted, when the power came
        [(0, ON)],
        [(0, ON), (15, OFF), (300, ON), (315, OFF)],
        [(0, OFF), (5, ON)],  # and never let go
        [(0, OFF), (5, ON), (14.9, OFF)],
        [(0, OFF), (5, ON), (25.1, OFF)],
        [(0, OFF), (60.1, ON), (75, OFF)],  # the controller has run for a while
        [(0, OFF), (5, ON), (10, FAULT), (17, OFF)],
        [(0, OFF), (5, ON), (15, FAULT)],
        [(0, FAULT), (5, ON), (17, OFF)],
        [(0, OFF), *((1 + at, level) for n in range(50) for at, level in ((n, ON), (n + 0.5, OFF)))],
    ],
)
def test_no_other_push_and_no_broken_wire_asks_for_it(levels):
    assert held(*levels) == 0


def test_a_button_reports_as_the_contact_it_is():
    class Pushed:
        id = "reset_button"

        async def run(self, emit) -> None:
            for at_s, level in ((0, OFF), (5, ON), (16, OFF)):
                emit(Level("reset_button", level, at_s * 10**9))

        def safe(self) -> None:
            pass

        def counters(self) -> dict[str, int]:
            return {"edges": 2}

    asked: list[int] = []
    reports: list = []
    button = ResetButton(Pushed(), 0, lambda: asked.append(len(reports)))
    asyncio.run(button.run(reports.append))
    button.safe()
    assert [report.level for report in reports] == [OFF, ON, OFF]
    assert (asked, button.id, button.counters()) == ([3], "reset_button", {"edges": 2})


def test_what_nobody_saw_while_the_contact_was_lost_is_no_push():
    class Lost:
        id = "reset_button"
        levels = iter([((0, OFF), (5, ON)), ((16, OFF), (20, ON), (31, OFF))])

        async def run(self, emit) -> None:
            for at_s, level in next(self.levels):
                emit(Level("reset_button", level, at_s * 10**9))

        def safe(self) -> None:
            pass

        def counters(self) -> dict[str, int]:
            return {}

    asked: list[int] = []
    button = ResetButton(Lost(), 0, lambda: asked.append(1))
    asyncio.run(button.run(lambda _report: None))
    asyncio.run(button.run(lambda report: asked.append(0) if report.at_ns == 16 * 10**9 else None))
    assert asked == [0, 1]  # only the whole push after it


def test_a_reset_that_could_not_be_asked_for_is_done_by_no_later_start(tmp_path):
    """No room: the button is said to do nothing, and that holds."""
    child = os.fork()
    if child == 0:
        try:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
            ask(tmp_path)
        except OSError:
            os._exit(3)
        finally:
            os._exit(0)
    _, how = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(how) == 3
    assert not (tmp_path / ASKED).exists()


# -- what goes --------------------------------------------------------------------------------------------------------


def left_of(board: Board) -> list[str]:
    """What stands in the state folder, once no accounts stand in the page's."""
    assert [path.name for path in (board.state / "network").iterdir()] == ["page.key"]
    return sorted(path.name for path in board.state.iterdir())


@pytest.fixture
def board(menshen, old, backup) -> Board:
    """A board with everything that a controller keeps."""
    old.make_accounts("wang").close()
    (old.state / "network" / "page.key").write_bytes(b"the page's own")
    for folder, name in (
        ("faces", "faces.sealed"),
        ("evidence", "1.jpg"),
        ("people", "review.db"),
        ("imports", "residents.xlsx"),
        ("selftest", "report.en.html"),
        ("logs", "controller.log"),
    ):
        (old.state / folder).mkdir()
        (old.state / folder / name).write_bytes(b"personal")
    visitor_book.add(old.state / visitor_book.PLACE, 0, "v1", "Chen Bo", 2_000_000_000, None)
    assert menshen("create", old.site, backup, "--state", old.state, *BY).status == 0
    assert menshen("restore", backup, old.site, "--state", old.state, "--apply", *BY).status == 0
    write_adoption(old.state / "roster", Adoption("Sunshine Court", ("c1" * 32,), since_s=1, digest_key="d1" * 32))
    return old


def test_who_lives_there_who_adopted_it_and_its_claim_code_are_gone_and_its_journal_is_not(board):
    was = board.identity
    seen = len(search(board.state / "journal" / "journal.db", limit=100))
    ask(board.state)
    assert carry_out(board.state, Limits(), MADE_S)
    assert left_of(board) == ["identity", "journal", "network"]
    now = board.identity
    assert (now.id, now.fingerprint, now.digest_key_id) == (was.id, was.fingerprint, was.digest_key_id)
    assert now.claim_code != was.claim_code
    assert now.path.stat().st_mode & 0o777 == 0o600
    assert read_authority(board.state / "roster", now).adoption is None
    path = board.state / "journal" / "journal.db"
    assert verify(path, now.public_key).ok
    rows = search(path, limit=100)
    assert len(rows) == seen + 1
    assert rows[0].event.code is Code.FACTORY_RESET
    assert not {"roster", "roster_previous", "overlay", "faces"} & set(kept(board.state))
    assert board.site.exists()  # without it no output could be made safe
    assert not carry_out(board.state, Limits(), MADE_S)


def test_no_code_of_the_console_outlives_the_account_it_was_made_for(board):
    """Else it lets its owner in as whoever has that name after the reset."""
    network = board.state / "network"
    code = recovery.offer(network, "wang")
    assert recovery.fits(network, "wang", code)
    (network / "accounts.db.new").write_bytes(b"cut off while it was made")
    (network / "clients.json").write_bytes(b'{"version":1,"clients":[]}')
    ask(board.state)
    assert carry_out(board.state, Limits(), MADE_S)
    assert not recovery.fits(network, "wang", code)
    assert not (network / "clients.json").exists(), "nor does a program's token"
    assert left_of(board) == ["identity", "journal", "network"]


def test_nothing_is_done_where_nobody_asked(board):
    before = board.files()
    assert not carry_out(board.state, Limits(), MADE_S)
    assert board.files() == before


@pytest.mark.attack("backup-16")
def test_a_link_in_the_state_folder_leads_a_reset_to_nobody_elses_files(board, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "file").write_bytes(b"not ours")
    (board.state / "evidence" / "link").symlink_to(other / "file")
    (board.state / "backup.work").symlink_to(other)
    ask(board.state)
    assert carry_out(board.state, Limits(), MADE_S)
    assert (other / "file").read_bytes() == b"not ours"


@pytest.mark.slow
@pytest.mark.attack("backup-17")
def test_killed_at_any_file_it_is_carried_on_and_told_once(board, tmp_path):
    """A fork that dies by SIGKILL at its n-th removal or rename of a file, for every n until it comes to its end."""
    ask(board.state)
    kept_aside = tmp_path / "kept"
    shutil.copytree(board.state, kept_aside)
    for step in range(200):
        child = os.fork()
        if child == 0:
            try:
                _die_at(step)
                carry_out(board.state, Limits(), MADE_S)
            finally:
                os._exit(0)
        _, how = os.waitpid(child, 0)
        was_killed = os.waitstatus_to_exitcode(how) != 0
        assert carry_out(board.state, Limits(), MADE_S) is was_killed
        assert left_of(board) == ["identity", "journal", "network"]
        path = board.state / "journal" / "journal.db"
        assert len(search(path, kind=Code.FACTORY_RESET)) == 1
        assert verify(path, board.identity.public_key).ok
        if not was_killed:
            break
        shutil.rmtree(board.state)
        shutil.copytree(kept_aside, board.state)
    else:
        pytest.fail("it never came to its end")
    assert step > 12


def _die_at(step: int) -> None:
    """Have the interpreter's own audit events kill this process at the n-th change of a file."""
    left = step

    def hook(event: str, _arguments: tuple) -> None:
        nonlocal left
        if event in ("os.remove", "os.rename", "os.rmdir", "shutil.rmtree"):
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def test_a_new_claim_code_leaves_the_rest_of_an_identity_as_it_was(tmp_path):
    was = Identity.load_or_create(tmp_path / "identity")
    text = was.path.read_text()
    now = renew_claim_code(tmp_path / "identity")
    assert now.claim_code != was.claim_code
    assert Identity.load_or_create(tmp_path / "identity").claim_code == now.claim_code
    cut = "-----BEGIN MENSHEN SECRETS-----"
    assert was.path.read_text().split(cut)[0] == text.split(cut)[0]
    assert now.pin_digest("", "2468") == was.pin_digest("", "2468")
    was.path.write_text(text[:-10])
    with pytest.raises(IdentityError):
        renew_claim_code(tmp_path / "identity")


def test_the_controller_does_it_before_anything_else_starts(board, capsys):
    """It then ends for want of the network process's user, whom it looks for next."""
    ask(board.state)
    words = ["--config", str(board.site), "--state", str(board.state), "--network-user", "nobody-of-this-name"]
    assert main(words) == 2
    assert "nobody-of-this-name" in capsys.readouterr().err
    assert not (board.state / ASKED).exists()
    assert not (board.state / "roster").exists()


# -- menshen check ----------------------------------------------------------------------------------------------------


def problems(folder: Path, *changes) -> list[tuple[str, str]]:
    tree = demo_site()
    every(*changes)(tree)
    return [(problem.path, problem.allowed(texts("en"))) for problem in check(write(folder, tree)).problems]


BUTTON = append("device", contact("reset_button", "Y40", active_level="low"))
ASKS = put("site", "reset_input", "reset_button")


def test_a_button_of_its_own_on_the_board_is_sound_and_in_the_wiring_table(tmp_path):
    tree = demo_site()
    every(BUTTON, ASKS)(tree)
    report = check(write(tmp_path, tree))
    assert report.problems == ()
    assert {wire.device: wire.purpose for wire in report.wires}["reset_button"] == "factory_reset"


@pytest.mark.attack("backup-18")
def test_a_button_that_serves_anything_else_or_is_no_button_is_refused(tmp_path):
    found = problems(tmp_path, put("site", "reset_input", "front_rex"))
    assert [path for path, _ in found] == ["site.reset_input"]
    assert "uses this one" in found[0][1]
    reader = problems(tmp_path, put("site", "reset_input", "front_reader"))
    assert "site.reset_input" in [path for path, _ in reader]
    absent = problems(tmp_path, put("site", "reset_input", "nowhere"))
    assert [path for path, _ in absent] == ["site.reset_input"]
    broken = append("device", contact("reset_button", "Y40", active_level="high"))
    assert "broken wire" in problems(tmp_path, broken, ASKS)[0][1]


# -- a real controller process ----------------------------------------------------------------------------------------

BUTTON_LINE = "GPIO5"
WITH_BUTTON = SITE.replace("[site]\n", '[site]\nreset_input = "reset_button"\n') + (
    f'\n[[device]]\nid = "reset_button"\nkind = "contact"\nline = "{BUTTON_LINE}"\nactive_level = "low"\n'
)


@pytest.mark.slow
def test_at_a_real_controller_it_ends_safe_and_the_next_one_knows_nobody(tmp_path):
    """The far end stamps the edges eleven seconds apart, and sends them at once."""
    (tmp_path / "rig").mkdir()
    rig = Rig(tmp_path / "rig", WITH_BUTTON, {**AT_REST, BUTTON_LINE: True})
    try:
        install_sample_roster(rig, 20)
        rig.start()
        rig.listens()
        assert rig.far_end.wait_claimed({BUTTON_LINE})
        code = Identity.load_or_create(rig.state / "identity").claim_code
        now_ns = monotonic_ns()
        held_ns = 11 * 10**9
        rig.far_end.send([Edge(BUTTON_LINE, False, now_ns - held_ns), Edge(BUTTON_LINE, True, now_ns)])
        assert rig._end() == 70  # EX_SOFTWARE: the service manager starts it again
        rig.start()
        assert not (rig.state / "roster" / "roster").exists()
        assert Identity.load_or_create(rig.state / "identity").claim_code != code
        rows = search(rig.state / "journal" / "journal.db", kind=Code.FACTORY_RESET)
        assert len(rows) == 1
        alarms = search(rig.state / "journal" / "journal.db", limit=20)
        said = {row.event.code for row in alarms if row.seq > rows[0].seq}
        assert not said & {Code.LOCAL_FAILED, Code.FACE_FAILED, Code.KEPT_UNREADABLE, Code.UNCLEAN_START}
        assert rig.stop() == 0
    finally:
        rig.close()
