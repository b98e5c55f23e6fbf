"""From one board to another, and back onto the same one: what arrives, what never leaves, what is refused."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sqlite3
from pathlib import Path

import msgspec
import pytest

from drivers.osdp_keys import KeyFile
from firmware.backup.contents import KINDS
from firmware.backup.entries import merged
from firmware.backup.errors import BackupMisused
from firmware.backup.restoring import OUR_NAMES, _is_ours
from firmware.backup.swap import BEFORE, beside
from firmware.backup.unpacking import open_backup
from firmware.controller.errors import StateFolderError
from firmware.controller.restored import last_held, last_restore
from firmware.controller.tenancy import Tenancy
from firmware.core.access import Factor
from firmware.core.codes import Code
from firmware.journal import search, verify
from firmware.roster import visitor_book
from firmware.roster.authority import Adoption, read_authority, write_adoption
from firmware.roster.entry import Kind, Status
from firmware.roster.install import load_last_good
from firmware.roster.keys import token_of
from firmware.roster.overlay import EMPTY
from firmware.roster.overlay_file import load
from firmware.roster.source.pins import pin_text
from firmware.roster.source.store import Source
from firmware.terminal import now_utc_s
from tests.backup.boards import PASSPHRASE, Board, handmade
from tests.backup.conftest import BY
from tests.config.site_files import append, demo_site, write
from tests.overlay.entries import an_entry

CARD = "H10301:12:34567"
COMMUNITY = "c1" * 32


def entries_of(board: Board) -> list:
    return list(load(board.state / "roster", board.identity.public_key).overlay)


def roster_of(board: Board):
    return load_last_good(
        board.state / "roster", [board.identity.public_key], digest_key_id=board.identity.digest_key_id
    ).roster


def events(board: Board, kind: Code) -> list:
    return search(board.state / "journal" / "journal.db", kind=kind, with_bodies=True)


def made(menshen, board: Board, backup: Path, *more: object):
    answer = menshen("create", board.site, backup, "--state", board.state, *BY, *more)
    assert answer.status == 0, answer.err
    return answer


def put_back(menshen, backup: Path, board: Board, *more: object, status: int = 0):
    answer = menshen("restore", backup, board.site, "--state", board.state, "--apply", *BY, "--json", *more)
    assert answer.status == status, answer.err
    return answer


def soon(kind: Kind, holder: str, board: Board, **fields: object):
    """An entry of now."""
    now_s = now_utc_s()
    return an_entry(kind, holder, created_s=now_s, expires_s=now_s + 86_400, roster_version=0, **fields)


# -- another board ----------------------------------------------------------------------------------------------------


def test_a_new_board_lets_in_whom_the_old_one_let_in(menshen, old, new, backup):
    with roster_of(old) as roster:
        known = roster.find(Factor.CARD, CARD)
    assert known is not None
    made(menshen, old, backup)
    told = put_back(menshen, backup, new).told
    assert new.identity.id != old.identity.id
    with roster_of(new) as roster:
        assert roster.find(Factor.CARD, CARD).holder == known.holder
    assert new.site.read_bytes() == old.site.read_bytes()
    for name in ("community_gate.plants.toml", "holders.csv", "rules.toml"):
        assert (new.site.parent / name).read_bytes() == (old.site.parent / name).read_bytes()
    with Source.open(old.source, readonly=True) as was, Source.open(new.source, readonly=True) as restored:
        restored.prove()
        names = "SELECT id, name, phone FROM holder ORDER BY id"
        assert restored.db.execute(names).fetchall() == was.db.execute(names).fetchall()
    assert "roster_built" in [note["note"] for note in told["notes"]]
    assert new.site.stat().st_mode & 0o777 == 0o644
    assert new.source.stat().st_mode & 0o777 == 0o600


def test_both_journals_know_who_and_why_and_no_names(menshen, old, new, backup):
    made(menshen, old, backup)
    put_back(menshen, backup, new)
    (said,) = events(old, Code.BACKUP_MADE)
    (restored,) = events(new, Code.BACKUP_RESTORED)
    for row in (said, restored):
        assert (row.event.body.issuer, row.event.body.note) == ("Li Wei", "the yearly rehearsal")
        assert "holders 10" in row.event.detail
        assert "menshen 0." in row.event.detail
        assert old.identity.id in row.event.detail
    assert verify(old.state / "journal" / "journal.db", old.identity.public_key).ok
    assert verify(new.state / "journal" / "journal.db", new.identity.public_key).ok


@pytest.mark.attack("backup-10")
def test_no_secret_of_the_board_and_no_face_is_in_a_backup_so_that_none_makes_a_twin(menshen, old, backup, tmp_path):
    """Looked for in the opened content, in every form in which they stand on the board."""
    (old.state / "faces").mkdir()
    (old.state / "faces" / "faces").write_bytes(b"templates of faces " * 100)
    write_adoption(
        old.state / "roster",
        Adoption("Sunshine Court", (COMMUNITY,), since_s=1, digest_key="d1" * 32),
    )
    made(menshen, old, backup)
    (tmp_path / "open").mkdir()
    opened = open_backup(backup, PASSPHRASE, tmp_path / "open")
    content = b"".join(copy.read_bytes() for copy in opened.copies) + msgspec.json.encode(opened.contents)
    pem = (old.state / "identity" / "identity.pem").read_text().splitlines()
    secrets = [line for line in pem if len(line) > 20 and not line.startswith(("-----", "Menshen", "sha256"))]
    assert len(secrets) > 5
    secrets += [old.identity.claim_code, "d1" * 32, "templates of faces"]
    seed, digest_key = old.identity._seed, old.identity._key
    for secret in [
        *(text.encode() for text in secrets),
        seed,
        digest_key,
        seed.hex().encode(),
        digest_key.hex().encode(),
    ]:
        assert secret not in content
    assert {part.kind for part in opened.contents.parts} == {"site", "named", "source", "adoption"}
    for name in secrets:
        assert name.encode() not in backup.read_bytes()


def test_pins_of_another_board_go_and_are_counted(menshen, old, new, backup):
    with Source.open(old.source) as source, source.batch("edit", "office", "a PIN", 1) as batch:
        text = pin_text(old.identity, "careless", "2468")
        batch.db.execute("UPDATE holder SET pin_with = ? WHERE id = 'careless'", (text,))
    counts = "SELECT count(*) FROM holder WHERE pin_with IS NOT NULL OR duress_pin_with IS NOT NULL"
    with Source.open(old.source, readonly=True) as source:
        with_pin = source.db.execute(counts).fetchone()[0]
    assert with_pin >= 1
    made(menshen, old, backup)
    told = put_back(menshen, backup, new).told
    dropped = [note["count"] for note in told["notes"] if note["note"] == "pins_dropped"]
    assert dropped == [next(p["counts"]["pins"] for p in told["contents"]["parts"] if p["kind"] == "source")]
    with Source.open(new.source, readonly=True) as source:
        assert source.db.execute(counts).fetchone()[0] == 0
        assert source.db.execute("SELECT count(*) FROM credential WHERE key LIKE 'digest:%'").fetchone()[0] == 0
        who = source.db.execute("SELECT who, why FROM batch ORDER BY id DESC LIMIT 1").fetchone()
    assert who == ("Li Wei", "the yearly rehearsal")


def test_suspensions_and_enrolments_hold_on_the_new_board_by_its_own_tokens(menshen, old, new, backup):
    identity = old.identity
    with roster_of(old) as roster:
        known = roster.find(Factor.CARD, CARD)
    by_token = soon(Kind.SUSPEND, known.holder, old, credential=known.credential, status=Status.LOST)
    unknown = soon(Kind.SUSPEND, "resident", old, credential="0123456789abcdef")
    key = "H10301:99:1"
    added = soon(
        Kind.ENROL, "resident", old, credential=token_of(identity, Factor.CARD, key), factor=Factor.CARD, key=key
    )
    pin = soon(Kind.SUSPEND, "resident", old, credential="f" * 16, factor=Factor.PIN, key="ab" * 16)
    old.save_entries(by_token, unknown, added, pin)
    made(menshen, old, backup)
    notes = {note["note"]: note for note in put_back(menshen, backup, new).told["notes"]}
    assert notes["entries_widened"]["count"] == 1
    assert notes["entries_dropped"]["count"] == 1
    here = new.identity
    found = {entry.id: entry for entry in entries_of(new)}
    assert found[by_token.id].key == CARD
    assert found[by_token.id].credential == token_of(here, Factor.CARD, CARD)
    assert found[by_token.id].status is Status.LOST
    assert found[added.id].credential == token_of(here, Factor.CARD, key)
    assert found[unknown.id].credential is None  # rather everything of the holder than a lost card
    assert pin.id not in found


def test_accounts_go_along_while_they_are_in_use(menshen, old, new, backup):
    db = old.make_accounts("wang", "li", log=True)
    db.execute("INSERT INTO account VALUES ('zhao', 'only in the log')")
    made(menshen, old, backup)
    db.close()
    put_back(menshen, backup, new)
    assert new.accounts() == ["li", "wang", "zhao"]
    assert (new.state / "network" / "accounts.db").stat().st_mode & 0o777 == 0o600


def test_keys_of_readers_go_along_and_are_checked_where_they_will_lie(menshen, old, new, backup, tmp_path):
    keys = tmp_path / "keys"
    keys.mkdir()
    tree = demo_site()
    path = keys / "osdp_in"
    KeyFile(path).create()
    reader = {"id": "osdp_in", "kind": "osdp", "port": "/dev/ttyUSB0", "address": 0, "key_file": str(path)}
    append("device", {**reader, "formats": ["H10301"], "keypad": True})(tree)
    tree["portal"][0]["access_point"][0]["readers"].append("osdp_in")
    write(old.site.parent, tree)
    made(menshen, old, backup)
    content = path.read_bytes()
    path.unlink()
    refused = put_back(menshen, backup, new, status=1)
    assert "--folder" in refused.err
    assert not new.site.exists()
    put_back(menshen, backup, new, "--folder", keys)
    assert path.read_bytes() == content
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_community_s_board_is_adopted_again_and_builds_no_roster(menshen, old, new, backup):
    write_adoption(old.state / "roster", Adoption("Sunshine Court", (COMMUNITY,), since_s=1, digest_key="d1" * 32))
    made(menshen, old, backup)
    notes = [note["note"] for note in put_back(menshen, backup, new).told["notes"]]
    assert "adopt_again" in notes
    assert "roster_by_others" in notes
    adoption = read_authority(new.state / "roster", new.identity).adoption
    assert (adoption.community, adoption.signers, adoption.digest_key) == ("Sunshine Court", (COMMUNITY,), None)
    assert not (new.state / "roster" / "roster").exists()


@pytest.mark.attack("backup-11")
def test_a_backup_of_another_community_takes_no_board_over(menshen, old, new, backup):
    write_adoption(old.state / "roster", Adoption("Elsewhere", ("e1" * 32,), since_s=1))
    made(menshen, old, backup)
    new.state.mkdir()
    write_adoption(new.state / "roster", Adoption("Sunshine Court", (COMMUNITY,), since_s=1, digest_key="d1" * 32))
    before = new.files()
    refused = put_back(menshen, backup, new, status=1)
    assert "Sunshine Court" in refused.err
    assert new.files() == before


# -- the same board ---------------------------------------------------------------------------------------------------


def test_the_same_board_goes_back_and_keeps_what_was_suspended_since(menshen, old, backup):
    old.make_accounts("wang").close()
    before = old.files()
    made(menshen, old, backup)
    lost = soon(Kind.SUSPEND, "resident", old, status=Status.LOST)
    old.save_entries(lost)
    with Source.open(old.source) as source, source.batch("edit", "office", "moved", 1) as batch:
        batch.db.execute("UPDATE holder SET name = 'Somebody' WHERE id = 'resident'")
    old.site.write_text(old.site.read_text().replace("Community gate", "Another gate"))
    with roster_of(old) as roster:
        version = roster.version
    told = put_back(menshen, backup, old).told
    changes = {Path(each["file"]).name: each["change"] for each in told["changes"]}
    assert changes["site.toml"] == "replaced"
    assert changes["rules.toml"] == "same"
    assert old.site.read_bytes() == before["etc/site.toml"]
    with Source.open(old.source, readonly=True) as source:
        assert source.db.execute("SELECT name FROM holder WHERE id = 'resident'").fetchone() != ("Somebody",)
    assert [entry.id for entry in entries_of(old)] == [lost.id]
    with roster_of(old) as roster:
        assert roster.version > version  # an older one would be refused
    assert old.accounts() == ["wang"]


def test_no_entry_of_a_backup_takes_the_place_of_a_suspension_that_stands_here(menshen, old, backup):
    """Two entries may have one id: one of eight hex digits is drawn, and whoever makes a backup by hand chooses it."""
    token = "a1" * 8
    enrolled = soon(Kind.ENROL, "resident", old, credential=token, factor=Factor.CARD, key="H10301:12:4711")
    old.save_entries(enrolled)
    made(menshen, old, backup)
    lost = msgspec.structs.replace(soon(Kind.SUSPEND, "resident", old, status=Status.LOST), id=enrolled.id)
    old.save_entries(lost)
    put_back(menshen, backup, old)
    assert entries_of(old) == [lost]


def test_a_clock_that_is_years_ahead_loses_no_suspension():
    """Its end is kept with it; what lets in and is over goes."""
    lost, enrolled = (
        an_entry(Kind.SUSPEND, "a"),
        an_entry(Kind.ENROL, "b", credential="b2" * 8, factor=Factor.CARD, key="H10301:12:1"),
    )
    kept = merged([lost, enrolled], EMPTY, lost.expires_s + 1, revision=3)
    assert list(kept) == [lost]


def test_undo_goes_back_and_undo_again_forth_and_forget_leaves_nothing(menshen, old, new, backup):
    made(menshen, old, backup)
    other = old.site.read_text().replace("Community gate", "Another gate")
    old.site.write_text(other)
    restored = put_back(menshen, backup, old).told
    undone = menshen("undo", old.site, *BY, "--json")
    assert undone.status == 0, undone.err
    assert old.site.read_text() == other
    assert len(events(old, Code.BACKUP_UNDONE)) == 1
    menshen("undo", old.site, *BY)
    assert "Another gate" not in old.site.read_text()
    assert restored["contents"]["site_name"] == "Community gate"
    forgotten = menshen("forget", old.site, *BY, "--json")
    assert forgotten.told["files"] == 6
    (event,) = events(old, Code.BACKUP_FORGOTTEN)
    assert (event.event.body.issuer, event.event.body.note) == ("Li Wei", "the yearly rehearsal")
    assert not [name for name in old.files() if "before_restore" in name or "restored" in name]
    assert menshen("undo", old.site, *BY).status == 2


def test_an_undo_is_of_what_stands_there_once_nobody_can_put_anything_back(menshen, old, backup, tmp_path):
    """Another restore comes in between: it is that one which is undone; one of another folder is not touched."""
    made(menshen, old, backup)
    put_back(menshen, backup, old)
    first = last_restore(old.site)

    def again(_: str) -> None:
        put_back(menshen, backup, old)

    with last_held(old.site, again) as held:
        assert held.id != first.id
        assert held == last_restore(old.site)
        with pytest.raises(StateFolderError):
            Tenancy(old.state)
    path = beside(old.site, BEFORE)

    def elsewhere(_: str) -> None:
        swap = msgspec.structs.replace(last_restore(old.site), state=str(tmp_path / "other"))
        path.write_bytes(msgspec.json.encode(swap))

    with pytest.raises(BackupMisused, match="just now"), last_held(old.site, elsewhere):
        raise AssertionError("it is another board's")
    Tenancy(old.state).end()


def test_a_relative_name_is_replaced_nowhere_else_in_the_site_file(menshen, old, new, backup):
    """A file that is called like the site itself: what `menshen check` reads says so still."""
    text = old.site.read_text()
    site_id = re.search(r'^id = "([^"]+)"', text, re.MULTILINE)[1]
    source = re.search(r'^holders = "([^"]+)"', text, re.MULTILINE)
    assert source is not None, "the rehearsal names its holders"
    (old.site.parent / source[1]).rename(old.site.parent / site_id)
    old.site.write_text(text.replace(f'"{source[1]}"', f'"{site_id}"'))
    made(menshen, old, backup)
    put_back(menshen, backup, new)
    assert new.site.read_text() == old.site.read_text()


def test_names_of_visitors_go_along_and_come_back(menshen, old, new, backup):
    """With the page's own book; of a board without one none is made, and an undo takes away what came."""
    book = old.state / visitor_book.PLACE
    book.parent.mkdir(mode=0o700)
    until_s = now_utc_s() + 86_400
    visitor_book.add(book, now_utc_s(), "v1", "Chen Bo", until_s, "f1")
    visitor_book.add(book, now_utc_s(), "v2", "Wu Fan", until_s, None)
    told = made(menshen, old, backup, "--json").told
    (part,) = [each for each in told["parts"] if each["kind"] == "visitors"]
    assert part["counts"] == {"visitors": 2}
    assert b"Chen Bo" not in backup.read_bytes()
    put_back(menshen, backup, new)
    there = new.state / visitor_book.PLACE
    assert visitor_book.names(there, now_utc_s(), ["v1", "v2"]) == {"v1": "Chen Bo", "v2": "Wu Fan"}
    assert (there.stat().st_mode & 0o077, there.parent.stat().st_mode & 0o077) == (0, 0)
    # Back onto the same board: those of the backup, and with an undo those of before.
    visitor_book.add(book, now_utc_s(), "v3", "Later On", until_s, None)
    put_back(menshen, backup, old)
    assert visitor_book.names(book, now_utc_s(), ["v1", "v3"]) == {"v1": "Chen Bo"}
    assert menshen("undo", old.site, *BY).status == 0
    assert visitor_book.names(book, now_utc_s(), ["v1", "v3"]) == {"v1": "Chen Bo", "v3": "Later On"}
    assert menshen("forget", old.site, *BY).status == 0
    assert [path.name for path in book.parent.iterdir()] == ["visitors.db"]


