"""`menshen backup` as people and programs call it: exit status, passphrases, languages, and a controller that runs."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from firmware.bench.cards import install_sample_roster
from firmware.bench.rig import LOCK, Rig, h10301
from firmware.core.codes import Code
from firmware.journal import search
from firmware.roster.source.store import Source
from tests.backup.boards import PASSPHRASE
from tests.backup.conftest import BY

ROOT = Path(__file__).parents[2]
LIMIT_S = 60
OTHER = "another one of nobody"


def process(*words: object, passphrase: str | None = None, **settings: object) -> subprocess.CompletedProcess:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "MENSHEN"))}
    if passphrase is not None:
        environment["MENSHEN_BACKUP_PASSPHRASE"] = passphrase
    command = [sys.executable, "-m", "firmware", "backup", *map(str, words)]
    defaults = {"capture_output": True, "timeout": LIMIT_S, "cwd": ROOT, "stdin": subprocess.DEVNULL}
    return subprocess.run(command, env=environment, **{**defaults, **settings})


def test_a_passphrase_comes_from_a_file_a_descriptor_or_the_environment(menshen, old, backup, tmp_path, monkeypatch):
    assert menshen("create", old.site, backup, "--state", old.state, *BY).status == 0
    monkeypatch.delenv("MENSHEN_BACKUP_PASSPHRASE")
    file = tmp_path / "passphrase"
    file.write_text(PASSPHRASE + "\n")
    file.chmod(0o600)
    assert menshen("show", backup, "--passphrase-file", file).status == 0
    reading, writing = os.pipe()
    os.write(writing, PASSPHRASE.encode())
    os.close(writing)
    assert menshen("show", backup, "--passphrase-fd", reading).status == 0
    os.close(reading)
    file.write_text(OTHER)
    wrong = menshen("show", backup, "--passphrase-file", file, "--json")
    assert (wrong.status, wrong.told["kind"]) == (1, "WrongPassphrase")


@pytest.mark.attack("backup-19")
def test_a_passphrase_is_never_an_argument_and_never_in_a_file_that_others_read(menshen, backup, tmp_path, monkeypatch):
    monkeypatch.delenv("MENSHEN_BACKUP_PASSPHRASE")
    assert menshen("show", backup, "--passphrase", PASSPHRASE).status == 2
    file = tmp_path / "passphrase"
    file.write_text(PASSPHRASE)
    file.chmod(0o644)
    open_to_all = menshen("show", backup, "--passphrase-file", file)
    assert (open_to_all.status, "others" in open_to_all.err) == (2, True)
    (tmp_path / "link").symlink_to(file)
    assert menshen("show", backup, "--passphrase-file", tmp_path / "link").status == 2
    for nonsense in ("x", "-1", "99999"):
        assert menshen("show", backup, "--passphrase-fd", nonsense).status == 2
    assert menshen("show", backup, "--passphrase-fd", "999").status == 2
    reading, writing = os.pipe()
    os.write(writing, b"x" * 10_000)
    os.close(writing)
    assert menshen("show", backup, "--passphrase-fd", reading).status == 2
    os.close(reading)
    nowhere = process("show", backup)
    assert (nowhere.returncode, b"--passphrase-file" in nowhere.stderr) == (2, True)


def typed(words: list[object], lines: list[str]) -> tuple[int, str]:
    """Run the command at a terminal, answering each question with a line; what it showed."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(ROOT)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "MENSHEN"))}
        os.execve(sys.executable, [sys.executable, "-m", "firmware", "backup", *map(str, words)], kept)
    shown = b""
    asked = 0
    while True:
        try:
            more = os.read(terminal, 4_096)
        except OSError:  # the terminal's other end is closed
            break
        if not more:
            break
        shown += more
        if shown.rstrip().endswith(b":") and asked < len(lines) and shown.count(b":") > asked:
            os.write(terminal, lines[asked].encode() + b"\n")
            asked += 1
    _, how = os.waitpid(child, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(how), shown.decode()


@pytest.mark.slow
def test_at_a_terminal_it_is_asked_for_twice_and_shown_never(old, backup):
    create = ["create", old.site, backup, "--state", old.state, *BY]
    status, shown = typed(create, [PASSPHRASE, OTHER])
    assert (status, "differ" in shown) == (2, True)
    assert not backup.exists()
    status, shown = typed(create, [PASSPHRASE, PASSPHRASE])
    assert status == 0, shown
    assert PASSPHRASE not in shown
    status, shown = typed(["show", backup], [PASSPHRASE])
    assert status == 0, shown
    status, shown = typed(["show", backup], ["too short"])
    assert (status, "12 to" in shown) == (2, True)


def test_exit_status_and_words_of_what_goes_wrong(menshen, old, new, backup, tmp_path):
    assert menshen("create", tmp_path / "none.toml", backup, "--state", old.state, *BY).status == 1
    assert menshen("create", old.site, backup, "--state", tmp_path / "none", *BY).status == 2
    assert menshen("create", old.site, backup, "--state", old.state).status == 2  # who, and why?
    assert menshen("create", old.site, tmp_path / "no" / "folder", "--state", old.state, *BY).status == 2
    assert menshen("create", old.site, backup, "--state", old.state, "--source", tmp_path / "none", *BY).status == 2
    assert menshen("create", old.site, backup, "--state", old.state, *BY).status == 0
    without = menshen("restore", backup, new.site, "--state", new.state, "--apply")
    assert (without.status, "--by" in without.err) == (2, True)
    wrong = menshen("undo", new.site, *BY)
    assert (wrong.status, "nothing is kept" in wrong.err) == (2, True)
    assert menshen("forget", new.site, *BY).status == 2
    assert menshen("forget", old.site).status == 2  # who, and why?
    new.site.write_text(old.site.read_text().replace('"/var/lib/menshen"', '"kept"'))
    elsewhere = menshen("restore", backup, new.site)  # the site in it keeps its state in another folder
    assert (elsewhere.status, "--state" in elsewhere.err) == (2, True)


def test_both_languages_say_what_is_not_in_it_when_it_is_made_and_when_it_is_put_back(
    menshen, old, new, backup, tmp_path
):
    words = {"en": ("face templates", "claim code", "PINs"), "zh": ("人脸模板", "认领码", "密码")}
    for language, wanted in words.items():
        path = tmp_path / f"{language}.backup"
        made = menshen("create", old.site, path, "--state", old.state, *BY, "--language", language)
        shown = menshen("show", path, "--language", language)
        restored = menshen("restore", path, new.site, "--state", new.state, "--language", language)
        for answer in (made, shown, restored):
            assert answer.status == 0, answer.err
            for word in wanted:
                assert word in answer.out
    assert "Nothing was changed" in menshen("restore", path, new.site, "--state", new.state).out


def test_a_source_and_accounts_that_lie_elsewhere(menshen, old, new, backup, tmp_path):
    elsewhere = tmp_path / "office" / "office.db"
    elsewhere.parent.mkdir()
    old.source.rename(elsewhere)
    made = menshen("create", old.site, backup, "--state", old.state, "--source", elsewhere, *BY, "--json")
    assert "source" in [part["kind"] for part in made.told["parts"]]
    to = tmp_path / "new.db"
    put_back = menshen("restore", backup, new.site, "--state", new.state, "--source", to, "--apply", *BY, "--json")
    assert put_back.status == 0, put_back.err
    with Source.open(to, readonly=True) as source:
        source.prove()
    assert not new.source.exists()


def test_without_a_roster_a_source_that_no_roster_can_be_built_of_is_put_back(menshen, old, new, backup):
    """A source in the middle of an edit: a card number that a spreadsheet spoiled."""
    with Source.open(old.source) as source, source.batch("edit", "office", "half done", 1) as batch:
        batch.db.execute("INSERT INTO credential (kind, key, holder) VALUES (1, '1.23E+09', 'resident')")
    if menshen("create", old.site, backup, "--state", old.state, *BY).status != 0:
        pytest.fail("a source is backed up as it is")
    words = ("restore", backup, new.site, "--state", new.state, "--apply", *BY, "--json")
    refused = menshen(*words)
    assert refused.status == 1
    assert refused.told["problems"]
    assert not new.site.exists()
    put_back = menshen(*words, "--without-roster")
    assert put_back.status == 0, put_back.err
    assert "roster_unwanted" in [note["note"] for note in put_back.told["notes"]]


@pytest.mark.slow
def test_while_the_controller_runs_it_keeps_the_backup_in_its_journal(tmp_path):
    (tmp_path / "rig").mkdir()
    rig = Rig(tmp_path / "rig")
    backup = tmp_path / "gate.backup"
    words = ("create", rig.site, backup, "--state", rig.state, *BY, "--json")
    try:
        install_sample_roster(rig, 20)
        rig.start()
        made = process(*words, passphrase=PASSPHRASE)
        assert made.returncode == 0, made.stderr
        told = json.loads(made.stdout)
        assert told["bytes"] == backup.stat().st_size
        (row,) = search(rig.state / "journal" / "journal.db", kind=Code.BACKUP_MADE, with_bodies=True)
        assert (row.event.body.issuer, row.event.body.note) == ("Li Wei", "the yearly rehearsal")
        assert "site 1" in row.event.detail
        refused = process("restore", backup, rig.site, "--state", rig.state, "--apply", *BY, passphrase=PASSPHRASE)
        assert refused.returncode == 2
        assert b"in use by another controller" in refused.stderr
        assert rig.stop() == 0
    finally:
        rig.close()


@pytest.mark.slow
def test_a_new_board_opens_for_a_card_of_the_old_one_and_not_for_one_that_was_lost(tmp_path):
    """Two real controllers, one after the other: what a manager does at night with a board from the shelf."""
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    old, new = Rig(tmp_path / "old"), Rig(tmp_path / "new")
    new.site.unlink()
    backup, office = tmp_path / "gate.backup", tmp_path / "office.db"
    with Source.create(office, time_zone="Asia/Shanghai", who="office", why="a test", at_s=1) as source:
        with source.batch("rules", "office", "rules of the house", 1) as batch:
            rules = '[{"access_points":["*"],"schedule":"always"}]'
            batch.db.execute("INSERT INTO profile VALUES ('residents', ?)", (rules,))
        with source.batch("import", "office", "first list", 1) as batch:
            batch.db.execute("INSERT INTO holder (id, name, profiles) VALUES ('p1', '张三', '[\"residents\"]')")
            for number in (34567, 34568):
                card = f"H10301:12:{number}"
                batch.db.execute("INSERT INTO credential (kind, key, holder) VALUES (1, ?, 'p1')", (card,))
    try:
        old.start()
        build = [sys.executable, "-m", "firmware", "roster"]
        words = ["build", office, tmp_path / "r", "--state", old.state, "--install"]
        subprocess.run([*build, *map(str, words)], check=True, timeout=LIMIT_S, cwd=ROOT, capture_output=True)
        words = ["suspend", "--state", old.state, "--credential", "card:H10301:12:34568", "--lost", *BY]
        subprocess.run([*build, *map(str, words)], check=True, timeout=LIMIT_S, cwd=ROOT, capture_output=True)
        made = process("create", old.site, backup, "--state", old.state, "--source", office, *BY, passphrase=PASSPHRASE)
        assert made.returncode == 0, made.stderr
        old.kill()
        put_back = process("restore", backup, new.site, "--state", new.state, "--apply", *BY, passphrase=PASSPHRASE)
        assert put_back.returncode == 0, put_back.stderr
        new.start()
        new.listens()
        new.swipe(h10301(12, 34568))
        new.swipe(h10301(12, 34567))
        assert new.far_end.wait_driven(LOCK, True, 0) is not None
        assert new.stop() == 0
        rows = search(new.state / "journal" / "journal.db", limit=50)
        said = [row.event for row in reversed(rows) if row.event.code in (Code.GRANTED, Code.DENIED)]
        assert [event.code for event in said] == [Code.DENIED, Code.GRANTED]
        assert "credential_lost" in said[0].reasons
    finally:
        old.close()
        new.close()
