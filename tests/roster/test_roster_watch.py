"""A whole gate whose roster folder is exchanged, adopted and damaged: what the journal kept decides what serves."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

import pytest

from firmware.bench.gate import NOON_UTC_MS
from firmware.controller.inbox import ENTRIES_MAX, Rank
from firmware.controller.roster_watch import INCOMING, LOOK_S
from firmware.core.codes import MEANING, Code, Severity
from firmware.core.facts import InputChanged, Level
from firmware.core.views import view
from firmware.identity import DigestKey, Identity, id_of
from firmware.roster.authority import Adoption, write_adoption
from firmware.roster.build import build
from firmware.roster.handover import hand_in
from firmware.roster.install import install
from firmware.texts import texts
from tests.attacks.gates import NIGHT_UTC_MS, SITES, at_gate, codes, cut_power, enters

DIGEST_KEY = bytes(range(32, 64))


class Community:
    """Signs with its own key and digests with the key that it shares with its controllers."""

    def __init__(self, folder: Path) -> None:
        own, digests = Identity.load_or_create(folder), DigestKey(DIGEST_KEY)
        self.public_key, self.sign = own.public_key, own.sign
        self.digest_key_id, self.pseudonym, self.pin_digest = (
            digests.digest_key_id,
            digests.pseudonym,
            digests.pin_digest,
        )


def made(folder: Path, signer, version: int) -> Path:
    out = folder / f"v{version}.roster"
    build(SITES / "holders.csv", SITES / "rules.toml", out, signer, version=version, created_s=NOON_UTC_MS // 1000)
    return out


async def replace(gate, path: Path) -> None:
    """Hand it in as the command does, and wait until it was looked at."""
    hand_in(path, gate.folder / "roster")
    await gate.pass_time(2 * LOOK_S + 0.1)


async def details(gate, code: Code) -> list[str]:
    return [row.event.detail for row in await gate.events(code)]


@pytest.mark.attack("roster-46")
def test_a_folder_of_older_genuine_rosters_lets_nobody_in_and_is_an_alarm(tmp_path: Path) -> None:
    """Over restarts and power cuts: who can write the folder cannot bring back the card that was taken away."""

    async def scenario(gate):
        old = tmp_path / "old"
        await replace(gate, made(tmp_path, gate.controller.identity, 2))
        shutil.copytree(gate.folder / "roster", old)
        for version in (3, 4):
            await replace(gate, made(tmp_path, gate.controller.identity, version))
        before = await enters(gate)
        await cut_power(gate)
        kept = gate.controller.journal.kept()
        after_cut = await enters(gate)
        await gate.power_off()
        shutil.rmtree(gate.folder / "roster")
        shutil.copytree(old, gate.folder / "roster")
        await gate.power_on()
        await gate.pass_time(1)
        nobody = await enters(gate)
        refused = await details(gate, Code.ROSTER_REFUSED)
        state = gate.controller.engine.state
        waiting = state.site.id in state.unacknowledged, view(state).roster_version
        await replace(gate, made(tmp_path, gate.controller.identity, 5))
        return before, kept, after_cut, nobody, refused, waiting, await enters(gate)

    before, kept, after_cut, nobody, refused, waiting, mended = at_gate(tmp_path / "gate", scenario)
    assert (before, after_cut, nobody, mended) == (True, True, False, True)
    assert [kept[name].split()[0] for name in ("roster", "roster_previous")] == ["4", "3"]
    assert len(refused) == 1
    assert "version 2 is older than 4" in refused[0]
    assert waiting == (True, None), "the alarm waits for somebody, and no version is said to serve"
    assert MEANING[Code.ROSTER_REFUSED].severity is Severity.ALARM
    assert all(texts(language).advice(Code.ROSTER_REFUSED) for language in ("en", "zh"))


def test_every_roster_that_takes_service_leaves_its_receipt(tmp_path: Path) -> None:
    async def scenario(gate):
        await replace(gate, made(tmp_path, gate.controller.identity, 2))
        return await details(gate, Code.ROSTER_REPLACED), gate.controller.journal.kept(), gate.controller.identity

    receipts, kept, identity = at_gate(tmp_path / "gate", scenario)
    assert [receipt.split(", ")[0] for receipt in receipts] == ["version 1", "version 2"]
    assert all(receipt.endswith(f"signed by {id_of(identity.public_key)}") for receipt in receipts)
    assert kept is not None, "what was kept when the journal was opened"


def test_an_unreadable_memory_falls_back_to_the_seals(tmp_path: Path) -> None:
    async def scenario(gate):
        await replace(gate, made(tmp_path, gate.controller.identity, 2))
        await gate.power_off()
        for path in (gate.folder / "journal").iterdir():
            path.unlink()
        await gate.power_on()
        await gate.pass_time(1)
        await replace(gate, made(tmp_path, gate.controller.identity, 1))
        return await enters(gate), len(await codes(gate, Code.ROSTER_REFUSED))

    assert at_gate(tmp_path / "gate", scenario) == (True, 1)


def test_an_adopted_gate_serves_the_communitys_roster_with_its_pins(tmp_path: Path) -> None:
    """At night, when the front door wants card and PIN: the PIN is right by the community's key only."""

    async def scenario(gate):
        community = Community(tmp_path / "community")
        own = gate.controller.identity
        adoption = Adoption("Sunrise Garden", (community.public_key.hex(),), 1, DIGEST_KEY.hex())
        write_adoption(gate.folder / "roster", adoption)
        await replace(gate, made(tmp_path, community, 2))
        entered = [await with_pin(gate, "2468"), await with_pin(gate, "1357")]
        await replace(gate, made(tmp_path, own, 3))
        refused = await details(gate, Code.ROSTER_REFUSED)
        why = (gate.folder / "roster" / "incoming.why").read_text()
        entered.append(await with_pin(gate, "2468"))
        await gate.power_off()
        await gate.power_on()
        await gate.pass_time(1)
        entered.append(await with_pin(gate, "2468"))
        return entered, refused, why, view(gate.controller.engine.state).roster_version

    entered, refused, why, version = at_gate(tmp_path / "gate", scenario, utc_ms=NIGHT_UTC_MS)
    assert entered == [True, False, True, True]
    assert (len(refused), "does not trust" in refused[0], version) == (1, True, 2)
    assert "does not trust" in why


