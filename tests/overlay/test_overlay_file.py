"""Local entries on the disk: every cut of the power, every changed byte, older and foreign files."""

from __future__ import annotations

import base64
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from firmware.core.access import Factor
from firmware.identity import Identity
from firmware.roster import overlay_file
from firmware.roster.overlay import EMPTY, Overlay
from firmware.roster.overlay_file import (
    OverlayDamaged,
    OverlayError,
    OverlayForeign,
    OverlayMissing,
    OverlayOlder,
    OverlayUnusable,
    load,
    save,
)
from tests.overlay.entries import enrolled, suspended, visitor
from tests.powercut.disk import MODES, Disk
from tests.powercut.recording import Acknowledged, _operations, why_not

ROOT = Path(__file__).parents[2]
SAVES = 6
LIMIT_S = 120

# What is recorded: revisions 1 to SAVES, the second of which finds the rest of a save that was interrupted. Each is
# acknowledged when `save` has returned.
PROGRAM = """
import os, sys
from pathlib import Path
from firmware.identity import Identity
from firmware.roster.overlay import EMPTY
from firmware.roster.overlay_file import save
from tests.overlay.entries import suspended
folder, told, count = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
me, overlay = Identity.load_or_create(Path(sys.argv[4])), EMPTY
with told.open("w") as file:
    for number in range(count):
        overlay = overlay.with_(suspended(f"h{number}", why="w" * 200))
        save(overlay, folder, me)
        file.write(f"{overlay.revision} 0 0\\n")
        file.flush()
        if number == 2:
            (folder / "overlay").rename(folder / "overlay.new")
"""


def three() -> Overlay:
    return EMPTY.with_(
        suspended("a"), enrolled("b", "1" * 16, "H10301:1:2"), visitor("guest", "2" * 16, "a code", valid_from_s=7)
    )


@pytest.mark.slow
@pytest.mark.attack("roster-31")
def test_a_power_cut_at_any_instant_leaves_the_newest_that_was_saved(tmp_path: Path) -> None:
    """Seed 31: every operation of six saves, in each way in which a disk may lose what was not synced."""
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    identity = Identity.load_or_create(tmp_path / "identity")
    target, told, trace = tmp_path / "journal", tmp_path / "acknowledged", tmp_path / "trace"
    target.mkdir()
    calls = "openat,open,creat,write,pwrite64,fsync,fdatasync,ftruncate,rename,renameat,renameat2,unlink,unlinkat,link"
    command = ["strace", "-f", "-y", "-xx", "-s", "1000000", "-e", f"trace={calls}", "-e", "signal=none", "-o", trace]
    command += [sys.executable, "-c", PROGRAM, target, told, str(SAVES), tmp_path / "identity"]
    subprocess.run(command, check=True, timeout=LIMIT_S, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)})
    operations = list(_operations(trace, target, told))
    assert sum(isinstance(each, Acknowledged) for each in operations) == SAVES

    rng, disk, saved, cuts, unsynced = random.Random(31), Disk(), 0, 0, set()
    for operation in operations:
        if isinstance(operation, Acknowledged):
            saved = operation.step
        else:
            disk.take(operation)
        for mode in MODES:
            left = tmp_path / "left"
            left.mkdir()
            disk.cut(left, mode, rng)
            loaded = load(left, identity.public_key, saved)
            assert loaded.refused == (), f"after {operation}, {mode}"
            # A save that was cut may have come through as a whole; nothing between is ever seen.
            assert loaded.overlay.revision in (saved, saved + 1)
            assert {entry.holder for entry in loaded.overlay} == {f"h{n}" for n in range(loaded.overlay.revision)}
            unsynced.add(loaded.overlay.revision - saved)
            again = loaded.overlay.with_(suspended("after_the_cut"))
            save(again, left, identity)  # whatever the cut left does not hinder the next save
            assert load(left, identity.public_key, again.revision).overlay.revision == again.revision
            shutil.rmtree(left)
            cuts += 1
    assert cuts > 150
    assert unsynced == {0, 1}


