"""The demo gate with a camera in its lane, and plates in its roster."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

SITES = Path(__file__).parents[2] / "provisioning" / "sites"
CAMERA = "lane_camera"
PLATE = "京A12345"  # the resident's car
DEVICE = """
[[device]]
id = "lane_camera"
kind = "camera"
source = "{source}"
{more}
"""
LANE_IN = """\
id = "lane_in"
readers = ["lane_in_reader"]
direction = "in"
area_to = "parking"

[[portal.access_point.requirement]]
accept = [["card"]]"""
WITH_CAMERA = LANE_IN.replace('["lane_in_reader"]', '["lane_in_reader", "lane_camera"]').replace(
    '[["card"]]', '[["card"], ["plate"]]'
)


def camera_site(
    folder: Path, plates: dict[str, str] | None = None, source: str = "simulated:vehicle_lane:in", more: str = ""
) -> Path:
    """Write it with its plants and roster into a folder. `plates`: of holders, by their ids."""
    plates = {"resident_car": PLATE} if plates is None else plates
    for name in ("community_gate.plants.toml", "rules.toml"):
        shutil.copy(SITES / name, folder / name)
    with (SITES / "holders.csv").open(encoding="utf-8", newline="") as read:
        rows = list(csv.DictReader(read))
    known = {row["holder"] for row in rows}
    for holder in plates.keys() - known:
        rows.append(dict.fromkeys(rows[0], "") | {"holder": holder, "profiles": "vehicles"})
    with (folder / "holders.csv").open("w", encoding="utf-8", newline="") as written:
        writer = csv.DictWriter(written, [*rows[0], "plate"])
        writer.writeheader()
        writer.writerows({**row, "plate": plates.get(row["holder"], "")} for row in rows)
    text = (SITES / "community_gate.toml").read_text(encoding="utf-8")
    assert LANE_IN in text
    site = folder / "site.toml"
    device = DEVICE.format(source=source, more=more)
    site.write_text(text.replace(LANE_IN, WITH_CAMERA) + device, encoding="utf-8")
    return site