@pytest.mark.parametrize("script", ["CREATE TABLE x (y)", "CREATE VIEW visitor AS SELECT 1", "PRAGMA user_version = 9"])
def test_what_is_no_book_of_visitors_is_not_backed_up(menshen, old, backup, script):
    book = old.state / visitor_book.PLACE
    book.parent.mkdir(mode=0o700)
    with contextlib.closing(sqlite3.connect(book)) as db:
        db.executescript(script)
    answer = menshen("create", old.site, backup, "--state", old.state, *BY)
    assert (answer.status, backup.exists()) == (1, False), answer


def test_a_site_file_may_not_put_anything_where_the_desk_keeps_its_own(old):
    for folder in ("people", "imports", "selftest", "logs"):
        assert _is_ours(old.state / folder / "x.key", old.state), folder
    assert {Path(kind.place).parts[0] for kind in KINDS.values() if kind.place} - {"office.source.db"} <= set(OUR_NAMES)
    assert KINDS["visitors"].place == visitor_book.PLACE


def test_undo_takes_away_what_came_with_the_restore(menshen, old, new, backup):
    """Onto a board that had another site, and neither source nor accounts."""
    old.make_accounts("wang").close()
    made(menshen, old, backup)
    write(new.site.parent, demo_site())
    was = new.site.read_bytes()
    put_back(menshen, backup, new)
    assert new.accounts() == ["wang"]
    answer = menshen("undo", new.site, *BY)
    assert answer.status == 0, answer.err
    assert new.site.read_bytes() == was
    for gone in (new.source, new.state / "network" / "accounts.db", new.site.parent / "rules.toml"):
        assert not gone.exists(), gone


