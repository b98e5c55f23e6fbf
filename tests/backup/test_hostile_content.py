"""Content that opens with its passphrase and is hostile all the same: bombs, paths, lists that lie."""

from __future__ import annotations

import io
import tracemalloc
import zlib
from pathlib import Path

import msgspec
import pytest

from firmware.backup.contents import KINDS, SCHEMA
from firmware.backup.errors import BackupDamaged, BackupError, BackupNewer, BackupRefused
from firmware.backup.naming import names_in, place_of
from firmware.backup.sealing import Sealer
from firmware.backup.unpacking import open_backup
from tests.backup.boards import CHEAP, MADE_S, PASSPHRASE, handmade

SITE = ("site", "")
EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # FIPS 180-4, of nothing
GIB = 1 << 30


def sealed(path: Path, plain: bytes) -> Path:
    file = io.BytesIO()
    sealer = Sealer(file, PASSPHRASE, "1.2.3", CHEAP)
    sealer.write(plain)
    sealer.finish()
    path.write_bytes(file.getvalue())
    return path


def listed(parts: list[dict], **changes: object) -> bytes:
    made = {
        "schema": SCHEMA,
        "menshen": "1.2.3",
        "made_s": MADE_S,
        "controller": "a" * 16,
        "digest_key_id": "b" * 16,
        "site": "s",
        "site_name": "S",
        "parts": parts,
    }
    encoded = msgspec.json.encode(made | changes)
    return len(encoded).to_bytes(4, "big") + encoded


def part(kind: str = "site", size: int = 0, name: str = "", sha256: str = EMPTY_SHA256) -> dict:
    return {"kind": kind, "bytes": size, "sha256": sha256, "name": name}


def zeros(size: int) -> bytes:
    """So many zero bytes, compressed without having them."""
    packer = zlib.compressobj(9)
    block = bytes(1 << 20)
    return b"".join(packer.compress(block) for _ in range(size >> 20)) + packer.flush()


def opening(path: Path, into: Path | None = None):
    if into is not None:
        into.mkdir()
    return open_backup(path, PASSPHRASE, into)


def test_parts_come_out_as_they_went_in_and_under_numbers(tmp_path):
    path = handmade(
        tmp_path / "b", tmp_path, {SITE: b"a = 1\n", ("named", "../../../etc/passwd"): b"x", ("overlay", ""): b"[]"}
    )
    opened = opening(path, tmp_path / "into")
    assert [copy.name for copy in opened.copies] == ["0000.site", "0001.named", "0002.overlay"]
    assert [copy.read_bytes() for copy in opened.copies] == [b"a = 1\n", b"x", b"[]"]
    assert {copy.stat().st_mode & 0o777 for copy in opened.copies} == {0o600}
    assert sorted(path.name for path in (tmp_path / "into").iterdir()) == [copy.name for copy in opened.copies]


@pytest.mark.attack("backup-07")
def test_a_bomb_is_refused_in_bounded_memory_and_disk(tmp_path):
    """1 GiB of zeros in 1 MB, behind lists that say less, as much, and more than a site file may have."""
    bomb = zeros(GIB)
    packer = zlib.compressobj(9)
    head = packer.compress(listed([part()])) + packer.compress(bytes(1 << 20)) + packer.flush()
    lies = {
        "more than the list says": head,
        "all of it a list": bomb,
        "compressed twice": zlib.compress(listed([part(size=len(bomb))]) + bomb[:100]),
        "a large part": zlib.compress(listed([part(size=GIB)])),
        "a sum of parts": zlib.compress(
            listed([part(), *(part("named", 64 << 20, str(number)) for number in range(1_000))])
        ),
    }
    for name, plain in lies.items():
        path = sealed(tmp_path / "bomb", plain)
        tracemalloc.start()
        with pytest.raises(BackupDamaged):
            opening(path, tmp_path / name)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 16 << 20, name
        assert sum(file.stat().st_size for file in (tmp_path / name).rglob("*")) <= 1 << 20, name


