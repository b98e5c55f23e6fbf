"""Full, broken, deleted and read-only files under the running gate: doors go on, nothing that is kept is erased."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from firmware.bench.gate import NOON_UTC_MS, running_gate
from firmware.controller.errors import StateFolderError
from firmware.controller.roster_watch import INCOMING, LOOK_S
from firmware.core.codes import Code
from firmware.core.facts import OpenOnce, ResetFault, StartLockdown
from firmware.core.view import Mode
from firmware.core.views import view
from firmware.identity import Identity
from firmware.journal import verify
from firmware.rehearsal.virtual_time import run_virtual
from firmware.roster.build import build
from firmware.roster.install import CURRENT, PREVIOUS, install
from tests.attacks.gates import SITES, Watch, at_gate, codes, cut_power, enters, portal

LOOK_AGAIN_S = 0.01


@contextmanager
def no_file_may_grow(limit_bytes: int = 0) -> Iterator[None]:
    """A full disk for everything in this process: the kernel refuses each byte past the limit (setrlimit(2))."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


async def until_store(gate, failed: bool, limit_s: float = 30.0) -> None:
    """Wait until the core has heard that the journal fails, or works again; virtual time stands still meanwhile."""
    loop = gate._loop
    end_s = loop.real_time() + limit_s
    while gate.controller.engine.state.store_failed is not failed or gate.controller.journal.failing is not failed:
        await loop.run_in_executor(None, threading.Event().wait, LOOK_AGAIN_S)  # the writer lives in real time
        assert loop.real_time() < end_s, f"the journal is {'not ' * failed}failing"


def mounted(*words: str) -> bool:
    return subprocess.run(words, capture_output=True).returncode == 0


def chain(gate):
    return verify(gate.controller.journal.path, gate.controller.identity.public_key)


@pytest.mark.attack("disk-01")
def test_a_full_disk_while_people_come_home(tmp_path: Path):
    """Doors go on, it is told, and when there is room again every event of that time is written."""

    async def scenario(gate):
        assert await enters(gate)
        await gate.committed()
        with no_file_may_grow():
            first = await enters(gate)
            await until_store(gate, failed=True)
            entered = [first] + [await enters(gate) for _ in range(5)]
            refused = await enters(gate, card="stranger")
            alarms = view(gate.controller.engine.state).alarms
        await until_store(gate, failed=False)
        await gate.pass_time(1)
        granted = len(await codes(gate, Code.GRANTED))
        told = await codes(gate, Code.STORE_FAILED, Code.STORE_RECOVERED)
        return entered, refused, alarms, granted, told, chain(gate)

    entered, refused, alarms, granted, told, verdict = at_gate(tmp_path, scenario)
    assert entered == [True] * 6
    assert not refused
    assert Code.STORE_FAILED in alarms
    assert granted == 7
    assert told == [Code.STORE_FAILED, Code.STORE_RECOVERED]
    assert verdict.ok


@pytest.mark.attack("disk-02")
def test_a_disk_that_is_full_before_the_start_and_stays_so(tmp_path: Path):
    async def scenario(gate):
        assert await enters(gate)
        await gate.power_off()
        with no_file_may_grow():
            await gate.power_on()
            await gate.pass_time(1)
            entered = [await enters(gate) for _ in range(3)]
            failed = view(gate.controller.engine.state).store_failed
        await until_store(gate, failed=False)
        await gate.pass_time(1)
        return entered, failed, len(await codes(gate, Code.GRANTED)), chain(gate)

    entered, failed, granted, verdict = at_gate(tmp_path, scenario)
    assert entered == [True] * 3
    assert failed
    assert granted == 4
    assert verdict.ok


def delete(journal: Path) -> None:
    for path in journal.parent.glob("journal.db*"):
        path.unlink()


def overwrite(journal: Path) -> None:
    journal.write_bytes(b"\xa5" * journal.stat().st_size)


@pytest.mark.attack("disk-03")
@pytest.mark.parametrize("harm", [delete, overwrite])
def test_the_journal_is_deleted_or_overwritten_while_it_runs(tmp_path: Path, harm):
    """A new epoch begins and says so; what was overwritten is kept aside; the door does not notice."""

    async def scenario(gate):
        assert await enters(gate)
        await gate.committed()
        journal = gate.controller.journal.path
        harm(journal)
        entered = [await enters(gate) for _ in range(4)]
        await gate.pass_time(30)
        await until_store(gate, failed=False)
        return entered, await gate.events(), [path.name for path in journal.parent.iterdir()], chain(gate)

    entered, events, files, verdict = at_gate(tmp_path, scenario)
    assert entered == [True] * 4
    assert verdict.ok
    epochs = {row.epoch for row in events}
    if harm is delete:
        assert max(epochs) == 2
    else:  # what SQLite still held in its log may have mended the file
        assert max(epochs) == 1 or any(name.endswith(".damaged.db") for name in files)


