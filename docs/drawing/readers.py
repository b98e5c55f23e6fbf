"""The picture of level shifting: a Wiegand reader of 5 V at a pin that bears 3.3 V."""

from __future__ import annotations

from docs.drawing.sheet import Sheet, Words
from docs.drawing.symbols import block, cross, ground, resistor


def _ends(sheet: Sheet, x: float, y: float, title: Words, output: Words) -> None:
    sheet.text(x, y, title, bold=True)
    block(sheet, x, y + 76, 140, 62, ("reader", "读卡器"), output)
    block(sheet, x + 352, y + 76, 72, 62, "Pi", "GPIO17")
    sheet.text(x + 144, y + 96, "D0", size=13, kind="signal")


def _rail(sheet: Sheet, x: float, y: float, words: str) -> None:
    sheet.line((x - 16, y), (x + 16, y), kind="plus")
    sheet.text(x, y - 7, words, anchor="middle", size=13, kind="plus")


def _pulled(sheet: Sheet, x: float, y: float) -> None:
    _ends(
        sheet,
        x,
        y,
        ("A  Open collector, no pull-up inside", "A  集电极开路，内部无上拉"),
        ("open collector", "集电极开路"),
    )
    sheet.line((x + 140, y + 107), (x + 352, y + 107), kind="signal")
    _rail(sheet, x + 235, y + 36, "3.3 V")
    resistor(sheet, (x + 235, y + 36), (x + 235, y + 107), "1 kΩ")
    sheet.dot(x + 235, y + 107)
    sheet.text(
        x,
        y + 190,
        (
            "Measure first: with nothing connected,\nD0 to 0 V must not show a voltage.",
            "先测：什么都不接时，\nD0 对 0 V 不得有电压。",
        ),
        size=13,
        kind="note",
    )


def _divided(sheet: Sheet, x: float, y: float) -> None:
    _ends(sheet, x, y, ("B  5 V output, or a pull-up inside", "B  5 V 推挽输出，或内部有上拉"), ("5 V", "5 V"))
    _rail(sheet, x + 175, y + 36, "5 V")
    resistor(sheet, (x + 175, y + 36), (x + 175, y + 107), "1 kΩ *")
    sheet.line((x + 140, y + 107), (x + 190, y + 107), kind="signal")
    resistor(sheet, (x + 190, y + 107), (x + 280, y + 107), "2.2 kΩ", "under", kind="signal")
    sheet.line((x + 280, y + 107), (x + 352, y + 107), kind="signal")
    resistor(sheet, (x + 300, y + 107), (x + 300, y + 190), "3.3 kΩ")
    ground(sheet, x + 300, y + 190)
    sheet.text(x + 316, y + 195, "0 V", size=13, kind="minus")
    sheet.dot(x + 175, y + 107)
    sheet.dot(x + 300, y + 107)
    sheet.text(
        x,
        y + 175,
        (
            "5 V become 3.0 V.\n* only at an open collector:\nthen 2.5 V at rest",
            "5 V 变成 3.0 V。\n* 仅用于集电极开路：\n此时静止为 2.5 V",
        ),
        size=13,
        kind="note",
    )


def _shifted(sheet: Sheet, x: float, y: float) -> None:
    _ends(sheet, x, y, ("C  Both kinds, long cable: BSS138", "C  两种都行，长线：BSS138"), ("any", "任意"))
    _rail(sheet, x + 175, y + 36, "5 V")
    resistor(sheet, (x + 175, y + 36), (x + 175, y + 107), "1 kΩ")
    sheet.line((x + 140, y + 107), (x + 200, y + 107), kind="signal")
    sheet.box(x + 200, y + 86, 74, 42)
    sheet.text(x + 237, y + 112, "BSS138", anchor="middle", size=13, bold=True)
    sheet.line((x + 237, y + 86), (x + 237, y + 50), (x + 290, y + 50), kind="plus")
    sheet.text(x + 243, y + 70, ("gate", "栅极"), size=13, kind="note")
    sheet.line((x + 274, y + 107), (x + 352, y + 107), kind="signal")
    _rail(sheet, x + 290, y + 36, "3.3 V")
    sheet.line((x + 290, y + 36), (x + 290, y + 50), kind="plus")
    resistor(sheet, (x + 290, y + 50), (x + 290, y + 107), "10 kΩ")
    sheet.dot(x + 290, y + 50, "plus")
    for at in (175, 290):
        sheet.dot(x + at, y + 107)
    sheet.text(
        x,
        y + 172,
        (
            "drain to the reader, source to the pin. The modules' own\n"
            "10 kΩ at 5 V is too weak for a long cable: add the 1 kΩ.",
            "漏极接读卡器，源极接引脚。模块自带的\n5 V 侧 10 kΩ 对长线太弱：再并 1 kΩ。",
        ),
        size=13,
        kind="note",
    )


def _wrong(sheet: Sheet, x: float, y: float) -> None:
    sheet.text(x, y, ("D  Not so", "D  不可以"), bold=True)
    told = (
        ("5 V straight to a pin: it destroys the pin", "5 V 直接进引脚：会烧毁引脚"),
        (
            "PC817 and its like at D0 and D1: slower than\nthe 20 to 50 µs of a pulse",
            "D0、D1 用 PC817 一类光耦：\n比 20–50 µs 的脉冲还慢",
        ),
        (
            "TXB0108 and other chips that guess the direction:\nnot for open collectors and cables",
            "TXB0108 等自动判向芯片：\n不适合开路集电极和电缆",
        ),
        ("a capacitor at D0 or D1 against noise:\nit eats the pulses", "在 D0、D1 上并电容抗干扰：\n会吃掉脉冲"),
    )
    at = y + 34
    for words in told:
        cross(sheet, x + 10, at - 5, 7)
        sheet.text(x + 28, at, words)
        at += 28 + 19 * words[0].count("\n")


def level_shifting(sheet: Sheet) -> None:
    """Three ways that work, and four that do not."""
    _pulled(sheet, 30, 76)
    _divided(sheet, 490, 76)
    _shifted(sheet, 30, 330)
    _wrong(sheet, 490, 330)
    sheet.line((24, 300), (916, 300), kind="faint")
    sheet.line((470, 56), (470, 545), kind="faint")
    sheet.line((24, 545), (916, 545), kind="faint")
    sheet.text(
        30,
        572,
        (
            "Always: one shifter for each of D0 and D1; the reader's 0 V to the board's 0 V, in the same cable;",
            "任何情况：D0 和 D1 各一个转换；读卡器 0 V 与主板 0 V 相连，走同一根电缆；",
        ),
    )
    sheet.text(30, 594, ("the shield to ground at the controller only.", "屏蔽层只在控制器一端接地。"))
