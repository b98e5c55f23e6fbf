"""The demo gate with another camera in its lane, and other plates in its roster."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

SITES = Path(__file__).parents[2] / "provisioning" / "sites"
CAMERA = "lane_camera"
PLATE = "京A12345"  # the resident's car
SOURCE = "simulated:vehicle_lane:in"
DEVICE = f"""
source = "{SOURCE}"
vehicle_needed = false
vehicles = false
"""


def camera_site(folder: Path, plates: dict[str, str] | None = None, source: str = SOURCE, more: str = "") -> Path:
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
        writer = csv.DictWriter(written, list(rows[0]))
        writer.writeheader()
        writer.writerows({**row, "plate": plates.get(row["holder"], "")} for row in rows)
    text = (SITES / "community_gate.toml").read_text(encoding="utf-8")
    assert text.count(DEVICE) == 1
    site = folder / "site.toml"
    site.write_text(text.replace(DEVICE, f'\nsource = "{source}"\n{more}\n'), encoding="utf-8")
    return site