@pytest.mark.attack("disk-04")
@pytest.mark.parametrize("harm", [delete, overwrite])
def test_the_journal_is_gone_or_garbage_at_the_start(tmp_path: Path, harm):
    """What can be latched is latched, a lockdown that was lost is told of, and residents still come home."""

    async def scenario(gate):
        await gate.power_off()
        journal = gate.controller.journal.path
        harm(journal)
        await gate.pass_time(0.1)  # the far end has heard what the stop left on the outputs
        watch = Watch(gate)
        await gate.power_on()
        await gate.pass_time(2)
        moved = watch.released()
        faults = {each.id: each.alarms for each in view(gate.controller.engine.state).portals}
        entered = await enters(gate)
        events = await gate.events()
        aside = [path.name for path in journal.parent.iterdir() if "damaged" in path.name]
        gate.controller.inbox.put(ResetFault(issuer="guard", request="r", portal="front_door"), 2, "network")
        await gate.pass_time(1)
        return moved, faults, entered, events, aside, portal(gate, "front_door").alarms

    moved, faults, entered, events, aside, after = at_gate(tmp_path, scenario)
    told = [row.event.code for row in events]
    assert moved == []
    assert entered
    assert told[0] is Code.EPOCH_BEGUN
    assert events[0].epoch == 2
    assert Code.KEPT_UNREADABLE in told
    assert all(Code.FAULT in alarms for alarms in faults.values())
    assert Code.FAULT not in after  # a person ends it
    assert bool(aside) is (harm is overwrite)


@pytest.mark.attack("disk-05")
def test_a_lockdown_survives_a_power_cut(tmp_path: Path):
    async def scenario(gate):
        gate.controller.inbox.put(StartLockdown(issuer="guard", request="r"), 2, "network")
        await gate.pass_time(1)
        await cut_power(gate)
        return await enters(gate), portal(gate, "front_door").mode, gate.plants.doors["front_door"].leave().value

    entered, mode, left = at_gate(tmp_path, scenario)
    assert not entered
    assert mode is Mode.LOCKED_DOWN
    assert left == "opened"  # nobody is kept in


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting read-only needs root: run the tests as root in a container")
@pytest.mark.attack("disk-06")
def test_a_state_folder_that_is_read_only_at_the_start(tmp_path: Path):
    """An error remounted the card read-only: the controller starts, decides, and says that nothing is kept."""
    state = tmp_path / "state"
    state.mkdir()

    async def run():
        async with running_gate(state, SITES / "community_gate.toml", on=False) as gate:
            await gate.power_on()
            await gate.pass_time(1)
            await gate.power_off()
            if not mounted("mount", "--bind", str(state), str(state)):
                pytest.skip("this container may not mount: give it CAP_SYS_ADMIN")
            try:
                assert mounted("mount", "-o", "remount,bind,ro", str(state))
                await gate.power_on()
                await gate.pass_time(1)
                entered = [await enters(gate) for _ in range(3)]
                seen = view(gate.controller.engine.state)
                await gate.power_off()
            finally:
                mounted("umount", str(state))
            return entered, seen

    entered, seen = run_virtual(run())
    assert entered == [True] * 3
    assert seen.store_failed
    assert Code.STORE_FAILED in seen.alarms


# -- rosters ----------------------------------------------------------------------------------------------------------


def roster(gate, version: int, folder: Path, identity: Identity | None = None) -> Path:
    made = folder / f"version{version}.roster"
    build(
        SITES / "holders.csv",
        SITES / "rules.toml",
        made,
        identity or gate.controller.identity,
        version=version,
        created_s=NOON_UTC_MS // 1000,
    )
    return made