def test_it_comes_back_as_it_was(tmp_path: Path, identity: Identity) -> None:
    overlay = three()
    save(overlay, tmp_path / "roster", identity)
    loaded = load(tmp_path / "roster", identity.public_key, overlay.revision)
    assert loaded.refused == ()
    assert loaded.overlay.revision == overlay.revision == 1
    assert list(loaded.overlay) == list(overlay)
    assert (tmp_path / "roster" / "overlay").stat().st_mode & 0o777 == 0o600
    assert {path.name for path in (tmp_path / "roster").iterdir()} == {"overlay"}


def test_where_there_has_never_been_any_there_are_none(tmp_path: Path, identity: Identity) -> None:
    loaded = load(tmp_path / "nowhere", identity.public_key)
    assert (len(loaded.overlay), loaded.overlay.revision, loaded.refused) == (0, 0, ())


def test_each_changed_byte_is_noticed_and_the_one_before_is_used(tmp_path: Path, identity: Identity) -> None:
    first = EMPTY.with_(suspended("a"))
    second = first.with_(suspended("b"))
    save(first, tmp_path, identity)
    save(second, tmp_path, identity)
    path = tmp_path / "overlay"
    good = path.read_bytes()
    for place in range(len(good)):
        path.write_bytes(good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :])
        loaded = load(tmp_path, identity.public_key, 2)
        kinds = {type(error) for error in loaded.refused}
        assert OverlayOlder in kinds, place
        assert kinds & {OverlayDamaged, OverlayForeign}, place
        assert [entry.holder for entry in loaded.overlay] == ["a"], place
        assert loaded.overlay.revision == 2, "the next change is newer than whatever was saved"
    for length in range(0, len(good), 7):
        path.write_bytes(good[:length])
        assert [type(error) for error in load(tmp_path, identity.public_key, 2).refused] == [
            OverlayDamaged,
            OverlayOlder,
        ]
    path.write_bytes(good)
    assert load(tmp_path, identity.public_key, 2).refused == ()


@pytest.mark.attack("roster-32")
def test_an_older_genuine_file_is_told_and_lets_nobody_in(tmp_path: Path, identity: Identity) -> None:
    """The folder is put back to yesterday: an enrolled card that was ended since, and a visitor, must not open."""
    overlay = three()
    save(overlay, tmp_path, identity)
    yesterday = (tmp_path / "overlay").read_bytes()
    for number in range(2):
        overlay = overlay.with_(suspended(f"h{number}"))
        save(overlay, tmp_path, identity)
    (tmp_path / "overlay").write_bytes(yesterday)
    (tmp_path / "overlay.previous").write_bytes(yesterday)
    loaded = load(tmp_path, identity.public_key, overlay.revision)
    assert [type(error) for error in loaded.refused] == [OverlayOlder]
    assert "revision 1, not 3" in str(loaded.refused[0])
    assert "menshen roster local" in str(loaded.refused[0])
    assert [entry.holder for entry in loaded.overlay] == ["a"], "what refuses holds"
    assert loaded.overlay.revision == 3
    # By one revision only, as after a damaged file, all of it is taken, and told.
    loaded = load(tmp_path, identity.public_key, 2)
    assert [type(error) for error in loaded.refused] == [OverlayOlder]
    assert [entry.holder for entry in loaded.overlay] == ["a", "b", "guest"]


def test_a_file_that_is_gone_is_told_where_there_was_one(tmp_path: Path, identity: Identity) -> None:
    loaded = load(tmp_path, identity.public_key, 5)
    assert [type(error) for error in loaded.refused] == [OverlayMissing]
    assert (len(loaded.overlay), loaded.overlay.revision) == (0, 5)


@pytest.mark.attack("roster-33")
def test_another_controllers_entries_and_other_signatures_are_refused(tmp_path: Path, identity: Identity) -> None:
    stranger = Identity.load_or_create(tmp_path / "stranger")
    save(three(), tmp_path / "theirs", stranger)
    assert [type(error) for error in load(tmp_path / "theirs", identity.public_key).refused] == [OverlayForeign]
    assert len(load(tmp_path / "theirs", identity.public_key).overlay) == 0
    # Theirs, with our name written into it; and our own signature over the same words for another purpose.
    path = tmp_path / "theirs" / "overlay"
    forged = path.read_bytes().replace(stranger.public_key.hex().encode(), identity.public_key.hex().encode())
    path.write_bytes(forged)
    assert [type(error) for error in load(tmp_path / "theirs", identity.public_key).refused] == [OverlayDamaged]
    body = forged[len(overlay_file.MAGIC) + 4 : -64]
    path.write_bytes(forged[:-64] + identity.sign(b"menshen roster\x00" + body))
    assert [type(error) for error in load(tmp_path / "theirs", identity.public_key).refused] == [OverlayDamaged]
    path.write_bytes(forged[:-64] + identity.sign(overlay_file.PURPOSE + body))
    assert len(load(tmp_path / "theirs", identity.public_key).overlay) == 3, "the forgery was one signature away"