def test_there_is_no_way_back_to_a_board_without_a_site(menshen, old, new, backup):
    made(menshen, old, backup)
    put_back(menshen, backup, new)
    answer = menshen("undo", new.site, *BY)
    assert answer.status == 2
    assert "no site before" in answer.err


def test_a_damaged_source_is_replaced_and_kept(menshen, old, backup):
    """Why people restore at all."""
    made(menshen, old, backup)
    broken = b"SQLite format 3\0" + os.urandom(5_000)
    old.source.write_bytes(broken)
    put_back(menshen, backup, old)
    with Source.open(old.source, readonly=True) as source:
        source.prove()
    assert old.source.with_name(old.source.name + ".before_restore").read_bytes() == broken


# -- what is refused --------------------------------------------------------------------------------------------------


def test_without_apply_nothing_changes(menshen, old, backup):
    made(menshen, old, backup)
    old.site.write_text(old.site.read_text().replace("Community gate", "Another gate"))
    before = old.files()
    answer = menshen("restore", backup, old.site, "--state", old.state, "--json")
    assert answer.status == 0, answer.err
    assert answer.told["applied"] is False
    assert {Path(c["file"]).name: c["change"] for c in answer.told["changes"]}["site.toml"] == "replaced"
    assert old.files() == before
    assert events(old, Code.BACKUP_RESTORED) == []


