"""Makes the corpus beside it: sheets as property offices keep them. All names, numbers and plates are invented.

Run it from the repository's root: `python tests/importing/sheets/make_sheets.py`. The files are committed, so that a
reader that changes is held to the same bytes.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

import openpyxl
from openpyxl.styles import Alignment

HERE = Path(__file__).parent
Rows = list[list[object]]

PLAIN: Rows = [
    ["楼栋", "单元", "房号", "姓名", "手机号", "关系", "门禁卡号", "车牌号", "状态", "有效期至"],
    ["1栋", "1单元", "101", "陈安", "13900000001", "业主", "0012345678", "沪A12345", "正常", "2027-12-31"],
    ["1栋", "1单元", "101", "林宁", "13900000002", "家属", "0012345679", "", "正常", "2027年12月31日"],
    ["1栋", "1单元", "102", "周平", "021-55550001", "租户", "0012345680", "沪AD12345、沪B67890", "正常", "2026/6/30"],
    ["1栋", "2单元", "201", "吴静", "", "业主", "0012345681", "", "挂失", "长期"],
    ["2栋", "1单元", "301", "郑和光", "+86 139 0000 0003", "业主", "0012345682", "苏E·8K88挂", "停用", "20271231"],
]
GB: Rows = [
    ["阳光家园住户门禁登记表"],
    [],
    ["序号", "房屋地址", "业主姓名", "联系电话", "IC卡号（韦根26）", "到期日期", "备注"],
    ["1", "3栋2单元501室", "钱多", "13900000011", "012,34567", "2027-01-31", "卡已换"],
    ["2", "3栋2单元502室", "孙可", "13900000012;13900000013", "012,34568", "永久", ""],
    ["3", "十二号楼1单元101", "李木子", "", "013,00001", "2027-01-31 12:00", ""],
    ["合计", "", "", "", "", "", ""],
]
VENDOR: Rows = [
    ["人员编号", "姓名", "卡号(10位)", "卡号(3+5)", "卡片状态", "生效时间", "失效时间", "权限组"],
    ["000101", "赵一", '="0012345678"', "188,24910", "已发卡", "2026-01-01 00:00:00", "2030-12-31 23:59:59", "全部门"],
    ["000102", "钱二", '="0012345679"', "188,24911", "已发卡", "2026-01-01 00:00:00", "2030-12-31 23:59:59", "全部门"],
    ["000103", "孙三", '="1012345680"', "087,11088", "挂失", "2026-01-01 00:00:00", "2030-12-31 23:59:59", "人行"],
    ["000104", "李四", '="0012345681"', "188,24913", "已退卡", "2026-01-01 00:00:00", "2030-12-31 23:59:59", "人行"],
]
ENGLISH: Rows = [
    ["Resident access register - Harbour Court"],
    ["Building", "Unit", "Room", "Name", "Mobile", "Card No.", "Plate", "Valid until", "Remarks", "Blood type"],
    ["A", "1", "1203", "Anna Example", "+44 20 7946 0000", "0x00BC614E", "VO12 ABC", "2027-03-31", "north gate", "A"],
    ["A", "1", "1204", "Bela Sample", "", "00BC614F", "", "long-term", "", "B"],
    ["B", "2", "0301", "Cyn O'Test", "", "0ABC6150", "", "31/12/2027", "", "0"],
]
PARKING: Rows = [
    ["地下车库月租车登记"],
    ["房号", "车主", "电话", "车牌1", "车牌2", "车位数", "租期至"],
    ["1-1-101", "陈安", "13900000001", "沪A12345", "沪AF54321", "2", "2027-12-31"],
    ["1-1-102", "周平", "", "沪B67890", "", "1", "2026-12-31"],
    ["2-1-301", "郑和光", "", "苏E12345、苏E54321", "", "1", "2026-12-31"],
]
MISTAKES: Rows = [
    ["房号", "姓名", "电话", "卡号", "车牌", "有效期至", "状态", "车位数"],
    ["1-101", "好人", "13900000021", "0000000001", "沪A00001", "2027-12-31", "正常", "1"],
    ["1-102", "丢零", "13900000022", "1234567", "", "2027-12-31", "正常", ""],
    ["1-103", "指数", "", "1.23E+09", "", "2027-12-31", "正常", ""],
    ["1-104", "公式", "", "=cmd|'/c calc'!A1", "", "2027-12-31", "正常", ""],
    ["1-105", "日期数", "", "0000000005", "", "46053", "正常", ""],
    ["1-106", "两位年", "", "0000000006", "", "27-12-31", "正常", ""],
    ["1-107", "欧错", "", "0000000007", "沪A1O3I5", "2027-12-31", "正常", ""],
    ["1-108", "状态怪", "", "0000000008", "", "2027-12-31", "也许", ""],
    ["1-109", "车位多", "", "0000000009", "", "2027-12-31", "正常", "两个"],
    ["1-110", "重卡甲", "", "0000000010", "", "2027-12-31", "正常", ""],
    ["1-111", "重卡乙", "", "0000000010", "", "2027-12-31", "正常", ""],
    ["1-112", "太大", "", "9999999999", "", "2027-12-31", "正常", ""],
    ["3月2日", "房变日期", "", "0000000013", "", "2027-12-31", "正常", ""],
    ["1-114", "", "", "0000000014", "", "2027-12-31", "正常", ""],
    ["1-115", "哪天", "", "0000000015", "", "03/04/2027", "正常", ""],
    ["1-116", "多一格", "", "0000000016", "", "2027-12-31", "正常", "", "多"],
    ["1-117", "太早", "12345", "0000000017", "", "1869-12-31", "正常", ""],
    ["", "没有房号", "", "0000000018", "", "2027-12-31", "正常", ""],
]


def text_file(name: str, rows: Rows, encoding: str, delimiter: str = ",") -> None:
    """A CSV as a spreadsheet program writes it."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    (HERE / name).write_bytes(out.getvalue().encode(encoding))


