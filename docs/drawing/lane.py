"""The picture of what acts in hardware: what stops a drive goes to the drive, and Menshen listens beside it."""

from __future__ import annotations

from docs.drawing.sheet import Sheet, Words
from docs.drawing.symbols import block, contact

# A device, what it enters at the drive, and its second contact's input in the example site.
ROWS: tuple[tuple[Words, Words, Words, str], ...] = (
    (("emergency stop", "急停按钮"), ("two contacts", "两组触点"), ("stop circuit", "急停回路"), "lane_stop"),
    (("photocell", "光电"), ("two contacts", "两组触点"), ("photocell input", "光电输入"), "lane_beam"),
    (
        ("loop detector", "线圈检测器"),
        ("two relays", "两个继电器"),
        ("inhibits the raise", "禁止升起"),
        "lane_loop_safety",
    ),
    (("fire panel", "消防主机"), ("two contacts", "两组触点"), ("fire: goes down", "消防：降下"), "fire_panel"),
)
MENSHEN, DEVICES, DRIVE = 190.0, (370.0, 560.0), 730.0


def hardware(sheet: Sheet) -> None:
    """Each device with one contact in the drive and one at the controller."""
    sheet.box(24, 62, MENSHEN - 24, 470)
    sheet.text(107, 88, "Menshen", anchor="middle", bold=True)
    sheet.text(107, 108, ("listens", "只监听"), anchor="middle", size=13, kind="note")
    sheet.box(DRIVE, 62, 186, 470, kind="good")
    sheet.text(DRIVE + 93, 88, ("the drive itself", "驱动器本身"), anchor="middle", bold=True)
    sheet.text(DRIVE + 93, 108, ("acts without Menshen", "不靠 Menshen"), anchor="middle", size=13, kind="good")
    left, right = DEVICES
    for number, (device, has, enters, name) in enumerate(ROWS):
        y = 124 + number * 82
        block(sheet, left, y, right - left, 60, device, has)
        contact(sheet, (right, y + 30), (DRIVE, y + 30), closed=True, kind="good")
        sheet.text(DRIVE + 12, y + 35, enters, size=13, kind="good")
        contact(sheet, (left, y + 30), (MENSHEN, y + 30), closed=True)
        sheet.text(MENSHEN - 12, y + 35, name, size=13, kind="note", anchor="end")
    y = 124 + 4 * 82
    block(sheet, left, y, right - left, 60, ("safety edge", "安全边缘"), ("8.2 kΩ at its far end", "末端 8.2 kΩ"))
    for at in (18, 42):
        sheet.line((right, y + at), (DRIVE, y + at), kind="good")
    sheet.text(DRIVE + 12, y + 28, ("edge input:", "边缘输入："), size=13, kind="good")
    sheet.text(DRIVE + 12, y + 46, ("watches the 8k2", "监测 8k2"), size=13, kind="good")
    sheet.line((DRIVE + 93, 532), (DRIVE + 93, 552), (107, 552), (107, 532))
    sheet.text(
        460,
        573,
        ("the drive's edge and fault relays, and its limits, to inputs", "驱动器的边缘、故障继电器和限位接到输入"),
        anchor="middle",
        size=13,
        kind="note",
    )
    sheet.text(
        24,
        606,
        (
            "Green acts although the controller is off, hangs or errs. Menshen has its own contact at each: it knows,",
            "绿色部分在控制器断电、死机或出错时照样动作。Menshen 在每个器件上另有触点：知情、记录，",
        ),
        size=13,
    )
    sheet.text(
        24,
        626,
        (
            "records, and does not ask for what the drive would refuse. It can withhold a motion; it can force none.",
            "不去要求驱动器会拒绝的动作。它可以不动，绝不能强动。",
        ),
        size=13,
    )