def test_a_card_that_the_office_has_called_lost_since_stays_refused(menshen, old, backup):
    """The suspension at the controller has gone by then: the roster of the source said the same."""
    made(menshen, old, backup)
    with Source.open(old.source) as source, source.batch("edit", "office", "lost", 1) as batch:
        lost, removed, *_ = batch.db.execute("SELECT kind, key FROM credential WHERE status = 0").fetchall()
        batch.db.execute("UPDATE credential SET status = 2 WHERE kind = ? AND key = ?", lost)
        plate = batch.db.execute("SELECT plate FROM vehicle WHERE status = 0").fetchone()
        batch.db.execute("UPDATE vehicle SET status = 1 WHERE plate = ?", plate)
        batch.db.execute("DELETE FROM credential WHERE kind = ? AND key = ?", removed)
    told = put_back(menshen, backup, old).told
    with Source.open(old.source, readonly=True) as source:
        source.prove()
        said = source.db.execute("SELECT status FROM credential WHERE kind = ? AND key = ?", lost).fetchone()
        assert said == (2,)
        assert source.db.execute("SELECT status FROM vehicle WHERE plate = ?", plate).fetchone() == (1,)
    assert {"note": "refused_since", "count": 2} in told["notes"]
    assert {"note": "removed_since", "count": 1} in told["notes"]
    answer = menshen("undo", old.site, *BY, "--json")
    assert answer.status == 0, answer.err
    with Source.open(old.source, readonly=True) as source:
        assert source.db.execute("SELECT status FROM vehicle WHERE plate = ?", plate).fetchone() == (1,)


