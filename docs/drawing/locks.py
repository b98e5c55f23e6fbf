"""Pictures of electric locks: a strike that is released by current, and a magnet that is released without."""

from __future__ import annotations

from docs.drawing.sheet import Sheet
from docs.drawing.symbols import block, coil, contact, cross, diode, fuse, terminal, tick, varistor


def _supply(sheet: Sheet) -> None:
    block(
        sheet, 40, 80, 170, 110, ("Lock supply", "锁电源"), ("12 or 24 V DC", "直流 12 或 24 V"), ("its own", "独立的")
    )
    terminal(sheet, 210, 105, "+", kind="plus")
    terminal(sheet, 210, 165, "−", kind="minus")


def _relay(sheet: Sheet, x: float, name: str, *notes: tuple[str, str]) -> None:
    """A relay's box from x on, 190 wide, with its contact on the wire at y = 105."""
    sheet.box(x, 66, 190, 140)
    contact(sheet, (x + 5, 105), (x + 185, 105), kind="plus")
    terminal(sheet, x, 105, "")
    terminal(sheet, x + 190, 105, "")
    sheet.text(x + 12, 94, "COM", size=13, kind="note")
    sheet.text(x + 178, 94, "NO", size=13, kind="note", anchor="end")
    sheet.text(x + 95, 138, name, anchor="middle", bold=True)
    for number, note in enumerate(notes):
        sheet.text(x + 95, 159 + 19 * number, note, anchor="middle", size=13, kind="note")


def strike(sheet: Sheet) -> None:
    """A fail-secure strike at NO, with its diode."""
    _supply(sheet)
    sheet.line((214.5, 105), (235, 105), kind="plus")
    fuse(sheet, (235, 105), (335, 105), ("fuse", "保险丝"))
    sheet.line((335, 105), (425.5, 105), kind="plus")
    _relay(sheet, 430, "CH1", ("relay of the HAT", "继电器板上的继电器"), ("low level draws it", "低电平吸合"))
    sheet.line((624.5, 105), (760, 105), (850, 105), (850, 130), kind="plus")
    coil(sheet, (760, 105), (760, 270), ("strike,\nfail-secure", "电锁口\n断电上锁"))
    diode(sheet, (850, 250), (850, 130), ("1N4007,\nstripe\nto +", "1N4007\n色环\n接 +"))
    sheet.line((850, 250), (850, 270), (760, 270), (245, 270), (245, 165), (214.5, 165), kind="minus")
    for y in (105, 270):
        sheet.dot(760, y)
    tick(sheet, 48, 306)
    sheet.text(
        72,
        311,
        (
            "DC: a diode right at the strike, its stripe (cathode) to +. Turned round, it is a short circuit.",
            "直流：二极管就装在锁口旁，色环（负极）接 +。装反就是短路。",
        ),
    )
    tick(sheet, 48, 332)
    sheet.text(
        72,
        337,
        (
            "AC: a varistor, or resistor and capacitor in series, across the coil.",
            "交流：线圈两端并压敏电阻，或电阻串电容。",
        ),
    )
    cross(sheet, 49, 358, 8)
    sheet.text(
        72,
        363,
        ("Never a diode at AC, and never the board's 5 V for a lock.", "交流绝不用二极管；绝不用主板的 5 V 给锁供电。"),
    )


def magnet(sheet: Sheet) -> None:
    """A fail-safe magnet: fire and the emergency button cut its current, whatever the controller says."""
    _supply(sheet)
    fuse(sheet, (214.5, 105), (300, 105), ("fuse", "保险丝"))
    contact(
        sheet,
        (300, 105),
        (420, 105),
        ("fire panel:\nopens on fire", "消防主机：\n火警时断开"),
        "under",
        closed=True,
        kind="plus",
    )
    contact(sheet, (420, 105), (550, 105), ("emergency\nbutton", "应急按钮"), "under", closed=True, kind="plus")
    sheet.line((550, 105), (565.5, 105), kind="plus")
    _relay(sheet, 570, "CH2", ("drawn: locked", "吸合＝上锁"), ("at rest: released", "释放＝开锁"))
    sheet.line((764.5, 105), (850, 105), (930, 105), (930, 130), kind="plus")
    coil(sheet, (850, 105), (850, 270), ("magnet", "磁力锁"))
    varistor(sheet, (930, 130), (930, 250), ("varistor", "压敏\n电阻"))
    sheet.line((930, 250), (930, 270), (850, 270), (245, 270), (245, 165), (214.5, 165), kind="minus")
    for y in (105, 270):
        sheet.dot(850, y)
    tick(sheet, 48, 306)
    sheet.text(
        72,
        311,
        (
            "Whatever opens this chain lets people out: fire, the button, a broken wire, a board without power.",
            "这条回路任何一处断开，人都能出去：火警、按钮、断线、主板断电、停电。",
        ),
    )
    tick(sheet, 48, 332)
    sheet.text(
        72,
        337,
        (
            "Further contacts of the same fire relay and button go to inputs: Menshen only listens there.",
            "同一消防继电器和按钮的另一组触点接输入：Menshen 在那里只是监听。",
        ),
    )
    cross(sheet, 49, 358, 8)
    sheet.text(
        72,
        363,
        (
            "No diode across a magnet: the current goes on in it, and the door lets go a second or two late.",
            "磁力锁两端不要并二极管：电流会续流，门要晚一两秒才松开。",
        ),
    )
