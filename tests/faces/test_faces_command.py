"""`menshen faces` as an installer uses it: a real controller process, real models, real pictures, and bad ones."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from firmware.bench.rig import SITE, Rig
from firmware.core.codes import Code
from firmware.faces import store
from firmware.identity import Identity
from firmware.journal import search
from firmware.roster.build import build
from firmware.roster.install import install
from models.faces import pipeline
from tests.models.weights import demand
from tests.vision.films import film

PICTURES = Path(__file__).parents[3] / "shared" / "data" / "dev" / "faces"
ONE = [PICTURES / f"df_img{number}.jpg" for number in (1, 10, 11, 2, 4, 5)]
OTHER = PICTURES / "df_img18.jpg"
HOLDERS = "holder,profiles,card,face\nann,all,H10301:1:100,face-ann\nbob,all,H10301:1:101,\n"
RULES = """\
time_zone = "Asia/Shanghai"

[[profile]]
name = "all"

[[profile.rule]]
access_points = ["*"]
schedule = "always"
"""
CONSENT = ["--consents", "Ann Example", "--read", "zh_CN"]


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path, SITE + "\n[faces]\non = true\n")
    (tmp_path / "holders.csv").write_text(HOLDERS)
    (tmp_path / "rules.toml").write_text(RULES)
    identity = Identity.load_or_create(made.state / "identity")
    built = tmp_path / "first.roster"
    build(tmp_path / "holders.csv", tmp_path / "rules.toml", built, identity, version=1, created_s=1_795_000_000)
    install(built, made.state / "roster", [identity.public_key]).close()
    yield made
    made.close()


@pytest.fixture
def pictures():
    demand(*pipeline.NAMES)
    if not OTHER.is_file():
        pytest.skip(f"{PICTURES} is not here: pictures come beside the project, in ../shared/data")


def faces(rig: Rig, *words: str, by: bool = True) -> tuple[int, dict, str]:
    """(exit status, what --json said, standard error)."""
    who = ["--by", "Li of the office", "--why", "asked for it at the desk"] if by else []
    asked = [sys.executable, "-m", "firmware", "faces", *words, "--state", str(rig.state), *who, "--json"]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.count("\n") == 1, (done.stdout, done.stderr)
    return done.returncode, json.loads(done.stdout), done.stderr


def enrol(rig: Rig, holder: str, files: list[Path], *more: str) -> tuple[int, dict, str]:
    return faces(rig, "enrol", holder, "--pictures", *map(str, files), *CONSENT, *more)


def codes(rig: Rig) -> list[Code]:
    rows = search(rig.state / "journal/journal.db", limit=1000)
    return [row.event.code for row in reversed(rows) if row.event.code.startswith("face.")]


def test_from_consent_to_the_receipt_of_its_withdrawal(rig, pictures, tmp_path):
    rig.start()
    status, said, _ = enrol(rig, "ann", ONE)
    assert (status, said["ok"]) == (0, True), said
    assert 3 <= sum(each["taken"] for each in said["pictures"]) <= 5
    assert {word for each in said["pictures"] for word in each["why"]} <= {"same_angle"}

    status, listed, _ = faces(rig, "list", by=False)
    assert status == 0
    (ann,) = listed["faces"]
    assert (ann["holder"], ann["given_by"], ann["witness"]) == ("ann", "Ann Example", "Li of the office")
    assert not {"values", "vectors", "embedding"} & set(ann)
    status, standing, _ = faces(rig, "status", by=False)
    assert (status, standing["on"], standing["holders"]) == (0, True, 1)

    receipt = tmp_path / "receipt.json"
    status, said, _ = faces(rig, "withdraw", "ann", "--receipt", str(receipt))
    assert (status, said["ok"]) == (0, True)
    assert said["receipt"] == json.loads(receipt.read_text())
    assert receipt.stat().st_mode & 0o777 == 0o600
    check = [sys.executable, "-m", "firmware", "faces", "receipt", str(receipt)]
    assert subprocess.run(check, capture_output=True, timeout=60, check=False).returncode == 0
    receipt.write_text(receipt.read_text().replace('"templates":', '"templates": 1'))
    assert subprocess.run(check, capture_output=True, timeout=60, check=False).returncode == 1

    status, said, _ = faces(rig, "withdraw", "ann")
    assert (status, said["reasons"]) == (1, ["holder_not_found"])
    assert rig.stop() == 0
    assert codes(rig) == [Code.FACE_ENROLLED, Code.FACE_WITHDRAWN, Code.FACE_REFUSED]
    assert len(store.load(rig.state / "faces", Identity.load_or_create(rig.state / "identity"))) == 0


def test_through_a_camera_a_head_that_turns_is_enrolled_and_one_that_does_not_is_not(rig, pictures, tmp_path):
    """Each still is seen for 0.7 s, a look is taken every quarter of one. All four beside each other: they are slow."""

    def filmed(name: str, files: list[Path]) -> str:
        stills = []
        for path in files:
            square = Image.new("RGB", (720, 720), (96, 96, 96))
            still = Image.open(path).convert("RGB")
            still.thumbnail((720, 720))
            square.paste(still, ((720 - still.width) // 2, (720 - still.height) // 2))
            stills += [np.asarray(square)] * 7
        return f"file:{film(tmp_path / name, stills, 10, 'mjpeg')}"

    rig.start()
    sources = [
        (filmed("still.avi", ONE[:1]), "5"),
        (filmed("turning.avi", ONE), "8"),  # nearly twice round, on a machine that is busy once
        (f"file:{tmp_path}/none.avi", "5"),
        ("nothing:0", "5"),
    ]
    with ThreadPoolExecutor(len(sources)) as pool:
        asked = [
            pool.submit(faces, rig, "enrol", "ann", "--camera", source, "--seconds", seconds, *CONSENT)
            for source, seconds in sources
        ]
    still, turning, *wrong = [each.result() for each in asked]
    status, said, _ = still
    assert (status, said["why"], sum(each["taken"] for each in said["pictures"])) == (1, "face_pictures", 1)
    status, said, _ = turning
    assert (status, said["ok"]) == (0, True), said
    assert sum(each["taken"] for each in said["pictures"]) >= 3
    for status, _, complaint in wrong:
        assert status == 2
        assert "--camera" in complaint
    assert faces(rig, "list", by=False)[1]["faces"][0]["templates"] >= 3
    assert rig.stop() == 0
    assert codes(rig) == [Code.FACE_ENROLLED], "of the others the controller was asked nothing"


def jpeg(pixels: np.ndarray, **settings: object) -> bytes:
    made = io.BytesIO()
    Image.fromarray(pixels).save(made, "JPEG", **settings)
    return made.getvalue()


@pytest.mark.attack("face-24")
def test_what_is_no_picture_of_one_person_enrols_nobody(rig, pictures, tmp_path):
    """Each beside two good ones: two are not enough, and nothing of them is kept."""
    rig.start()
    good = [ONE[0], ONE[2]]
    whole = Image.open(ONE[3]).convert("RGB")
    whole.thumbnail((640, 640))
    pixels = np.asarray(whole)
    moving = io.BytesIO()
    whole.save(moving, "GIF", save_all=True, append_images=[whole.rotate(5)])
    both = np.concatenate([pixels, pixels], axis=1)
    bad = {
        "cut.jpg": (jpeg(pixels)[:2_000], 2),
        "text.jpg": (b"' OR 1=1 --", 2),
        "empty.jpg": (b"", 2),
        "bomb.png": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\1\0\0\0\1\0\0\x08\2\0\0\0", 2),
        "moving.gif": (moving.getvalue(), 2),
        "one.jpg": (jpeg(np.zeros((1, 1, 3), np.uint8)), 1),
        "nobody.jpg": (jpeg(np.full((600, 600, 3), 128, np.uint8)), 1),
        "two.jpg": (jpeg(both), 1),
    }
    for name, (content, expected) in bad.items():
        path = tmp_path / name
        path.write_bytes(content)
        status, said, _ = enrol(rig, "ann", [*good, path])
        assert (status, said["ok"]) == (expected, False), (name, said)
    status, said, _ = enrol(rig, "ann", [*good, OTHER])
    assert status == 1
    assert said["pictures"][-1]["why"] in (["other_person"], ["same_angle"])
    assert faces(rig, "status", by=False)[1]["holders"] == 0
    assert rig.stop() == 0
    assert not (rig.state / "faces" / store.NAME).exists()


def test_a_picture_in_the_colours_of_printers_is_taken_as_any_other(rig, pictures, tmp_path):
    rig.start()
    printed = tmp_path / "printed.jpg"
    Image.open(ONE[0]).convert("CMYK").save(printed)
    status, said, _ = enrol(rig, "ann", [printed, *ONE[1:]])
    assert (status, said["pictures"][0]["taken"]) == (0, True)


@pytest.mark.parametrize(
    ("holder", "more", "reason"),
    [
        ("bob", (), "face_not_in_roster"),
        ("carl", (), "holder_not_found"),
        ("ann", ("--until", "2020-01-01"), "face_consent:consent_expired"),
    ],
)
def test_what_the_controller_refuses_is_said_and_not_kept(rig, pictures, holder, more, reason):
    rig.start()
    status, said, _ = enrol(rig, holder, ONE, *more)
    assert status == 1
    assert reason in said["reasons"]


def test_a_guardian_belongs_to_somebody_under_14(rig):
    rig.start()
    for more in (("--under-14",), ("--guardian", "Bea Example")):
        status, said, complaint = enrol(rig, "ann", ONE, *more)
        assert status == 2
        assert "guardian" in said["why"]
        assert "guardian" in complaint


def test_without_a_controller_it_says_so(rig):
    status, said, _ = faces(rig, "status", by=False)
    assert status == 2
    assert "no controller answers" in said["why"]


def test_where_faces_are_off_no_picture_is_looked_at(rig):
    rig.site.write_text(SITE)
    rig.start()
    status, said, _ = enrol(rig, "ann", [Path("/does/not/exist.jpg")])
    assert (status, said["reasons"]) == (1, ["faces_off"])