@pytest.mark.attack("backup-12")
def test_nothing_of_a_backup_with_anything_wrong_is_restored(menshen, old, new, backup, tmp_path):
    made(menshen, old, backup)
    (tmp_path / "open").mkdir()
    opened = open_backup(backup, PASSPHRASE, tmp_path / "open")
    good = {
        (part.kind, part.name): copy.read_bytes()
        for part, copy in zip(opened.contents.parts, opened.copies, strict=True)
    }
    site = good["site", ""]
    source = good["source", ""]
    hostile = {
        "a site that is none": {("site", ""): b"\xff" * 100},
        "a site with problems": {("site", ""): site.replace(b'egress = "mechanical"', b'egress = "software"')},
        "a site that names what leads out": {("site", ""): site.replace(b'"rules.toml"', b'"../rules.toml"')},
        "a file that the site does not name": {("named", "rc.local"): b"x"},
        "a site that names the identity": {
            ("site", ""): site.replace(b'"rules.toml"', f'"{new.state}/identity/identity.pem"'.encode()),
            ("named", f"{new.state}/identity/identity.pem"): b"x",
        },
        "a site that names itself": {
            ("site", ""): site.replace(b'"rules.toml"', b'"site.toml"'),
            ("named", "site.toml"): good["named", "rules.toml"],
        },
        "a source that is none": {("source", ""): b"x" * 10_000},
        "a source that was changed past its history": {
            ("source", ""): tampered(tmp_path / "tampered.db", source, "UPDATE batch SET who = 'nobody'")
        },
        "a source with a schedule that is none": {("source", ""): edited(tmp_path / "edited.db", source)},
        "accounts that are none": {("accounts", ""): b"x" * 10_000},
        "accounts of another program": {("accounts", ""): source},
        "entries that are none": {("overlay", ""): b"[1]"},
        "entries that are no text": {("overlay", ""): b'[{"id": "\xff"}]'},
        "an adoption that is none": {("adoption", ""): b'{"community": "x", "signers": []}'},
        "an adoption that is no text": {("adoption", ""): b'{"community": "\xff", "signers": []}'},
    }
    for number, (name, changed) in enumerate(hostile.items()):
        parts = {**good, **changed}
        if name == "a site that names the identity":
            del parts["named", "rules.toml"]
        path = handmade(tmp_path / f"h{number}", tmp_path, parts, digest_key_id=old.identity.digest_key_id)
        answer = menshen("restore", path, new.site, "--state", new.state, "--apply", *BY)
        assert answer.status == 1, (name, answer)
        assert new.files() == {}, name
        assert not (new.state / "backup.work").exists()


