"""A fictitious table of holders of any size, the same for the same seed: for benches, tests and rehearsals."""

from __future__ import annotations

import csv
import random
from pathlib import Path

PLATE_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
PLATE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"  # Chinese plates have neither I nor O
HOLDERS_PER_HOUSEHOLD = 3
HOLDERS_PER_PLATE, HOLDERS_PER_SECOND_PIN, HOLDERS_PER_LOST = 5, 4, 97
PINS_ALONE_MAX = 1000  # of 9 digits, far below a thousandth of the codes
CARDS_PER_FACILITY = 60_000

SAMPLE_RULES = """\
time_zone = "Asia/Shanghai"

[[profile]]
name = "residents"
[[profile.rule]]
access_points = ["*"]

[[profile]]
name = "staff"
[[profile.rule]]
access_points = ["*"]
schedule = "work"

[[schedule]]
name = "work"
workdays = ["06:00-20:00"]
saturday = ["08:00-12:00"]
[schedule.special]
holiday = []

[special_days]
holiday = ["2026-10-01/2026-10-07", "2027-01-01"]
"""

_HEADER = ("holder", "household", "spaces", "profiles", "flags", "status", "valid_until")
_CREDENTIALS = ("card", "plate", "pin", "pin_with")


def sample_roster_csv(path: Path, holders: int, seed: int = 1) -> None:
    """Write `holders` rows: a card each, plates for every fifth, PINs beside the card for every fourth.

    Card n is `H10301:f:c` with f = 1 + n // 60,000 and c = n % 60,000; holder ids are `h0000000` upwards. The first
    rows (1,000 at most, every tenth) have a PIN that identifies alone. Goes with SAMPLE_RULES.
    """
    rng = random.Random(seed)
    plates: set[str] = set()
    pins = iter(rng.sample(range(10**8, 10**9), PINS_ALONE_MAX))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*_HEADER, *_CREDENTIALS])
        for number in range(holders):
            household = number // HOLDERS_PER_HOUSEHOLD
            writer.writerow(
                [
                    f"h{number:07}",
                    f"f{household:06}",
                    1 + household % 2,
                    "staff" if number % 50 == 0 else "residents",
                    "extended" if number % 40 == 0 else "",
                    "lost" if number % HOLDERS_PER_LOST == 1 else "",
                    "2027-06-30" if number % 20 == 0 else "",
                    sample_card(number),
                    _plate(rng, plates) if number % HOLDERS_PER_PLATE == 0 else "",
                    next(pins, "") if number % 10 == 0 else "",
                    f"{rng.randrange(10**6):06}" if number % HOLDERS_PER_SECOND_PIN == 0 else "",
                ]
            )


def sample_card(number: int) -> str:
    """The card of the holder with this number."""
    return f"H10301:{1 + number // CARDS_PER_FACILITY}:{number % CARDS_PER_FACILITY}"


def _plate(rng: random.Random, taken: set[str]) -> str:
    while True:
        letters = rng.choice(PLATE_PROVINCES) + rng.choice(PLATE_LETTERS)
        plate = f"{letters}·{rng.randrange(10**5):05}"
        if plate not in taken:
            taken.add(plate)
            return plate
