"""Pictures of inputs: a contact through an opto-isolator, and supervised circuits with the bands of their profile."""

from __future__ import annotations

import tomllib
from pathlib import Path

from docs.drawing.sheet import Sheet, Words
from docs.drawing.symbols import block, contact, cross, diode, opto, resistor, terminal, tick

PROFILE = Path(__file__).parents[2] / "drivers" / "profiles" / "waveshare_modbus_rtu_analog_8ch.toml"
FULL_MV = 5_200
STATES: tuple[tuple[str, Words, str], ...] = (
    ("short", ("short", "短路"), "bad"),
    ("active", ("active", "动作"), "signal"),
    ("inactive", ("at rest", "正常"), "good"),
    ("open", ("open", "断线"), "bad"),
)


def opto_input(sheet: Sheet) -> None:
    """24 V through a contact light an opto-isolator, whose transistor pulls the pin down."""
    block(sheet, 30, 90, 140, 110, ("field supply", "现场电源"), "24 V DC")
    terminal(sheet, 170, 125, "+", kind="plus")
    terminal(sheet, 170, 175, "−", kind="minus")
    sheet.line((174.5, 125), (185, 125), (185, 115), kind="plus")
    contact(
        sheet, (185, 115), (300, 115), ("contact,\nnormally closed", "触点，\n常闭"), "over", closed=True, kind="plus"
    )
    resistor(sheet, (300, 115), (400, 115), "4.7 kΩ", "over", kind="plus")
    anode, cathode, collector, emitter = opto(sheet, 470, 95, "PC817")
    sheet.line((400, 115), anode, kind="plus")
    sheet.line(cathode, (440, 165), (440, 232), (195, 232), (195, 175), (174.5, 175), kind="minus")
    diode(sheet, (420, 165), (420, 115))
    sheet.line((420, 165), (440, 165), kind="minus")
    sheet.dot(420, 115, "plus")
    sheet.dot(440, 165, "minus")
    sheet.text(404, 147, "1N4148", anchor="end", size=13, kind="note")
    sheet.line(collector, (700, 115), (760, 115), kind="signal")
    resistor(sheet, (660, 60), (660, 115), ("4.7 kΩ", "4.7 kΩ"))
    sheet.line((644, 60), (676, 60), kind="plus")
    sheet.text(636, 65, "3.3 V", anchor="end", size=13, kind="plus")
    sheet.dot(660, 115, "signal")
    block(sheet, 760, 84, 120, 100, ("board", "主板"), "GPIO10")
    sheet.line(emitter, (700, 165), (760, 165), kind="minus")
    sheet.text(752, 158, "0 V", anchor="end", size=13, kind="minus")
    sheet.text(752, 108, ("input", "输入"), anchor="end", size=13, kind="signal")
    sheet.text(
        30,
        270,
        (
            "24 V and 4.7 kΩ: 4.8 mA in the light. The transistor has to carry 0.7 mA: any PC817 carries 2.4 mA.",
            "24 V、4.7 kΩ：发光管 4.8 mA。三极管只需 0.7 mA：最差的 PC817 也有 2.4 mA。",
        ),
        size=13,
        kind="note",
    )
    tick(sheet, 40, 299)
    sheet.text(
        64,
        304,
        (
            'closed: low. Open, cut, or no 24 V: high. So a safety contact has  active_level = "high".',
            '闭合：低；断开、断线或无 24 V：高。所以安全触点写  active_level = "high"。',
        ),
    )
    cross(sheet, 41, 325, 8)
    sheet.text(
        64,
        330,
        (
            "Never 24 V to a pin, and no metre of cable at a bare pin: its own pull is some 50 kΩ, and an aerial.",
            "绝不把 24 V 接到引脚；裸引脚也不接电缆：内部上下拉约 50 kΩ，等于天线。",
        ),
    )


def _bands(name: str) -> dict[str, list[int]]:
    circuit: dict[str, list[int]] = tomllib.loads(PROFILE.read_text(encoding="utf-8"))["circuit"][name]
    return circuit


def _scale(sheet: Sheet, name: str, x: float, y: float, wide: float) -> None:
    """The bands of one circuit in millivolts, drawn from the profile."""
    bands = _bands(name)
    sheet.box(x, y, wide, 22, kind="faint", fill="paper")
    for state, words, kind in STATES:
        least, most = bands[state]
        left, right = x + wide * least / FULL_MV, x + wide * most / FULL_MV
        sheet.box(left, y, right - left, 22, kind=kind, fill="box")
        sheet.text((left + right) / 2, y - 8, words, anchor="middle", size=13, kind=kind)
    for number, edge in enumerate(sorted(edge for state, _, _ in STATES for edge in bands[state])):
        sheet.text(
            x + wide * edge / FULL_MV, y + (56 if number % 2 else 38), str(edge), anchor="middle", size=13, kind="note"
        )


