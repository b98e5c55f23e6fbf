"""Boards to back up and to restore onto: a site, a state folder, and what a controller keeps there."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

from firmware.backup.contents import SCHEMA, Contents, Part
from firmware.backup.packing import sha256_of, write
from firmware.backup.sealing import Cost
from firmware.config import load
from firmware.identity import Identity
from firmware.roster.entry import Entry
from firmware.roster.overlay import Overlay
from firmware.roster.overlay_file import save
from firmware.run import prepare_roster

SITES = Path(__file__).parents[2] / "provisioning" / "sites"
DEMO = ("community_gate.toml", "community_gate.plants.toml", "holders.csv", "rules.toml")
PASSPHRASE = "four words of nobody"
CHEAP = Cost(memory_kib=1_024, passes=1, lanes=1)
ACCOUNTS_ID = 0x4D4E5341  # PRAGMA application_id of the page's accounts
MADE_S = 1_795_406_400


class Board:
    """A controller's folders: `site` is its site file, `state` its state folder."""

    def __init__(self, folder: Path, *, running: bool = True) -> None:
        """`running`: one that has been in use; else a new one, with nothing."""
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.site = folder / "etc" / "site.toml"
        self.state = folder / "state"
        self.site.parent.mkdir()
        if running:
            for name in DEMO:
                shutil.copy(SITES / name, self.site.parent / (name if name != DEMO[0] else "site.toml"))
            self.state.mkdir(mode=0o700)
            config, problems = load(self.site)
            assert config is not None, problems
            prepare_roster(config, self.state)

    @property
    def identity(self) -> Identity:
        return Identity.load_or_create(self.state / "identity")

    @property
    def source(self) -> Path:
        return self.state / "office.source.db"

    def save_entries(self, *entries: Entry) -> None:
        save(Overlay(entries, 7), self.state / "roster", self.identity)

    def make_accounts(self, *names: str, log: bool = False) -> sqlite3.Connection:
        """The page's accounts; open, with a write-ahead log where that is asked for."""
        (self.state / "network").mkdir(mode=0o700, exist_ok=True)
        db = sqlite3.connect(self.state / "network" / "accounts.db", isolation_level=None)
        if log:
            db.execute("PRAGMA journal_mode = WAL").fetchone()
        db.execute(f"PRAGMA application_id = {ACCOUNTS_ID}")
        db.execute("PRAGMA user_version = 1")
        db.execute("CREATE TABLE account (name TEXT PRIMARY KEY, hash TEXT)")
        db.executemany("INSERT INTO account VALUES (?, '$argon2id$v=19$...')", [(name,) for name in names])
        return db

    def accounts(self) -> list[str]:
        db = sqlite3.connect(self.state / "network" / "accounts.db")
        try:
            return [name for (name,) in db.execute("SELECT name FROM account ORDER BY name")]
        finally:
            db.close()

    def files(self) -> dict[str, bytes]:
        """Everything that stands there, but journal, identity and the room where work is done."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and not {"journal", "identity", "backup.work"} & set(path.parts)
        }


def handmade(path: Path, work: Path, parts: dict[tuple[str, str], bytes], **changes: object) -> Path:
    """A backup as an attacker who knows the passphrase may make one: kind and name -> content."""
    copies, listed = [], []
    for number, ((kind, name), content) in enumerate(parts.items()):
        copy = work / f"{path.name}.{number}"
        copy.write_bytes(content)
        copies.append(copy)
        listed.append(Part(kind, len(content), sha256_of(copy), name))
    made = {
        "schema": SCHEMA,
        "menshen": "1.2.3",
        "made_s": MADE_S,
        "controller": "a" * 16,
        "digest_key_id": "b" * 16,
        "site": "test_site",
        "site_name": "Test",
        "parts": tuple(listed),
    }
    write(path, Contents(**(made | changes)), copies, PASSPHRASE, recorded=lambda: None, cost=CHEAP)
    return path