async def with_pin(gate, pin: str) -> bool:
    await gate.present("resident", "front_reader")
    await gate.type_pin(f"{pin}#", "front_reader")
    opened = gate.plants.doors["front_door"].push().value == "opened"
    await gate.pass_time(40)  # also past what a wrong PIN leaves behind
    return opened


def test_a_damaged_adoption_trusts_nobody_and_says_so(tmp_path: Path) -> None:
    async def scenario(gate):
        await gate.power_off()
        (gate.folder / "roster" / "authority").touch(0o600)
        await gate.power_on()
        await gate.pass_time(1)
        nobody = await enters(gate)
        (gate.folder / "roster" / "authority").unlink()
        await replace(gate, made(tmp_path, gate.controller.identity, 2))
        return nobody, await details(gate, Code.ROSTER_REFUSED), await enters(gate)

    nobody, refused, mended = at_gate(tmp_path / "gate", scenario)
    assert (nobody, mended) == (False, True)
    assert "adopt" in refused[0]


@pytest.mark.attack("roster-47")
def test_a_roster_that_is_still_being_copied_is_waited_for_and_a_torn_one_is_refused_once(tmp_path: Path) -> None:
    async def scenario(gate):
        content = made(tmp_path, gate.controller.identity, 2).read_bytes()
        incoming = gate.folder / "roster" / INCOMING
        with incoming.open("wb") as file:
            for start in range(0, len(content), 4096):  # a page each look, slower than any network
                file.write(content[start : start + 4096])
                file.flush()
                stamp_ns = gate.plants.wires.now_ns()
                os.utime(incoming, ns=(stamp_ns, stamp_ns))  # virtual time passes, the disk's clock does not
                await gate.pass_time(LOOK_S)
        await gate.pass_time(LOOK_S / 2)  # past the one look that saw the last page, before the next
        copied = (await codes(gate, Code.ROSTER_REFUSED), view(gate.controller.engine.state).roster_version)
        incoming.write_bytes(content[:-5000])
        await gate.pass_time(6 * LOOK_S)
        return copied, len(await codes(gate, Code.ROSTER_REFUSED)), await enters(gate)

    copied, refused, entered = at_gate(tmp_path / "gate", scenario)
    assert copied == ([], 2)
    assert (refused, entered) == (1, True)