def merged_households(name: str) -> None:
    """Title rows above the header, one merged cell for each flat with several people in it."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "住户"
    sheet.append(["紫荆苑住户信息表"])
    sheet.merge_cells("A1:G1")
    sheet["A1"].alignment = Alignment(horizontal="center")
    sheet.append(["填表日期：2026年11月", None, None, None, None, None, None])
    sheet.append(["楼号", "房间号", "姓名", "联系方式", "卡号", "车位", "入住日期"])
    for row in (
        ["3号楼", "501", "高山", "13900000031", "0012345701", 1, "2020-05-01"],
        [None, None, "高水", None, "0012345702", None, None],
        [None, None, "高云", None, "0012345703", None, None],
        [None, "502", "白石", "13900000032", "0012345704", 2, "2021-05-01"],
        [None, None, "白沙", None, "0012345705", None, None],
        ["5号楼", "101", "黄叶", None, "0012345706", None, None],
    ):
        sheet.append(row)
    for area in ("A4:A8", "B4:B6", "B7:B8", "F4:F6", "F7:F8"):
        sheet.merge_cells(area)
    book.save(HERE / name)


def several_buildings(name: str) -> None:
    """One sheet for each building, dates as dates, a hidden sheet with old lists, and a sheet of explanations."""
    from datetime import date

    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, people in (
        ("1号楼", [("101", "甲一", "0012345801", date(2027, 6, 30)), ("102", "甲二", "0012345802", "长期")]),
        ("2号楼", [("101", "乙一", "0012345803", date(2027, 6, 30))]),
    ):
        sheet = book.create_sheet(title)
        sheet.append(["房号", "姓名", "卡号", "到期"])
        for row in people:
            sheet.append(list(row))
    book.create_sheet("说明").append(["每月底更新，问题请联系物业。"])
    old = book.create_sheet("旧表")
    old.append(["房号", "姓名", "卡号"])
    old.append(["999", "旧人", "0012345899"])
    old.sheet_state = "hidden"
    book.save(HERE / name)


def main() -> None:
    """Write all of them."""
    text_file("plain_utf8.csv", PLAIN, "utf-8-sig")
    text_file("titled_gb18030_tabs.csv", GB, "gb18030", "\t")
    text_file("vendor_export_gb18030_semicolons.csv", VENDOR, "gb18030", ";")
    text_file("english.csv", ENGLISH, "utf-8")
    text_file("parking_gb18030.csv", PARKING, "gb18030")
    text_file("every_mistake.csv", MISTAKES, "utf-8-sig")
    merged_households("merged_households.xlsx")
    several_buildings("several_buildings.xlsx")


if __name__ == "__main__":
    main()