@pytest.mark.attack("backup-20")
@pytest.mark.parametrize(
    "name",
    [
        "site.toml.restore",
        "site.toml.restored",
        "site.toml.before_restore",
        "site.toml.before_restore.json",
        "{state}/factory_reset.asked",
        "{state}/office.source.db-journal",
        "{state}/office.source.db-wal",
        "{state}/network.sock",
        "{state}/evidence/1.jpg",
    ],
)
def test_no_site_file_names_what_the_restore_itself_or_the_controller_writes(menshen, old, new, backup, tmp_path, name):
    """The list of what is swapped would be the attacker's, or the next start a factory reset."""
    made(menshen, old, backup)
    (tmp_path / "open").mkdir()
    opened = open_backup(backup, PASSPHRASE, tmp_path / "open")
    parts = {
        (part.kind, part.name): copy.read_bytes()
        for part, copy in zip(opened.contents.parts, opened.copies, strict=True)
    }
    named = name.format(state=new.state)
    parts["site", ""] = parts["site", ""].replace(b'"rules.toml"', f'"{named}"'.encode())
    parts["named", named] = parts.pop(("named", "rules.toml"))
    path = handmade(tmp_path / "hostile", tmp_path, parts, digest_key_id=old.identity.digest_key_id)
    answer = put_back(menshen, path, new, status=1)
    assert "where the controller keeps its own" in answer.err
    assert new.files() == {}