def signed(identity: Identity, body: bytes) -> bytes:
    return overlay_file.MAGIC + len(body).to_bytes(4, "big") + body + identity.sign(overlay_file.PURPOSE + body)


def test_genuine_and_not_for_this_program(tmp_path: Path, identity: Identity) -> None:
    key = identity.public_key.hex()
    for body, kind in (
        (f'{{"schema":2,"signer":"{key}","revision":3,"entries":"another form"}}', OverlayUnusable),
        (f'{{"schema":1,"signer":"{key}","revision":3,"entries":[{{"id":"l1"}}]}}', OverlayDamaged),
        (f'{{"schema":1,"signer":"{key}","revision":3,"entries":[],"more":1}}', OverlayDamaged),
        ("[" * 100_000, OverlayDamaged),
        ("\ud800".encode("utf-8", "surrogatepass"), OverlayDamaged),
    ):
        (tmp_path / "overlay").write_bytes(signed(identity, body if isinstance(body, bytes) else body.encode()))
        assert [type(error) for error in load(tmp_path, identity.public_key).refused] == [kind]


def test_a_large_file_is_not_read(tmp_path: Path, identity: Identity) -> None:
    with (tmp_path / "overlay").open("wb") as file:
        file.truncate(1 << 40)  # sparse
    assert [type(error) for error in load(tmp_path, identity.public_key).refused] == [OverlayDamaged]


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path, identity: Identity) -> None:
    """Under each of the names; a save puts a good file in its place."""
    save(three(), tmp_path, identity)
    for name in ("overlay.previous", "overlay.new"):
        os.mkfifo(tmp_path / name)
    assert len(load(tmp_path, identity.public_key).overlay) == len(three())
    (tmp_path / "overlay").unlink()
    os.mkfifo(tmp_path / "overlay")
    loaded = load(tmp_path, identity.public_key)
    assert (len(loaded.overlay), {type(error) for error in loaded.refused}) == (0, {OverlayDamaged})
    save(three(), tmp_path, identity)
    assert len(load(tmp_path, identity.public_key).overlay) == len(three())


def test_a_damaged_one_never_becomes_the_one_before(tmp_path: Path, identity: Identity) -> None:
    first = EMPTY.with_(suspended("a"))
    second = first.with_(suspended("b"))
    save(first, tmp_path, identity)
    save(second, tmp_path, identity)
    (tmp_path / "overlay").write_bytes(b"a bad sector")
    save(second.with_(suspended("c")), tmp_path, identity)
    (tmp_path / "overlay").write_bytes(b"another bad sector")
    assert [entry.holder for entry in load(tmp_path, identity.public_key).overlay] == ["a"]


def test_a_disk_that_fails_is_told(tmp_path: Path, identity: Identity) -> None:
    save(EMPTY.with_(suspended("a")), tmp_path, identity)
    (tmp_path / "overlay.new").mkdir()
    (tmp_path / "overlay.new" / "full").touch()
    with pytest.raises(OverlayError, match="revision 9 was not saved"):
        save(EMPTY.at_revision(9), tmp_path, identity)
    assert [entry.holder for entry in load(tmp_path, identity.public_key).overlay] == ["a"]


def test_no_digits_of_a_pin_stand_in_the_file(tmp_path: Path, identity: Identity) -> None:
    digits = "80461357"
    digest = identity.pin_digest("", digits).hex()
    save(EMPTY.with_(enrolled("a", "3" * 16, digest, Factor.PIN)), tmp_path, identity)
    content = (tmp_path / "overlay").read_bytes()
    assert digest.encode() in content
    for form in (digits.encode(), base64.b64encode(digits.encode()), digits[::-1].encode()):
        assert form not in content