@pytest.mark.attack("backup-08")
@pytest.mark.parametrize(
    "parts",
    [
        [],
        [part("overlay")],
        [part(), part()],
        [part(), part("passwd")],
        [part(), part("named")],
        [part(), part("named", name="a"), part("named", name="a")],
        [part(name="../x")],
        [part("site", size=KINDS["site"].bytes_max + 1)],
        [part("site", size=-1)],
        [part("site", sha256="0" * 64)],
        [part()] * 5_000,
        [{**part(), "mode": 4_095}],
        [part(), part("named", name="a" * 2_000)],
        [{**part(), "counts": {"a word that no catalogue has": 1}}],
    ],
    ids=range(14),
)
def test_a_list_that_may_not_be(tmp_path, parts):
    with pytest.raises(BackupDamaged):
        opening(sealed(tmp_path / "b", zlib.compress(listed(parts))), tmp_path / "into")


@pytest.mark.parametrize(
    "plain",
    [
        b"",
        b"\0\0\0\0",
        b"\xff\xff\xff\xff",
        listed([part()])[:-1],
        listed([part()]) + b"x",
        b"\0\0\0\x02[[",
        b"\0\x00\x10\x00" + b"[" * 4_096,
    ],
    ids=range(7),
)
def test_content_that_is_none(tmp_path, plain):
    for number, made in enumerate(
        (zlib.compress(plain), plain, zlib.compress(plain)[:-3], zlib.compress(plain) + b"x")
    ):
        with pytest.raises(BackupDamaged):
            opening(sealed(tmp_path / f"b{number}", made))


def test_a_newer_list_is_told_as_newer_whatever_else_is_in_it(tmp_path):
    path = sealed(tmp_path / "b", zlib.compress(listed([part("hologram")], schema=SCHEMA + 1, aura="blue")))
    with pytest.raises(BackupNewer, match="Update Menshen"):
        opening(path)


def test_no_room_is_told_before_anything_is_written(tmp_path):
    """Within the limits of its kinds, and more than any disk of a test has."""
    parts = [part(), part("source", size=KINDS["source"].bytes_max), part("accounts", size=KINDS["accounts"].bytes_max)]
    path = sealed(tmp_path / "b", zlib.compress(listed(parts)))
    with pytest.raises(BackupError):  # no room, or a list that its content does not keep to
        opening(path, tmp_path / "into")
    assert sum(file.stat().st_size for file in (tmp_path / "into").rglob("*")) < 1 << 20


# -- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.attack("backup-09")
@pytest.mark.parametrize(
    "name", ["../x", "a/../../x", "/etc/cron.d/x", "..", ".", "/", "a/link/x", "link", "//etc/passwd", "a\0b"]
)
def test_no_name_of_a_site_file_leads_out_of_where_a_restore_may_write(tmp_path, name):
    folder, outside = tmp_path / "etc", tmp_path / "outside"
    (folder / "a").mkdir(parents=True)
    outside.mkdir()
    (folder / "a" / "link").symlink_to(outside)
    (folder / "link").symlink_to(outside / "x")
    with pytest.raises(BackupRefused):
        place_of(name, folder, (tmp_path / "state",))


def test_where_names_lead(tmp_path):
    folder, keys = tmp_path / "etc", tmp_path / "keys"
    assert place_of("rules.toml", folder) == folder / "rules.toml"
    assert place_of("more/rules.toml", folder) == folder / "more" / "rules.toml"
    assert place_of(str(keys / "r1"), folder, (keys,)) == keys / "r1"
    assert place_of(str(folder / "r1"), folder) == folder / "r1"
    with pytest.raises(BackupRefused, match="--folder"):
        place_of(str(keys / "r1"), folder)


def test_what_a_site_file_names(tmp_path):
    site = tmp_path / "site.toml"
    site.write_text(
        '[faces]\nevaluation = "faces.json"\n[rehearsal]\nplants = "p.toml"\nholders = ""\n'
        '[[device]]\nid = "a"\nkey_file = "/etc/k"\n[[device]]\npassword_file = "/etc/p"\n[[device]]\nkey_file = 3\n'
    )
    expected = {"faces.json": False, "p.toml": False, "/etc/k": True, "/etc/k.pending": True, "/etc/p": True}
    assert names_in(site) == expected
    site.write_bytes(b"\xff\xfe")
    with pytest.raises(BackupRefused):
        names_in(site)