def test_accounts_that_change_themselves_are_refused(menshen, old, new, backup, tmp_path):
    """A trigger would bring a deleted account back at each change that the page makes."""
    made(menshen, old, backup)
    db = old.make_accounts("wang")
    db.execute(
        "CREATE TRIGGER again AFTER DELETE ON account BEGIN INSERT OR REPLACE INTO account VALUES ('ghost', 'x'); END"
    )
    db.close()
    (tmp_path / "open").mkdir()
    opened = open_backup(backup, PASSPHRASE, tmp_path / "open")
    parts = {
        (part.kind, part.name): copy.read_bytes()
        for part, copy in zip(opened.contents.parts, opened.copies, strict=True)
    }
    parts["accounts", ""] = (old.state / "network" / "accounts.db").read_bytes()
    path = handmade(tmp_path / "hostile", tmp_path, parts, digest_key_id=old.identity.digest_key_id)
    put_back(menshen, path, new, status=1)
    assert new.files() == {}


def edited(path: Path, content: bytes) -> bytes:
    """A source with a history that is in order, and what no program of ours writes."""
    path.write_bytes(content)
    with Source.open(path) as source, source.batch("edit", "nobody", "to see what happens", 1) as batch:
        batch.db.execute("UPDATE schedule SET week = '['")
    return path.read_bytes()


def tampered(path: Path, content: bytes, statement: str) -> bytes:
    """A source that somebody changed with the triggers out of the way, and put back after."""
    path.write_bytes(content)
    db = sqlite3.connect(path, isolation_level=None)
    triggers = db.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
    for name, _ in triggers:
        db.execute(f"DROP TRIGGER {name}")
    db.execute(statement)
    for _, sql in triggers:
        db.execute(sql)
    db.close()
    return path.read_bytes()


