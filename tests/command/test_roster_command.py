"""`menshen roster`: what it builds, which rows it refuses, and whose files it believes."""

from __future__ import annotations

import hashlib
import json

import pytest

from firmware.identity import Identity, id_of
from firmware.roster.build import build
from tests.command.conftest import HOLDERS, RULES, process

HEADER = "holder,household,profiles,flags,status,card,pin\n"
BAD = HEADER + "a b,,residents,,,H10301:1:1,\nok,,residents,,,H10301:1:2,\nc,,nobody,,gone,12:34:56,12\n"


def test_it_builds_what_it_says(menshen, state):
    out = state / "r"
    answer = menshen("roster", "build", HOLDERS, RULES, out, "--state", state, "--version", 7, "--json")
    assert answer.status == 0
    report = json.loads(answer.out)
    people = len(HOLDERS.read_text(encoding="utf-8").splitlines()) - 1
    assert (report["ok"], report["version"], report["rows"], report["holders"]) == (True, 7, people, people)
    assert report["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    assert report["bytes"] == out.stat().st_size
    assert report["signer"] == Identity.load_or_create(state / "identity").public_key.hex()


def test_the_same_sources_give_the_same_file(menshen, state):
    for name in ("a", "b"):
        menshen("roster", "build", HOLDERS, RULES, state / name, "--state", state, "--version", 7)
    assert (state / "a").read_bytes() == (state / "b").read_bytes()


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", ("version 7", "10 holders", "not in service yet")), ("zh", ("第 7 版", "10 位持有人"))],
)
def test_words_in_both_languages(menshen, state, language, words):
    out = state / "r"
    built = menshen("roster", "build", HOLDERS, RULES, out, "--state", state, "--version", 7, "--language", language)
    assert all(word in built.out for word in words), built.out
    good = menshen("roster", "verify", out, "--state", state, "--language", language)
    assert good.status == 0
    assert id_of(Identity.load_or_create(state / "identity").public_key) in good.out


def test_every_bad_row_is_named_and_nothing_is_written(menshen, state, tmp_path):
    table = tmp_path / "holders.csv"
    table.write_text(BAD, encoding="utf-8")
    out = state / "r"
    out.write_bytes(b"the one before")
    words = ("roster", "build", table, RULES, out, "--state", state, "--version", 7)
    answer = menshen(*words)
    assert (answer.status, answer.out) == (1, "")
    for place in ("row 2, holder", "row 4, profiles", "row 4, status", "row 4, card", "row 4, pin"):
        assert place in answer.err, place
    assert "row 3" not in answer.err
    problems = json.loads(menshen(*words, "--json").out)["problems"]
    assert sorted((each["row"], each["column"]) for each in problems) == [
        (2, "holder"), (4, "card"), (4, "pin"), (4, "profiles"), (4, "status"),
    ]  # fmt: skip
    assert out.read_bytes() == b"the one before"
    assert sorted(path.name for path in state.iterdir()) == ["identity", "journal", "r"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_problems_are_counted_in_both_languages(menshen, state, tmp_path, language):
    table = tmp_path / "holders.csv"
    table.write_text(BAD, encoding="utf-8")
    answer = menshen(
        "roster", "build", table, RULES, state / "r", "--state", state, "--version", 7, "--language", language
    )
    assert "5" in answer.err.splitlines()[-1]


@pytest.mark.attack("text-18")
def test_hostile_cells_are_shown_escaped(menshen, state, tmp_path):
    table = tmp_path / "holders.csv"
    table.write_text(HEADER + "\x1b[2J,,residents,,,=cmd|' /C calc'!A0,\n🚪,,' OR 1=1,,,\u202e,\n", encoding="utf-8")
    answer = menshen("roster", "build", table, RULES, state / "r", "--state", state, "--version", 7)
    assert answer.status == 1
    assert "\x1b" not in answer.err
    assert "\u202e" not in answer.err


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe\x00", b"\0" * 5000, b"holder\n" + b"x" * 100_000, b"holder,card\n"]
)
def test_a_table_that_is_none_is_refused(menshen, state, tmp_path, content):
    table = tmp_path / "holders.csv"
    table.write_bytes(content)
    answer = menshen("roster", "build", table, RULES, state / "r", "--state", state, "--version", 7)
    assert answer.status == 1
    assert answer.err
    assert not (state / "r").exists()


