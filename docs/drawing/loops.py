"""The picture of loops in the road: where they lie about a bollard, their turns, and what their detector says."""

from __future__ import annotations

from docs.drawing.sheet import Sheet, Words
from docs.drawing.symbols import block, contact


def _loop(sheet: Sheet, x: float, wide: float, words: Words, kind: str) -> None:
    cut = 14
    left, right, top, bottom = x, x + wide, 120, 270
    sheet.line(
        (left + cut, top),
        (right - cut, top),
        (right, top + cut),
        (right, bottom - cut),
        (right - cut, bottom),
        (left + cut, bottom),
        (left, bottom - cut),
        (left, top + cut),
        (left + cut, top),
        kind=kind,
    )
    inner = 7
    sheet.line(
        (left + cut, top + inner),
        (right - cut, top + inner),
        (right - inner, top + cut),
        (right - inner, bottom - cut),
        (right - cut, bottom - inner),
        (left + cut, bottom - inner),
        (left + inner, bottom - cut),
        (left + inner, top + cut),
        (left + cut, top + inner),
        kind=kind,
    )
    sheet.text(x + wide / 2, 200, words, anchor="middle", size=13, kind=kind)


def _twisted(sheet: Sheet, x: float, y: float) -> None:
    """The feeder: two wires down from the loop and, round each other, to the detector at x + 126."""
    for half, sign in ((-4, 1), (4, -1)):
        sheet.line(
            (x + half, 270),
            (x + half, y),
            (x + 6, y + sign * 4),
            *((x + 6 + 10 * n, y + sign * (4 if n % 2 == 0 else -4)) for n in range(1, 12)),
            (x + 126, y + sign * 4),
            kind="good",
        )


def _measure(sheet: Sheet, start: float, end: float, y: float, words: Words) -> None:
    sheet.line((start, y - 6), (start, y + 6), kind="note")
    sheet.line((end, y - 6), (end, y + 6), kind="note")
    sheet.line((start, y), (end, y), kind="note")
    sheet.text((start + end) / 2, y - 9, words, anchor="middle", size=13, kind="note")


def loops(sheet: Sheet) -> None:
    """A plan of the lane with three loops, the feeder, and the detector's contact."""
    sheet.line((24, 96), (916, 96), kind="faint")
    sheet.line((24, 294), (916, 294), kind="faint")
    sheet.text(36, 116, ("drive in  →", "驶入  →"), size=13, kind="note")
    _loop(sheet, 130, 170, ("entry loop", "入口线圈"), "signal")
    _loop(sheet, 420, 190, ("safety loop", "安全线圈"), "good")
    _loop(sheet, 730, 150, ("exit loop", "出口线圈"), "signal")
    for y in (160, 232):
        sheet.circle(515, y, 11)
    sheet.text(515, 258, ("bollards", "升降柱"), anchor="middle", size=13, kind="note")
    _measure(sheet, 300, 420, 84, "≥ 2 m *")
    _measure(sheet, 610, 730, 84, "≥ 2 m *")
    _measure(sheet, 526, 603, 166, "≥ 1 m")
    _twisted(sheet, 434, 346)
    sheet.text(24, 340, ("feeder: twisted, ≥ 20 turns a metre,", "引线：双绞，每米至少 20 绞，"), size=13, kind="note")
    sheet.text(24, 359, ("away from mains, no joints", "远离电源线，不接头"), size=13, kind="note")
    block(
        sheet,
        560,
        318,
        160,
        84,
        ("detector", "检测器"),
        ("supply 12 to 24 V", "供电 12–24 V"),
        ("permanent presence", "永久存在"),
    )
    sheet.line((720, 340), (740, 340), kind="good")
    contact(sheet, (740, 340), (850, 340), closed=True, kind="good")
    sheet.text(860, 345, ("input", "输入"), size=13, kind="good")
    sheet.line((740, 384), (720, 384))
    sheet.line((740, 384), (910, 384))
    sheet.text(690, 424, ("no vehicle, healthy: closed", "无车且正常：闭合"), size=13, kind="good")
    sheet.text(690, 443, ("vehicle, fault, no supply: open", "有车、故障、失电：断开"), size=13, kind="bad")
    rows: tuple[tuple[Words, Words], ...] = (
        (("circumference", "周长"), ("turns", "匝数")),
        (("under 3 m", "3 m 以下"), "6"),
        (("3 to 4 m", "3–4 m"), "5"),
        (("4 to 6 m", "4–6 m"), "4"),
        (("6 to 12 m", "6–12 m"), "3"),
        (("over 12 m", "12 m 以上"), "2"),
    )
    for number, (round_it, turns) in enumerate(rows):
        y = 400 + number * 21
        sheet.text(24, y, round_it, size=13, bold=number == 0)
        sheet.text(170, y, turns, size=13, bold=number == 0)
    sheet.text(
        240,
        440,
        (
            "+2 over reinforced concrete.\nCorners cut at 45°. Neighbours: 3 and 4 turns,\nand different frequencies.",
            "钢筋混凝土上 +2 匝。\n转角切 45°。相邻线圈：3 匝与 4 匝，\n并用不同频率。",
        ),
        size=13,
        kind="note",
    )
    sheet.text(
        24,
        540,
        (
            "* between loops of different detectors; closer ones belong to one detector that reads them in turn.",
            "* 指不同检测器的线圈之间；更近的线圈应接同一台轮询检测器。",
        ),
        size=13,
        kind="note",
    )