@pytest.mark.parametrize("name", ["rules.toml", "state/roster/roster", "state/network/accounts.db"])
def test_where_something_else_than_a_file_stands_nothing_is_begun(menshen, old, new, backup, name):
    """A folder would stop a swap half-way, where there is no way back."""
    old.make_accounts("wang").close()
    made(menshen, old, backup)
    at = new.site.parent / name if "/" not in name else new.folder / name
    at.mkdir(parents=True)
    put_back(menshen, backup, new, status=1)
    assert new.files() == {}


def test_not_while_a_controller_runs_and_not_two_at_once(menshen, old, new, backup):
    made(menshen, old, backup)
    tenancy = Tenancy(old.state)
    try:
        answer = menshen("restore", backup, old.site, "--state", old.state, "--apply", *BY)
        assert answer.status == 2
        assert "in use by another controller" in answer.err
        alone = menshen("create", old.site, backup.with_name("b2"), "--state", old.state, *BY)
        assert alone.status == 2  # somebody holds the folder, and no controller answers for its journal
        assert not backup.with_name("b2").exists()
    finally:
        tenancy.end()


def test_not_while_somebody_has_the_source_or_the_accounts_open(menshen, old, backup):
    made(menshen, old, backup)
    before = old.files()
    with Source.open(old.source) as source:
        source.db.execute("SELECT count(*) FROM holder").fetchone()
        answer = menshen("restore", backup, old.site, "--state", old.state, "--apply", *BY)
        assert answer.status == 2
        assert "in use by another program" in answer.err
    after = old.files()
    assert {name: after[name] for name in before if "source" not in name} == {
        name: content for name, content in before.items() if "source" not in name
    }
    assert not [name for name in after if "restore" in name]


def test_a_damaged_file_an_existing_one_and_a_missing_one(menshen, old, new, backup, tmp_path):
    made(menshen, old, backup)
    again = menshen("create", old.site, backup, "--state", old.state, *BY)
    assert (again.status, "nothing is overwritten" in again.err) == (2, True)
    content = backup.read_bytes()
    cut = tmp_path / "cut"
    cut.write_bytes(content[:-1])
    for status, path in ((1, cut), (2, tmp_path / "none")):
        answer = menshen("show", path, "--json")
        assert answer.status == status
        assert answer.told["ok"] is False
    assert backup.stat().st_mode & 0o777 == 0o600
    assert not backup.with_name(backup.name + ".new").exists()


def test_a_site_with_problems_is_not_backed_up(menshen, old, backup):
    """It could not be restored, and somebody would find out too late."""
    old.site.write_text(old.site.read_text().replace('egress = "mechanical"', 'egress = "software"'))
    answer = menshen("create", old.site, backup, "--state", old.state, *BY)
    assert answer.status == 1
    assert "egress" in answer.err
    assert not backup.exists()


def test_what_was_erased_since_is_told(menshen, old, backup):
    from firmware.backup.record import record
    from firmware.core.effects import Event
    from firmware.journal import Limits

    made(menshen, old, backup)
    record(old.state, old.identity, Limits(), Event(Code.ERASED), now_utc_s() + 5)
    told = put_back(menshen, backup, old).told
    assert [note["count"] for note in told["notes"] if note["note"] == "erased_since"] == [1]


def test_what_is_shown_names_everything_and_nobody(menshen, old, backup):
    old.make_accounts("wang").close()
    made(menshen, old, backup)
    with Source.open(old.source, readonly=True) as source:
        names = [name for (name,) in source.db.execute("SELECT name FROM holder WHERE name IS NOT NULL")]
    for language in ("en", "zh"):
        shown = menshen("show", backup, "--language", language)
        assert shown.status == 0
        assert not any(name in shown.out for name in names)
    told = menshen("show", backup, "--json").told
    assert told["without"] == ["identity", "pins", "faces", "journal", "roster"]
    assert [part["kind"] for part in told["parts"]] == ["site", "named", "named", "named", "source", "accounts"]
    assert json.dumps(told).isascii() or told["site_name"]