def test_no_identity_is_made_by_the_way(menshen, tmp_path):
    answer = menshen("roster", "build", HOLDERS, RULES, tmp_path / "r", "--state", tmp_path / "typo", "--version", 7)
    assert answer.status == 2
    assert "holds no identity" in answer.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("version", ["0", "-1", "1.5", "x", "", "9" * 19, "9" * 5000, "٣"])
def test_a_version_that_is_none_is_misuse(menshen, state, version):
    assert menshen("roster", "build", HOLDERS, RULES, state / "r", "--state", state, "--version", version).status == 2


def test_sources_that_are_not_there_are_misuse(menshen, state):
    assert menshen("roster", "build", state / "no", RULES, state / "r", "--state", state, "--version", 1).status == 2
    assert menshen("roster", "build", HOLDERS, state / "no", state / "r", "--state", state, "--version", 1).status == 2
    out = state / "no" / "folder"
    assert menshen("roster", "build", HOLDERS, RULES, out, "--state", state, "--version", 1).status in (1, 2)


# -- verify -----------------------------------------------------------------------------------------------------------


def test_a_good_roster_by_state_and_by_key(menshen, state, built):
    seal = json.loads(menshen("roster", "verify", built, "--state", state, "--json").out)
    assert (seal["ok"], seal["version"], seal["pins_proven"]) == (True, 7, True)
    key = Identity.load_or_create(state / "identity").public_key.hex()
    by_key = menshen("roster", "verify", built, "--key", "00" * 32, "--key", key, "--json")
    assert by_key.status == 0
    assert json.loads(by_key.out)["pins_proven"] is False


@pytest.mark.parametrize("byte", [0, 100, 5000, -4096, -4000, -1])
def test_a_changed_byte_is_refused(menshen, state, built, byte):
    content = bytearray(built.read_bytes())
    content[byte] ^= 1
    built.write_bytes(content)
    answer = menshen("roster", "verify", built, "--state", state, "--json")
    assert answer.status == 1
    assert json.loads(answer.out)["ok"] is False
    assert "menshen roster: " in answer.err


def test_a_strangers_roster_is_refused(menshen, built, tmp_path):
    Identity.load_or_create(tmp_path / "other" / "identity")
    answer = menshen("roster", "verify", built, "--state", tmp_path / "other")
    assert answer.status == 1
    assert "does not trust" in answer.err


class OtherDigests:
    """This controller's signature over PINs that another one digested: as after a restore with half of a backup."""

    def __init__(self, own, other):
        self.public_key, self.sign = own.public_key, own.sign
        self.digest_key_id, self.pseudonym, self.pin_digest = other.digest_key_id, other.pseudonym, other.pin_digest


def test_pins_of_another_key_are_refused_where_the_key_is_known(menshen, state, tmp_path):
    own = Identity.load_or_create(state / "identity")
    other = Identity.load_or_create(tmp_path / "other" / "identity")
    build(HOLDERS, RULES, state / "r", OtherDigests(own, other), version=1, created_s=1)
    answer = menshen("roster", "verify", state / "r", "--state", state)
    assert answer.status == 1
    assert "no PIN would be right" in answer.err
    assert menshen("roster", "verify", state / "r", "--key", own.public_key.hex()).status == 0


def test_files_that_are_none(menshen, state, tmp_path):
    assert menshen("roster", "verify", tmp_path / "no", "--state", state).status == 2
    for name, content in (("empty", b""), ("text", b"a letter"), ("zeros", bytes(1 << 16))):
        (tmp_path / name).write_bytes(content)
        assert menshen("roster", "verify", tmp_path / name, "--state", state).status == 1, name
    assert menshen("roster", "verify", tmp_path, "--state", state).status == 1
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    assert menshen("roster", "verify", loop, "--state", state).status == 1


@pytest.mark.parametrize("key", ["", "00", "zz" * 32, "00" * 33, "' OR 1=1", "🔑" * 64, "0" * 10_000])
def test_a_key_that_is_none_is_misuse(menshen, built, key):
    answer = menshen("roster", "verify", built, "--key", key)
    assert (answer.status, answer.out) == (2, "")


def test_import_is_not_offered(menshen):
    assert menshen("roster", "import", "x").status == 2


def test_it_is_the_same_as_a_process(state, built):
    answer = process("roster", "verify", built, "--state", state, "--json")
    assert answer.returncode == 0
    assert json.loads(answer.stdout)["ok"]
