"""The picture of an RS-485 line: a chain with a resistor at both ends, bias at one place, and a common wire."""

from __future__ import annotations

from docs.drawing.sheet import Sheet
from docs.drawing.symbols import block, cross, earth, resistor

PLUS_Y, MINUS_Y, COMMON_Y = 146, 196, 232
UNITS = (300, 460, 620, 780)


def _trunk(sheet: Sheet) -> None:
    for y, words, kind in ((PLUS_Y, "D+", "plus"), (MINUS_Y, "D−", "minus"), (COMMON_Y, ("common", "公共线"), "note")):
        sheet.line((170, y), (UNITS[-1] + 90, y), kind=kind, dashed=kind == "note")
        sheet.text(176, y - 6, words, size=13, kind=kind)


def _stations(sheet: Sheet) -> None:
    block(
        sheet,
        24,
        120,
        146,
        130,
        ("controller", "控制器"),
        ("isolated adapter,", "隔离适配器"),
        ("turns by itself", "自动换向"),
    )
    names = (("reader 0", "读卡器 0"), ("reader 1", "读卡器 1"), ("reader 2", "读卡器 2"), ("the last one", "最后一台"))
    for x, name in zip(UNITS, names, strict=True):
        block(sheet, x - 60, 285, 120, 46, name)
        for dx, y, kind in ((-26, PLUS_Y, "plus"), (0, MINUS_Y, "minus"), (26, COMMON_Y, "note")):
            sheet.line((x + dx, y), (x + dx, 285), kind=kind, dashed=kind == "note")
            sheet.dot(x + dx, y, kind=kind)


def rs485(sheet: Sheet) -> None:
    """A line with its ends, and the two shapes that are none."""
    _trunk(sheet)
    _stations(sheet)
    resistor(sheet, (238, PLUS_Y), (238, MINUS_Y))
    resistor(sheet, (870, PLUS_Y), (870, MINUS_Y))
    for x in (238, 870):
        sheet.dot(x, PLUS_Y, "plus")
        sheet.dot(x, MINUS_Y, "minus")
    sheet.text(238, 134, "120 Ω", anchor="middle", bold=True)
    sheet.text(870, 134, "120 Ω", anchor="middle", bold=True)
    sheet.text(870, 116, ("and here", "以及这里"), anchor="middle", size=13, kind="note")
    sheet.text(238, 116, ("here", "这里"), anchor="middle", size=13, kind="note")
    sheet.text(
        400,
        76,
        (
            "Bias at one place only, if the adapter has none: D+ through 560 Ω to 5 V,",
            "偏置只设一处（适配器没有时）：D+ 经 560 Ω 接 5 V，",
        ),
        size=13,
        kind="note",
    )
    sheet.text(
        400,
        96,
        (
            "D− through 560 Ω to 0 V. That leaves 0.25 V between them at rest.",
            "D− 经 560 Ω 接 0 V。静止时两线间约 0.25 V。",
        ),
        size=13,
        kind="note",
    )
    sheet.line((60, 250), (60, 285))
    earth(sheet, 60, 285)
    sheet.text(80, 295, ("shield: to earth\nat this end only", "屏蔽层：\n只在这一端接地"), size=13, kind="note")
    sheet.line((24, 360), (916, 360), kind="faint")
    _star(sheet, 60, 400)
    _stub(sheet, 370, 400)
    sheet.text(630, 400, ("A and B: named both ways", "A、B：各家叫法相反"), bold=True)
    sheet.text(
        630,
        424,
        (
            "Follow the voltage, not the letter:\nat rest D+ is the higher one. Turned\n"
            "round nothing breaks, and nothing\nanswers: swap the two at that device.",
            "看电压，不看字母：\n静止时较高的那根是 D+。\n接反不会坏，只是没有应答：\n在那台设备上对调两线。",
        ),
        size=13,
        kind="note",
    )


def _star(sheet: Sheet, x: float, y: float) -> None:
    cross(sheet, x - 16, y - 5, 9)
    sheet.text(x, y, ("no star", "不要星形"), bold=True)
    hub = (x + 95, y + 66)
    sheet.box(hub[0] - 18, hub[1] - 14, 36, 28)
    for dx, dy in ((-85, -30), (-85, 34), (95, -30), (95, 34)):
        sheet.line((hub[0] + (18 if dx > 0 else -18), hub[1]), (hub[0] + dx, hub[1] + dy))
        sheet.box(hub[0] + dx - (0 if dx > 0 else 22), hub[1] + dy - 9, 22, 18)


def _stub(sheet: Sheet, x: float, y: float) -> None:
    cross(sheet, x - 16, y - 5, 9)
    sheet.text(x, y, ("no long branches", "不要长支线"), bold=True)
    sheet.line((x, y + 40), (x + 210, y + 40))
    for dx in (0, 105, 210):
        sheet.box(x + dx - 11, y + 31, 22, 18)
    sheet.line((x + 55, y + 40), (x + 55, y + 100))
    sheet.box(x + 44, y + 100, 22, 18)
    sheet.text(
        x + 66, y + 78, ("run the trunk through\nthe device instead", "让干线经过\n设备本身"), size=13, kind="note"
    )
