"""From a source to a running controller by one command: real process, real files; taken, refused, or nobody there."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from firmware.__main__ import main
from firmware.bench.rig import Rig
from firmware.core.access import Factor
from firmware.core.codes import Code
from firmware.identity import Identity, id_of
from firmware.journal import search
from firmware.roster.authority import Adoption, write_adoption
from firmware.roster.build import build_source
from firmware.roster.handover import Answer, answer, hand_in, newest_version
from firmware.roster.install import install
from firmware.roster.keys import KIND
from firmware.roster.source.store import Source

RULE = json.dumps([{"access_points": ["*"], "schedule": "always"}])


def menshen(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "firmware", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=Path.cwd())


def source_with(path: Path, holders: int) -> None:
    with Source.create(path, time_zone="Asia/Shanghai") as source, source.batch("edit", "test", "a test", 1) as batch:
        batch.db.execute("INSERT INTO profile VALUES ('residents', ?)", (RULE,))
        for number in range(holders):
            batch.db.execute("INSERT INTO holder (id, profiles) VALUES (?, ?)", (f"h{number}", '["residents"]'))
            card = (KIND[Factor.CARD], f"H10301:1:{number}", f"h{number}")
            batch.db.execute("INSERT INTO credential (kind, key, holder) VALUES (?, ?, ?)", card)


@pytest.mark.slow
def test_a_controller_takes_what_is_built_and_says_why_not(tmp_path: Path) -> None:
    (tmp_path / "rig").mkdir()
    rig = Rig(tmp_path / "rig")
    try:
        Identity.load_or_create(rig.state / "identity")
        source, out = tmp_path / "office.db", tmp_path / "out.roster"
        source_with(source, 3)
        rig.start()
        words = ("roster", "build", source, out, "--state", rig.state, "--install", "--json")
        first, second = menshen(*words), menshen(*words)
        assert [json.loads(run.stdout)["controller"] for run in (first, second)] == ["taken", "taken"], first.stderr
        assert [json.loads(run.stdout)["version"] for run in (first, second)] == [1, 2]
        older = menshen(*words[:-1], "--version", 1)
        assert (older.returncode, older.stdout.count("version 1")) == (1, 1)
        assert "version 1 is older than 2" in older.stderr, "the controller's own words"
        folder = rig.state / "roster"
        assert sorted(path.name for path in folder.iterdir()) == [
            "incoming.refused", "incoming.why", "roster", "roster.previous",
        ]  # fmt: skip
        assert rig.stop() == 0
        rows = search(rig.state / "journal" / "journal.db", limit=100)
        receipts = [row.event.detail for row in rows if row.event.code is Code.ROSTER_REPLACED]
        assert [receipt.split(", ")[0] for receipt in reversed(receipts)] == ["version 1", "version 2"]
        head = json.loads(second.stdout)["source"].split(":")[1]
        assert f"source batch 2 {head[:12]}, 0 changes" in receipts[0]
    finally:
        rig.close()


def test_without_a_controller_it_lies_there_and_says_so(tmp_path: Path, workshop) -> None:
    workshop.build("holder,profiles\nh1,residents\n", version=3)
    folder = tmp_path / "state" / "roster"
    handed = hand_in(workshop.out, folder)
    assert asyncio.run(answer(handed, limit_s=0.1)) == (Answer.NONE, "")
    assert (folder / "incoming.roster").read_bytes() == workshop.out.read_bytes()
    assert (folder / "incoming.roster").stat().st_mode & 0o777 == 0o600
    (folder / "incoming.roster").unlink()
    assert asyncio.run(answer(handed, limit_s=0.1))[0] is Answer.REFUSED, "gone, and not in service"
    install(workshop.out, folder, {workshop.identity.public_key}).close()
    assert asyncio.run(answer(handed, limit_s=0.1)) == (Answer.TAKEN, "")


def test_an_answer_is_about_the_file_that_was_handed_in(tmp_path: Path, workshop) -> None:
    workshop.build("holder,profiles\nh1,residents\n")
    folder = tmp_path / "roster"
    folder.mkdir()
    (folder / "incoming.refused").write_bytes(b"another one, long ago")
    (folder / "incoming.why").write_text("long ago")
    handed = hand_in(workshop.out, folder)
    assert not (folder / "incoming.why").exists()
    os.rename(folder / "incoming.roster", folder / "incoming.refused")
    (folder / "incoming.why").write_text("it was\x1b[2J refused\n")
    what, why = asyncio.run(answer(handed, limit_s=0.1))
    assert (what, why) == (Answer.REFUSED, "it was\x1b[2J refused"), "escaped by who shows it"


def test_the_newest_version_of_a_folder_counts_the_damaged_one(tmp_path: Path, workshop) -> None:
    folder, keys = tmp_path / "roster", {workshop.identity.public_key}
    assert newest_version(folder) == 0
    for version in (3, 9):
        workshop.build("holder,profiles\nh1,residents\n", version=version)
        install(workshop.out, folder, keys).close()
    content = bytearray((folder / "roster").read_bytes())
    content[5000] ^= 1
    (folder / "roster").write_bytes(content)
    assert newest_version(folder) == 9


def test_an_adopted_controllers_own_key_builds_nothing_for_it(tmp_path: Path, capsys) -> None:
    state = tmp_path / "state"
    Identity.load_or_create(state / "identity")
    source_with(tmp_path / "office.db", 1)
    write_adoption(state / "roster", Adoption("Sunrise Garden", ("ab" * 32,), 1_795_406_400))
    words = ("roster", "build", tmp_path / "office.db", tmp_path / "out", "--state", state)
    assert main([str(word) for word in (*words, "--install")]) == 1
    assert "adopted by Sunrise Garden" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert main([str(word) for word in words]) == 0, "to look at it is no harm"
    assert main(["roster", "verify", str(tmp_path / "out"), "--state", str(state)]) == 1
    assert "does not trust" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["a"], "SOURCE OUT"),
        (["a", "b", "c", "d"], "SOURCE OUT"),
        (["a.csv", "b.toml", "c"], "give --version"),
        (["nothing", "out"], "there is no such source"),
    ],
)
def test_what_is_misused_is_said(tmp_path: Path, capsys, words: list[str], said: str) -> None:
    Identity.load_or_create(tmp_path / "identity")
    status = main(["roster", "build", *[str(tmp_path / word) for word in words], "--state", str(tmp_path)])
    assert (status, said in capsys.readouterr().err) == (2, True)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("state 3 of the source", "5 changes", "no community has adopted it", "Sunrise Garden since 2026-")),
        ("zh", ("名册源第 3 批", "5 处变更", "尚未被任何社区接管", "由 Sunrise Garden 签名")),
    ],
)
def test_verify_says_of_what_it_was_built_and_who_may_sign(tmp_path: Path, capsys, language: str, words) -> None:
    """Five changes: the zone, a profile, a holder, a card, and a further holder."""
    state, out = tmp_path / "state", tmp_path / "out"
    identity = Identity.load_or_create(state / "identity")
    source_with(tmp_path / "office.db", 1)
    with Source.open(tmp_path / "office.db") as source, source.batch("edit", "test", "a test", 1) as batch:
        batch.db.execute("INSERT INTO holder (id, profiles) VALUES ('h9', '[]')")
        batch.db.execute("UPDATE holder SET profiles = ? WHERE id = 'h9'", ('["residents"]',))
    build = ["roster", "build", str(tmp_path / "office.db"), str(out), "--state", str(state), "--language", language]
    assert main(build) == 0
    said = capsys.readouterr().out
    verify = ["roster", "verify", str(out), "--state", str(state), "--language", language]
    assert main(verify) == 0
    said += capsys.readouterr().out
    folder = state / "roster"
    write_adoption(folder, Adoption("Sunrise Garden", ("ab" * 32,), 1_795_406_400))
    assert main(verify) == 1, "now somebody else signs"
    assert identity.public_key.hex()[:16] in capsys.readouterr().err
    other = Identity.load_or_create(tmp_path / "community")
    write_adoption(folder, Adoption("Sunrise Garden", (other.public_key.hex(),), 1_795_406_400))
    with Source.open(tmp_path / "office.db") as source:
        build_source(source, out, Both(other, identity))
    assert main([*verify[:-2], "--language", language]) == 0
    said += capsys.readouterr().out
    for word in (*words, id_of(other.public_key)):
        assert word in said, said


class Both:
    """A community that was given no digest key of its own: it signs, and digests with the controller's."""

    def __init__(self, signer: Identity, digester: Identity) -> None:
        self.public_key, self.sign = signer.public_key, signer.sign
        self.digest_key_id, self.pseudonym = digester.digest_key_id, digester.pseudonym
        self.pin_digest = digester.pin_digest
