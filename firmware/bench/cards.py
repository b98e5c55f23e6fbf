"""The roster of the benches: fictitious credentials, signed by the bench controller's own key."""

from __future__ import annotations

import random
from pathlib import Path

from firmware.bench.rig import Rig
from firmware.identity import Identity
from firmware.roster.build import build
from firmware.roster.install import install
from firmware.roster.sample import CARDS_PER_FACILITY, HOLDERS_PER_LOST, SAMPLE_RULES, sample_roster_csv

STAFF_EVERY = 50  # of the sample's holders: these have a schedule, and would be refused at night


def sample_roster(folder: Path, identity: Identity, holders: int) -> Path:
    """A sealed roster file of that many holders, with a card each."""
    table, rules, built = folder / "sample.csv", folder / "rules.toml", folder / "sample.roster"
    sample_roster_csv(table, holders)
    rules.write_text(SAMPLE_RULES)
    build(table, rules, built, identity, version=1, created_s=1_767_225_600)
    table.unlink()
    return built


def install_sample_roster(rig: Rig, holders: int) -> Identity:
    """Build and install it where the rig's controller will look."""
    identity = Identity.load_or_create(rig.state / "identity")
    built = sample_roster(rig.folder, identity, holders)
    install(built, rig.state / "roster", [identity.public_key], digest_key_id=identity.digest_key_id).close()
    built.unlink()
    return identity


def welcome_holders(count: int, holders: int, seed: int) -> list[int]:
    """That many different holders who are let in at any hour, drawn by `seed`."""
    rng = random.Random(seed)
    chosen: dict[int, None] = {}
    while len(chosen) < count:
        holder = rng.randrange(holders)
        if holder % STAFF_EVERY and holder % HOLDERS_PER_LOST != 1:
            chosen[holder] = None
    return list(chosen)


def card(holder: int) -> tuple[int, int]:
    """Facility and number of the sample's card of that holder."""
    return 1 + holder // CARDS_PER_FACILITY, holder % CARDS_PER_FACILITY