def truncated(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(content)


def unsigned(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 4096)


def text(path: Path) -> None:
    path.write_text("' OR 1=1; --\x00\U0001f600" * 1000)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def link(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


def folder_instead(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.attack("disk-07")
def test_bad_rosters_that_are_put_in_change_nothing_and_are_told_once(tmp_path: Path):
    """Damaged, cut, unsigned, foreign, older, no roster at all, a pipe, a link, a folder."""
    stranger = Identity.load_or_create(tmp_path / "stranger")
    harms = [truncated, flipped, unsigned, text, empty, pipe, link, folder_instead]

    async def scenario(gate):
        rosters = gate.folder / "roster"
        incoming = rosters / INCOMING
        outcomes = []
        for harm in [None, *harms]:
            made = roster(gate, 9, tmp_path, stranger if harm is None else None)
            shutil.copy(made, rosters / "aside")
            if harm is not None:
                harm(rosters / "aside")
            (rosters / "aside").rename(incoming)
            await gate.pass_time(3 * LOOK_S)
            outcomes.append((len(await codes(gate, Code.ROSTER_REFUSED)), incoming.exists()))
        version = view(gate.controller.engine.state).roster_version
        return outcomes, version, await enters(gate)

    outcomes, version, entered = at_gate(tmp_path / "gate", scenario)
    # Each is told once, also the folder, which cannot take the place of the file that was refused before it.
    assert outcomes == [(number, number == len(harms) + 1) for number in range(1, len(harms) + 2)]
    assert version == 1
    assert entered


@pytest.mark.attack("disk-08")
def test_an_older_roster_is_refused_and_a_swap_under_swipes_loses_none(tmp_path: Path):
    async def scenario(gate):
        incoming = gate.folder / "roster" / INCOMING
        entered = []
        for version in (5, 4, 6):
            shutil.copy(roster(gate, version, tmp_path), incoming)
            entered += [await enters(gate) for _ in range(2)]
            entered.append(not await enters(gate, card="stranger"))
        receipts = [row.event.detail for row in await gate.events(Code.ROSTER_REPLACED)]
        replaced = [receipt.partition(",")[0] for receipt in receipts]
        refused = await codes(gate, Code.ROSTER_REFUSED)
        return entered, replaced, refused

    entered, replaced, refused = at_gate(tmp_path / "gate", scenario)
    assert entered == [True] * 9
    assert replaced == ["version 1", "version 5", "version 6"]
    assert len(refused) == 1


@pytest.mark.attack("disk-09")
def test_a_roster_whose_disk_fails_under_it_refuses_is_told_and_the_last_good_one_serves(tmp_path: Path):
    async def scenario(gate):
        await gate.power_off()
        made, folder = roster(gate, 2, tmp_path), gate.folder / "roster"
        identity = gate.controller.identity
        install(made, folder, [identity.public_key], digest_key_id=identity.digest_key_id).close()
        assert (folder / PREVIOUS).exists()
        await gate.power_on()
        await gate.pass_time(1)
        os.truncate(folder / CURRENT, 4096)  # before its first look-up: no page of it is in memory
        during = [await enters(gate), (await gate.events(Code.UNKNOWN_CREDENTIAL))[-1].event.reader]
        await gate.pass_time(2 * LOOK_S)
        refused = [row.event.detail for row in await gate.events(Code.ROSTER_REFUSED)]
        return during, refused, view(gate.controller.engine.state).roster_version, await enters(gate)

    during, refused, version, entered = at_gate(tmp_path / "gate", scenario)
    assert during == [False, "front_reader"]
    assert len(refused) == 1
    assert "cannot be read any more" in refused[0]
    assert version == 1
    assert entered


@pytest.mark.attack("disk-10")
def test_a_recording_ends_where_its_disk_does_and_the_gate_goes_on(tmp_path: Path, capsys):
    recording = tmp_path / "recording.jsonl"

    async def scenario(gate):
        recorder = gate.controller.recorder
        assert recorder is not None
        with no_file_may_grow():
            for number in range(3_000):  # past the file's buffer
                gate.controller.engine.take(OpenOnce(issuer="x" * 40, request=str(number), portal="nowhere"))
        return await enters(gate)

    assert at_gate(tmp_path / "gate", scenario, record=recording)
    (said,) = capsys.readouterr().err.splitlines()
    assert "recording" in said


def test_a_journal_folder_that_cannot_be_made_is_said(tmp_path: Path):
    async def scenario(gate):
        await gate.power_off()
        shutil.rmtree(gate.folder / "journal")
        (gate.folder / "journal").write_text("")
        with pytest.raises(StateFolderError, match=r"journal: .*make it a folder"):
            await gate.power_on()
        (gate.folder / "journal").unlink()
        await gate.power_on()

    at_gate(tmp_path, scenario)
