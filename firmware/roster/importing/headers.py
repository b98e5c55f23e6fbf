"""What the words above the columns of an office's sheet mean, in Chinese and English: words -> our columns.

A word that stands nowhere here is unknown, and its column is not imported; nothing is guessed by likeness. `TITLES` are
the headers of our own export, in both languages; each of them is understood again.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import NamedTuple

from firmware.roster.schema import STATUSES

IGNORED = "ignored"  # known, and never imported
HEADER_CHARACTERS_MAX = 60  # longer ones are a notice above the table

# Our columns, each with the words that people put above it, written as `plain` makes them.
WORDS: dict[str, tuple[str, ...]] = {
    "household": (
        "household", "householdid", "unitid", "flat", "apartment", "apt", "address", "房屋", "房产", "住户编号", "户号",
        "房间编号", "房屋编号", "房屋编码", "房产编号", "地址", "住址", "门牌", "门牌号", "房屋地址", "所在房屋",
    ),
    "building": (
        "building", "bldg", "block", "tower", "buildingno", "blockno", "楼栋", "楼号", "栋号", "栋", "幢", "幢号", "楼",
        "楼栋号", "座", "座号", "大楼", "楼宇", "楼幢", "几栋", "楼座",
    ),
    "unit": ("unit", "entrance", "stair", "staircase", "unitno", "单元", "单元号", "门栋", "梯", "梯号", "门洞"),
    "room": (
        "room", "roomno", "flatno", "apartmentno", "doorno", "房号", "房间", "房间号", "室号", "室", "户室", "房屋号",
        "房室号", "户",
    ),
    "household_label": ("householdlabel", "householdname", "房屋名称", "房产名称", "房屋全称"),
    "household_note": ("householdnote", "房屋备注"),
    "spaces": (
        "spaces", "parkingspaces", "spacecount", "numberofspaces", "parkingquota", "车位数", "车位数量", "车位",
        "车位配额", "可停车数", "固定车位数",
    ),
    "holder": (
        "holder", "holderid", "personid", "personno", "employeeno", "staffno", "memberid", "userid", "人员编号",
        "持有人编号", "住户id", "用户编号", "工号", "人员id", "员工编号",
    ),
    "name": (
        "name", "fullname", "resident", "residentname", "owner", "ownername", "holdername", "cardholder",
        "cardholdername", "tenant", "occupant", "姓名", "住户", "业主", "业主姓名", "住户姓名", "持卡人", "持卡人姓名",
        "人员姓名", "户主", "户主姓名", "用户姓名", "名字", "车主", "车主姓名", "员工姓名", "租户姓名", "联系人",
    ),
    "phone": (
        "phone", "phoneno", "phonenumber", "telephone", "tel", "mobile", "mobileno", "mobilephone", "cell", "cellphone",
        "contact", "contactno", "电话", "手机", "手机号", "手机号码", "联系方式", "联系电话", "电话号码", "移动电话",
        "业主电话", "车主电话",
    ),
    "relation": (
        "relation", "relationship", "role", "persontype", "关系", "身份", "与业主关系", "与户主关系", "人员类型",
        "住户类型", "人员类别", "住户身份", "人员身份",
    ),
    "note": ("note", "notes", "remark", "remarks", "comment", "comments", "备注", "说明", "附注", "备注信息"),
    "profiles": (
        "profiles", "profile", "accessprofile", "accesslevel", "accessgroup", "accessrights", "permission",
        "permissions", "权限", "权限组", "门禁权限", "通行权限", "通道", "授权", "权限名称", "通行区域", "开门权限",
        "权限模板",
    ),
    "flags": ("flags", "标志", "特殊标志"),
    "status": (
        "status", "state", "cardstatus", "状态", "卡状态", "卡片状态", "使用状态", "是否启用", "卡片情况",
    ),
    "valid_from": (
        "validfrom", "startdate", "from", "activationdate", "issuedate", "begin", "effectivedate", "生效日期",
        "开始日期", "生效时间", "起始日期", "有效期开始", "有效期起", "启用日期", "开始时间", "有效开始日期",
        "发卡日期", "有效期自", "起始时间", "开卡日期",
    ),
    "valid_until": (
        "validuntil", "validto", "validtill", "enddate", "until", "expiry", "expirydate", "expires", "expirationdate",
        "to", "leaseend", "到期日期", "到期", "有效期至", "截止日期", "结束日期", "失效日期", "到期时间", "有效期",
        "有效期止", "有效期限", "截止时间", "结束时间", "失效时间", "到期日", "有效结束日期", "租期至", "有效期结束",
    ),
    "use_limit": ("uselimit", "numberofuses", "maxuses", "uses", "使用次数", "可用次数", "次数限制"),
    "card": (
        "card", "cardno", "cardnumber", "cardid", "credential", "credentialno", "badge", "badgeno", "fob", "fobno",
        "fobnumber", "keyfob", "卡号", "门禁卡号", "门禁卡", "ic卡号", "id卡号", "ic卡", "id卡", "卡片号", "卡片编号",
        "内码", "物理卡号", "卡内码", "卡序列号", "感应卡号", "芯片号", "一卡通号",
    ),
    "printed": (
        "printed", "printedno", "printednumber", "cardprintedno", "wiegand", "wiegandno", "印刷卡号", "卡面号",
        "卡面号码", "表面号", "印刷号", "外码", "卡面印刷号", "卡表面号", "韦根号", "韦根卡号", "印刷编号",
    ),
    "facility": ("facility", "facilitycode", "sitecode", "fc", "区位码", "区号", "区码", "设施码", "站点码"),
    "plate": (
        "plate", "plateno", "platenumber", "licenseplate", "licenceplate", "licenseplateno", "numberplate",
        "registration", "registrationno", "vehicleno", "vehicleplate", "vehicleregistration", "carplate", "carno",
        "车牌", "车牌号", "车牌号码", "车号", "车辆号牌", "号牌", "车辆牌号", "牌照", "牌照号",
    ),
    "vehicle_kind": ("vehiclekind", "vehicletype", "cartype", "车辆类型", "车型", "车种", "车辆种类"),
    "vehicle_description": (
        "vehicledescription", "vehicle", "car", "makeandmodel", "车辆描述", "车辆信息", "车辆品牌", "品牌型号",
        "车辆颜色", "品牌", "颜色",
    ),
    "code": ("code", "qrcode", "qr", "二维码"),
    "tag": ("tag", "tagid", "tagno", "rfidtag", "电子标签", "标签号", "蓝牙卡号"),
    "face": ("face", "facetemplate", "人脸模板", "人脸编号"),
    "pin": ("pin", "pincode", "开门密码", "密码", "门禁密码"),
    "duress_pin": ("duresspin", "胁迫密码", "胁迫码"),
    "pin_with": ("pinwith", "cardpin", "cardandpin", "卡加密码", "配卡密码", "卡密码", "刷卡密码"),
    "duress_pin_with": ("duresspinwith", "配卡胁迫密码"),
    IGNORED: (
        "no", "number", "sn", "serial", "serialno", "item", "index", "序号", "编号", "行号", "项次", "floor", "楼层",
        "层", "area", "sqm", "面积", "建筑面积", "车位号", "车位编号", "idno", "idcardno", "idnumber", "passport",
        "passportno", "身份证", "身份证号", "身份证号码", "证件号码", "证件号", "证件类型", "gender", "sex", "性别",
        "email", "邮箱", "电子邮箱", "operator", "操作员", "经办人", "办理日期", "登记日期", "录入日期", "签字", "签名",
        "押金", "工本费", "小区", "小区名称", "项目", "项目名称", "入住日期", "birthday", "出生日期",
    ),
}  # fmt: skip
COLUMNS = tuple(WORDS)
MANY = frozenset({"card", "plate", "phone", "tag", "code"})  # may stand in several columns: 车牌1, 车牌2
HOUSEHOLD_PARTS = ("building", "unit", "room")
OF_HOUSEHOLD = frozenset({"household", *HOUSEHOLD_PARTS, "household_label", "household_note", "spaces"})
CREDENTIALS = frozenset(
    {"card", "plate", "code", "tag", "face", "pin", "duress_pin"}
)  # columns whose cells are credentials
# A word beside 卡号 that says which of two numbers on a card it is: the other one then leads, this one proves.
_PRINTED_HINT = re.compile(r"3\+5|2\+2|5位|8位|wiegand|韦根|wg|印刷|卡面|printed|hex|16进制|十六进制")

# Headers of our own export: English ones are our columns' names, Chinese ones the first word an office would use.
TITLES_ZH: dict[str, str] = {
    "holder": "人员编号",
    "household": "房屋编号",
    "household_label": "房屋名称",
    "household_note": "房屋备注",
    "spaces": "车位数",
    "profiles": "权限",
    "flags": "标志",
    "status": "状态",
    "valid_from": "生效日期",
    "valid_until": "到期日期",
    "use_limit": "使用次数",
    "card": "卡号",
    "printed": "印刷卡号",
    "code": "二维码",
    "plate": "车牌号",
    "vehicle_kind": "车辆类型",
    "vehicle_description": "车辆描述",
    "tag": "电子标签",
    "face": "人脸模板",
    "pin": "开门密码",
    "duress_pin": "胁迫密码",
    "pin_with": "卡加密码",
    "duress_pin_with": "配卡胁迫密码",
    "name": "姓名",
    "phone": "电话",
    "relation": "关系",
    "note": "备注",
}
TITLES: dict[str, dict[str, str]] = {"en": {column: column for column in TITLES_ZH}, "zh": TITLES_ZH}
STATUS_WORDS = {"en": STATUSES, "zh": ("正常", "停用", "挂失")}  # of the column of states, likewise

_BY_WORD: dict[str, str] = {word: column for column, words in WORDS.items() for word in words}
assert len(_BY_WORD) == sum(map(len, WORDS.values())), "a header word stands under two columns"
_BRACKETS = re.compile(r"[(\[【〔](.*?)[)\]】〕]")
_MARKS = re.compile(r"[^\w+]|_")
_NUMBERED = re.compile(r"(\D+?)([0-9]{1,2}|[一二三四五])")
_NUMERALS = {"一": 1, "二": 2, "三": 3, "四": 4, "五": 5}


class Heading(NamedTuple):
    """What one header says."""

    column: str  # of COLUMNS
    number: int | None  # 2 of "车牌2"


def plain(text: str) -> str:
    """A header without case, width, spaces, marks and what stands in brackets: "Card No." and "CARD NO" are one."""
    return _MARKS.sub("", _BRACKETS.sub("", unicodedata.normalize("NFKC", text).casefold()))


@functools.lru_cache(maxsize=4096)  # headers of the first rows only
def recognise(text: str) -> Heading | None:
    """The column that a header means; None where it says nothing we know."""
    if not text or len(text) > HEADER_CHARACTERS_MAX:
        return None
    word = plain(text)
    hint = "".join(_BRACKETS.findall(unicodedata.normalize("NFKC", text).casefold()))
    column = _BY_WORD.get(word)
    number: int | None = None
    if column is None and (numbered := _NUMBERED.fullmatch(word)) is not None:
        column = _BY_WORD.get(numbered[1])
        if column is not None:
            number = _NUMERALS.get(numbered[2]) or int(numbered[2])
    if column is None and (match := _PRINTED_HINT.search(word)) is not None:  # "3+5卡号", "韦根26卡号"
        rest = re.sub(r"[0-9]{1,2}$", "", word.replace(match[0], "", 1)).lstrip("0123456789")
        column, hint = _BY_WORD.get(rest), match[0]
    if column == "card" and _PRINTED_HINT.search(hint) is not None:
        column = "printed"
    return None if column is None else Heading(column, number)
