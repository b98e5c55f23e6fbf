"""Makes the pictures of the wiring guide, docs/wiring/*.svg: `python -m docs.drawing.figures` (or `make pictures`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from docs.drawing.header import header
from docs.drawing.inputs import end_of_line, opto_input
from docs.drawing.lane import hardware
from docs.drawing.lines import rs485
from docs.drawing.locks import magnet, strike
from docs.drawing.loops import loops
from docs.drawing.power import power
from docs.drawing.readers import level_shifting
from docs.drawing.sheet import LANGUAGES, Sheet, Words

FOLDER = Path(__file__).parents[1] / "wiring"


class Figure(NamedTuple):
    """One picture: its size, its title, what it shows to who cannot see it, and who draws it."""

    wide: int
    high: int
    title: Words
    about: Words
    draw: Callable[[Sheet], None]


FIGURES = {
    "strike": Figure(
        950,
        385,
        ("A strike: released by current (fail-secure)", "电锁口：通电开锁（断电上锁）"),
        (
            "Supply, fuse, relay contact NO, strike, and a diode across its coil.",
            "电源、保险丝、继电器 NO 触点、锁口，线圈两端并二极管。",
        ),
        strike,
    ),
    "magnet": Figure(
        1030,
        385,
        ("A magnet: released without current (fail-safe)", "磁力锁：断电开锁"),
        (
            "One chain: supply, fuse, fire contact, emergency button, relay contact NO, magnet.",
            "电源、保险丝、消防触点、应急按钮、继电器 NO 触点和磁力锁串成一条回路。",
        ),
        magnet,
    ),
    "level_shifting": Figure(
        940,
        615,
        (
            "A 5 V Wiegand reader at a 3.3 V pin: D0, and D1 likewise",
            "5 V 韦根读卡器接 3.3 V 引脚：D0 如此，D1 同样再来一份",
        ),
        (
            "Pull-up to 3.3 V, divider, BSS138; and what does not work.",
            "上拉到 3.3 V、分压、BSS138；以及不可行的做法。",
        ),
        level_shifting,
    ),
    "rs485": Figure(
        940,
        540,
        ("RS-485: one chain, 120 Ω at both ends and nowhere else", "RS-485：一条链，两端各 120 Ω，别处没有"),
        (
            "Controller and four readers in a chain with terminating resistors, bias, common wire and shield.",
            "控制器和四台读卡器手拉手，带终端电阻、偏置、公共线和屏蔽。",
        ),
        rs485,
    ),
    "opto_input": Figure(
        910,
        350,
        ("A contact through an opto-isolated input", "经光耦隔离的触点输入"),
        (
            "24 V, contact, resistor and PC817; the pin is pulled up and is low while the contact is closed.",
            "24 V、触点、电阻和 PC817；引脚上拉，触点闭合时为低。",
        ),
        opto_input,
    ),
    "end_of_line": Figure(
        940,
        785,
        (
            "Supervised circuits: the resistors sit at the contact, not at the board",
            "带终端电阻的回路：电阻装在触点处，不在板上",
        ),
        (
            "Both circuits of the analogue board's profile and the bands of millivolts that mean each state.",
            "模拟量板配置中的两种回路，以及各状态对应的毫伏区间。",
        ),
        end_of_line,
    ),
    "hardware": Figure(
        940,
        648,
        ("What must act in hardware", "必须由硬件实现的部分"),
        (
            "Stop, photocell, loop, fire and edge go to the drive; their second contacts go to Menshen.",
            "急停、光电、线圈、消防和边缘接驱动器；第二组触点接 Menshen。",
        ),
        hardware,
    ),
    "loops": Figure(
        940,
        560,
        ("Loops of a bollard lane, seen from above", "升降柱车道的线圈（俯视）"),
        (
            "Entry, safety and exit loop, bollards, feeder, detector and its contact.",
            "入口、安全、出口线圈，升降柱，引线，检测器及其触点。",
        ),
        loops,
    ),
    "power": Figure(
        940,
        430,
        ("Supply, battery, fuses, earth", "电源、电池、保险、接地"),
        (
            "Mains, arrester, buffered 24 V and its branches, earth bar.",
            "市电、浪涌保护器、带电池的 24 V 及其支路、接地排。",
        ),
        power,
    ),
    "header": Figure(
        940,
        635,
        ("The header of the example site", "示例站点的 40 针排针"),
        (
            "Each pin with its line, its level at boot, and the device that uses it.",
            "每个引脚的线名、启动电平和所接设备。",
        ),
        header,
    ),
}


def sheet_of(name: str, language: str) -> Sheet:
    """One picture in one language."""
    figure = FIGURES[name]
    sheet = Sheet(figure.wide, figure.high, language, figure.title, figure.about)
    figure.draw(sheet)
    return sheet


def files() -> Iterator[tuple[Path, str, str]]:
    """Every file: where it lies, its picture and its language."""
    for name in FIGURES:
        for language in LANGUAGES:
            yield FOLDER / (f"{name}.svg" if language == "en" else f"{name}.{language}.svg"), name, language


def main() -> None:
    """Write them all, and take away what is none of them any more."""
    FOLDER.mkdir(exist_ok=True)
    made = {path: sheet_of(name, language).svg() for path, name, language in files()}
    for path, text in made.items():
        path.write_text(text, encoding="utf-8")
    for path in FOLDER.glob("*.svg"):
        if path not in made:
            path.unlink()


if __name__ == "__main__":
    main()
