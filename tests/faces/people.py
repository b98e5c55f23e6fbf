"""Consents, templates and a roster with faces, for tests. No face of anybody: vectors of a seeded generator."""

from __future__ import annotations

import csv
import random
import shutil
import struct
from pathlib import Path

from firmware.bench.gate import NOON_UTC_MS
from firmware.faces import consent
from firmware.faces.consent import Consent
from firmware.faces.enrolled import Enrolled, Template
from firmware.faces.likeness import EMBEDDER
from firmware.messages import EnrolFace, TakenConsent

SITES = Path(__file__).parents[2] / "provisioning" / "sites"
NOON_S = NOON_UTC_MS // 1000
DAY_S = 86_400
WHO = {"issuer": "Li of the office", "why": "asked for it at the desk"}


def vector(seed: int) -> list[float]:
    made = random.Random(seed)
    values = [made.gauss(0, 1) for _ in range(192)]
    length = sum(each * each for each in values) ** 0.5
    return [each / length for each in values]


def template(seed: int) -> bytes:
    return struct.pack("<192e", *vector(seed))


def a_consent(**changes) -> Consent:
    made = {
        "version": consent.TEXT_VERSION,
        "language": "en",
        "text": consent.digest_of("en"),
        "given_by": "Ann Example",
        "given_s": NOON_S,
        "witness": "Li of the office",
        "expires_s": NOON_S + 365 * DAY_S,
    }
    return Consent(**(made | changes))


def enrolled(holder: str, seed: int = 1, **changes) -> Enrolled:
    templates = tuple(Template(template(seed * 10 + each), each / 10) for each in range(3))
    return Enrolled(
        face=f"face-{holder}",
        holder=holder,
        consent=a_consent(**changes),
        embedder=EMBEDDER,
        enrolled_s=NOON_S,
        templates=templates,
    )


def enrol(holder: str, seed: int = 1, templates: tuple[bytes, ...] | None = None, **changes) -> EnrolFace:
    given = {name: value for name, value in changes.items() if name in TakenConsent.__struct_fields__}
    taken = {
        "version": consent.TEXT_VERSION,
        "language": "en",
        "text": consent.digest_of("en"),
        "given_by": "Ann Example",
        "given_s": NOON_S,
        "expires_s": NOON_S + 365 * DAY_S,
    }
    values = templates if templates is not None else tuple(template(seed * 10 + each) for each in range(3))
    return EnrolFace(
        holder=holder,
        consent=TakenConsent(**(taken | given)),
        embedder=changes.get("embedder", EMBEDDER),
        templates=values,
        turns=changes.get("turns", tuple(each / 10 for each in range(len(values)))),
        **WHO,
    )


def site_with_faces(folder: Path, *, on: bool = True, faces: dict[str, str] | None = None, more: str = "") -> Path:
    """The demo gate with faces in its roster, and switched on. `faces`: holder -> the key of the face."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("community_gate.plants.toml", "rules.toml"):
        shutil.copy(SITES / name, folder / name)
    with (SITES / "holders.csv").open(encoding="utf-8", newline="") as read:
        rows = list(csv.DictReader(read))
    named = faces if faces is not None else {row["holder"]: f"face-{row['holder']}" for row in rows}
    with (folder / "holders.csv").open("w", encoding="utf-8", newline="") as written:
        writer = csv.DictWriter(written, [*rows[0], "face"])
        writer.writeheader()
        writer.writerows({**row, "face": named.get(row["holder"], "")} for row in rows)
    site = folder / "site.toml"
    text = (SITES / "community_gate.toml").read_text(encoding="utf-8")
    site.write_text(f"{text}\n[faces]\non = {str(on).lower()}\n{more}", encoding="utf-8")
    return site


SIGN = """
[[device]]
id = "front_sign"
kind = "text_display"
protocol = "plain_text"
languages = ["zh", "en"]
rows = 4
columns = 20
port = "{port}"
"""
FRONT = 'readers = ["front_reader"]'
CAMERA = """
[[device]]
id = "front_camera"
kind = "camera"
source = "rtsp://camera.invalid/front"
wanted = ["face"]
evidence_hours = 0
"""


def with_face_camera(site: Path, accept: str = '[["card", "face"]]') -> Path:
    """A camera at the front door's way in, that wants a face after the card."""
    text = site.read_text(encoding="utf-8")
    assert text.count(FRONT) == 1
    head, _, tail = text.partition(FRONT)
    point, mark, rest = tail.partition("[[portal")
    assert "accept" not in point
    asks = f"\n[[portal.access_point.requirement]]\naccept = {accept}\n\n"
    seeing = 'readers = ["front_reader", "front_camera"]' + point.rstrip() + "\n" + asks
    site.write_text(head + seeing + mark + rest + CAMERA, encoding="utf-8")
    return site


def with_sign(site: Path, port: str = "/dev/ttyUSB0", factor_ms: int = 20_000) -> Path:
    """A display beside that camera, and time for a challenge."""
    text = site.read_text(encoding="utf-8")
    seeing, guard = 'readers = ["front_reader", "front_camera"]', '[[reader]]\nid = "front_reader"\n'
    assert text.count(seeing) == text.count(guard) == 1
    text = text.replace(seeing, f'{seeing}\ndisplay = "front_sign"')
    text = text.replace(guard, f"{guard}factor_ms = {factor_ms}\n")
    site.write_text(text + SIGN.format(port=port), encoding="utf-8")
    return site
