"""The picture of supply and earth: fuses, what the battery carries, and where surges are led away."""

from __future__ import annotations

from docs.drawing.sheet import Sheet
from docs.drawing.symbols import block, contact, earth, fuse


def power(sheet: Sheet) -> None:
    """Mains, surge arrester, buffered 24 V, and four branches with a fuse each."""
    block(sheet, 24, 90, 120, 74, ("mains", "市电"), "230 V AC", ("RCD, breaker", "漏保、断路器"))
    sheet.line((144, 127), (176, 127))
    block(sheet, 176, 90, 130, 74, ("arrester", "浪涌保护器"), ("type 2, at entry", "II 类，进线处"))
    sheet.line((241, 164), (241, 196))
    earth(sheet, 241, 196)
    sheet.line((306, 127), (338, 127))
    block(
        sheet,
        338,
        90,
        150,
        110,
        ("24 V with battery", "带电池的 24 V"),
        ("DC UPS", "直流 UPS"),
        ("mains ok", "市电正常"),
        ("battery ok", "电池正常"),
    )
    sheet.line((488, 112), (540, 112), kind="plus")
    sheet.line((540, 112), (540, 256), kind="plus")
    branches = (
        (112, ("5 V converter", "5 V 变换器"), ("controller alone", "只供控制器")),
        (184, ("readers", "读卡器"), ("12 V, their own branch", "12 V，独立支路")),
        (256, ("locks", "锁"), ("magnets: via the fire relay", "磁力锁经消防继电器")),
        (330, ("drive's own supply", "驱动器自有电源"), ("not from here", "不从这里取")),
    )
    for y, name, note in branches:
        if y != 330:
            fuse(sheet, (540, y), (660, y), "")
        block(sheet, 660, y - 27, 256, 56, name, note)
        if y not in (112, 330):
            sheet.dot(540, y, "plus")
    sheet.text(596, 100, ("fuse each", "各有保险"), anchor="middle", size=13, kind="note")
    contact(sheet, (413, 200), (413, 262), closed=True)
    sheet.text(338, 282, ("both as contacts to inputs:", "两者以触点接输入："), size=13, kind="note")
    sheet.text(338, 301, ("mains, battery", "mains、battery"), size=13, kind="note")
    sheet.text(
        24,
        250,
        (
            "Earth, 0 V of the electronics\nand the shields meet at one\nbar in the cabinet.",
            "保护地、电子 0 V 和屏蔽层\n在机柜内一处汇流排\n相连。",
        ),
        size=13,
    )
    earth(sheet, 50, 322)
    sheet.line((50, 300), (50, 322), kind="good")
    sheet.text(
        24,
        390,
        (
            "Outdoor cables (readers, RS-485, loops): an arrester for each pair at the cabinet, its earth by the",
            "室外电缆（读卡器、RS-485、线圈）：在进柜处每对线装信号浪涌保护器，接地线尽量短，",
        ),
        size=13,
    )
    sheet.text(
        24,
        409,
        (
            "shortest way to the same bar. An isolated RS-485 adapter keeps two buildings' earths apart.",
            "接到同一汇流排。隔离型 RS-485 适配器把两栋楼的地电位隔开。",
        ),
        size=13,
    )