def test_a_cut_between_the_rename_and_the_journals_commit_serves_the_new_one_and_keeps_its_floor(
    tmp_path: Path,
) -> None:
    async def scenario(gate):
        await gate.power_off()
        own = gate.controller.identity
        install(made(tmp_path, own, 2), gate.folder / "roster", [own.public_key]).close()  # and no word in the journal
        await gate.power_on()
        await gate.pass_time(1)
        entered = await enters(gate)
        await cut_power(gate)
        return entered, gate.controller.journal.kept(), await codes(gate, Code.ROSTER_REFUSED)

    entered, kept, refused = at_gate(tmp_path / "gate", scenario)
    assert (entered, refused) == (True, [])
    assert [kept[name].split()[0] for name in ("roster", "roster_previous")] == ["2", "1"]


def test_a_controller_that_is_restored_as_a_whole_serves_what_it_served_and_takes_the_newest_again(
    tmp_path: Path,
) -> None:
    """Journal and rosters are of one day: no floor stands against them, and none is left of the days since."""

    async def scenario(gate):
        await replace(gate, made(tmp_path, gate.controller.identity, 2))
        await gate.power_off()
        backup = tmp_path / "backup"
        shutil.copytree(gate.folder, backup, ignore=shutil.ignore_patterns("*.sock"))
        await gate.power_on()
        for version in (3, 4):
            await replace(gate, made(tmp_path, gate.controller.identity, version))
        await gate.power_off()
        for name in ("journal", "roster", "identity"):
            shutil.rmtree(gate.folder / name)
            shutil.copytree(backup / name, gate.folder / name)
        await gate.power_on()
        await gate.pass_time(1)
        restored = view(gate.controller.engine.state).roster_version, await enters(gate)
        await replace(gate, tmp_path / "v4.roster")
        return restored, view(gate.controller.engine.state).roster_version, await codes(gate, Code.ROSTER_REFUSED)

    assert at_gate(tmp_path / "gate", scenario) == ((2, True), 4, [])


def test_a_roster_whose_news_the_full_inbox_dropped_serves_all_the_same(tmp_path: Path) -> None:
    async def scenario(gate):
        rosters, inbox, flooded = gate.controller.rosters, gate.controller.inbox, []
        offer = rosters.offer

        def flood():
            flooded.append(inbox.depth)
            for _ in range(ENTRIES_MAX):
                inbox.put(InputChanged("front_contact", Level.INACTIVE), Rank.INPUT, "front_contact")

        def offer_and_flood(roster):
            offer(roster)
            asyncio.get_running_loop().call_soon(flood)  # behind the fact, and before the core takes it

        rosters.offer = offer_and_flood
        await replace(gate, made(tmp_path, gate.controller.identity, 2))
        lost = view(gate.controller.engine.state).roster_version
        await gate.pass_time(10)
        return flooded, lost, view(gate.controller.engine.state).roster_version, await enters(gate)

    assert at_gate(tmp_path / "gate", scenario) == ([1], 1, 2, True)