def _head(sheet: Sheet, x: float, y: float, title: Words) -> None:
    """Board, feed and cable of a circuit; the far end begins at x + 320."""
    sheet.text(x, y, title, bold=True)
    block(sheet, x, y + 66, 132, 120, ("analogue in", "模拟量输入"))
    terminal(sheet, x + 132, y + 110, "AI1+", kind="signal")
    terminal(sheet, x + 132, y + 166, "AI1−", kind="minus")
    sheet.line((x + 174, y + 46), (x + 206, y + 46), kind="plus")
    sheet.text(x + 166, y + 51, "5.0 V", anchor="end", size=13, kind="plus")
    resistor(sheet, (x + 190, y + 46), (x + 190, y + 110), "2.2 kΩ")
    sheet.line((x + 136.5, y + 110), (x + 250, y + 110), kind="signal")
    sheet.dot(x + 190, y + 110, "signal")
    sheet.box(x + 250, y + 98, 70, 80, kind="faint", fill="paper", dashed=True)
    sheet.text(x + 285, y + 143, ("cable", "电缆"), anchor="middle", size=13, kind="note")
    sheet.line((x + 136.5, y + 166), (x + 250, y + 166), kind="minus")
    sheet.box(x + 350, y + 26, 270, 164, kind="faint", fill="paper", dashed=True)
    sheet.text(
        x + 485,
        y + 208,
        ("inside the contact's own housing", "装在触点自己的盒内"),
        anchor="middle",
        size=13,
        kind="note",
    )


def _closed(sheet: Sheet, x: float, y: float) -> None:
    """A normally closed contact with a resistor across it, and one in series."""
    sheet.line((x + 320, y + 110), (x + 380, y + 110), kind="signal")
    contact(sheet, (x + 380, y + 110), (x + 480, y + 110), closed=True, kind="signal")
    sheet.line((x + 380, y + 110), (x + 380, y + 66))
    resistor(sheet, (x + 380, y + 66), (x + 480, y + 66), "2.2 kΩ", "over")
    sheet.line((x + 480, y + 66), (x + 480, y + 110))
    for at in (380, 480):
        sheet.dot(x + at, y + 110)
    sheet.line((x + 480, y + 110), (x + 530, y + 110))
    resistor(sheet, (x + 530, y + 110), (x + 530, y + 166), "2.2 kΩ")
    sheet.line((x + 530, y + 166), (x + 320, y + 166), kind="minus")


def _open(sheet: Sheet, x: float, y: float) -> None:
    """A normally open contact with a resistor in series, and one at the end of the line."""
    sheet.line((x + 320, y + 110), (x + 500, y + 110), kind="signal")
    resistor(sheet, (x + 430, y + 110), (x + 430, y + 58), "2.2 kΩ", "left")
    sheet.dot(x + 430, y + 110)
    contact(sheet, (x + 430, y + 58), (x + 560, y + 58))
    sheet.line((x + 560, y + 58), (x + 600, y + 58), (x + 600, y + 166), (x + 500, y + 166), kind="minus")
    resistor(sheet, (x + 500, y + 110), (x + 500, y + 166), "2.2 kΩ")
    sheet.dot(x + 500, y + 166)
    sheet.line((x + 500, y + 166), (x + 320, y + 166), kind="minus")


def end_of_line(sheet: Sheet) -> None:
    """Both circuits, with the resistors at the far end, and what the board reads."""
    x = 30
    _head(
        sheet,
        x,
        70,
        ("nc_2k2: a normally closed contact (door, tamper, fire)", "nc_2k2：常闭触点（门磁、防拆、消防）"),
    )
    _closed(sheet, x, 70)
    sheet.text(
        672,
        130,
        (
            "at rest 2.2 kΩ: 2500\nactive 4.4 kΩ: 3333\ncut: 5000\nshorted: 0\nall in millivolts",
            "正常 2.2 kΩ：2500\n动作 4.4 kΩ：3333\n断线：5000\n短路：0\n单位毫伏",
        ),
        kind="note",
        size=13,
    )
    _scale(sheet, "nc_2k2", 40, 320, 860)
    sheet.line((24, 396), (916, 396), kind="faint")
    _head(sheet, x, 420, ("no_2k2: a normally open contact (button)", "no_2k2：常开触点（按钮）"))
    _open(sheet, x, 420)
    sheet.text(
        672,
        480,
        (
            "at rest 2.2 kΩ: 2500\nactive 1.1 kΩ: 1667\ncut: 5000\nshorted: 0",
            "正常 2.2 kΩ：2500\n动作 1.1 kΩ：1667\n断线：5000\n短路：0",
        ),
        kind="note",
        size=13,
    )
    _scale(sheet, "no_2k2", 40, 670, 860)
    sheet.text(
        40,
        766,
        (
            "What lies between two bands is a fault, never at rest. The bands are drawn from the profile itself.",
            "落在两个区间之间即为故障，绝不算正常。区间由配置文件本身绘出。",
        ),
    )
