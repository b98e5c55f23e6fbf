"""Words in cells: states of a card, flags, profiles, and the parts of which a household's id is made."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping

from firmware.roster import understood
from firmware.roster.errors import shown
from firmware.roster.importing.problems import Refused
from firmware.roster.keys import ID
from firmware.roster.schema import FLAGS, STATUSES
from firmware.roster.understood import NotUnderstood

ACTIVE, SUSPENDED, LOST = STATUSES.index("active"), STATUSES.index("suspended"), STATUSES.index("lost")
WITHDRAWN = -2  # the card is given back: its row takes it from its holder
_STATES: dict[int, tuple[str, ...]] = {
    ACTIVE: (
        "active", "enabled", "normal", "valid", "ok", "inuse", "issued", "yes", "正常", "启用", "已启用", "有效",
        "激活", "已激活", "使用中", "在用", "已发卡", "已授权", "开通", "已开通", "是", "正常使用", "解挂",
    ),
    SUSPENDED: (
        "suspended", "disabled", "inactive", "blocked", "locked", "no", "停用", "已停用", "禁用", "已禁用", "暂停",
        "冻结", "锁定", "未启用", "欠费停用", "否", "停止", "失效", "无效",
    ),
    LOST: ("lost", "stolen", "missing", "挂失", "已挂失", "丢失", "遗失", "已丢失", "挂失中", "被盗"),
    WITHDRAWN: (
        "cancelled", "canceled", "returned", "withdrawn", "revoked", "注销", "已注销", "退卡", "已退卡", "作废",
        "已作废", "销卡", "已销卡", "退还",
    ),
}  # fmt: skip
STATES: dict[str, int] = {word: state for state, words in _STATES.items() for word in words}
_FLAGS_ZH: dict[str, str] = {
    "访客": "visitor",
    "需陪同": "escorted",
    "可陪同": "escort",
    "延时": "extended",
    "行动不便": "extended",
    "常开": "holds_open",
    "首开": "unlocks_first",
    "免管": "exempt",
    "车辆": "vehicle",
}
NO_PROFILE = frozenset({"none", "无"})  # a holder who may pass nowhere
_LISTED = re.compile(r"[;；、，,|\n]+")

NUMERALS = str.maketrans("零〇一二三四五六七八九", "00123456789")
_SUFFIX = {
    "building": re.compile(
        r"(?:栋|幢|号楼|号院|楼|座|栋楼|幢楼|#|#楼)$|^(?:building|block|bldg\.?|tower)\s*", re.IGNORECASE
    ),
    "unit": re.compile(r"(?:单元|梯|门)$|^(?:unit|entrance|stair)\s*", re.IGNORECASE),
    "room": re.compile(r"(?:室|号房|号|房|户)$|^(?:room|flat|apt\.?|rm\.?)\s*", re.IGNORECASE),
}
_WHOLE = re.compile(
    r"(?:([^\s号栋幢楼座#]{1,8}?)(?:栋|幢|号楼|座|#))(?:([^\s单元]{1,4})单元)?-?([0-9A-Za-z-]{1,8})(?:室|号房|号|房)?"
)
_DATE_LIKE = re.compile(
    r"[0-9]{1,2}月[0-9]{1,2}日|[0-9]{1,2}-[A-Z][a-z]{2}|[A-Z][a-z]{2}-[0-9]{2}|[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}"
)
SHEET_BUILDING = re.compile(
    r"(?:[0-9A-Za-z一二三四五六七八九十]{1,4})(?:栋|幢|号楼|座|#|#楼)|(?:Building|Block|Tower) [0-9A-Z]{1,3}"
)


def squeezed(text: str) -> str:
    """Without case, width and spaces."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def state_of(text: str) -> int:
    """ACTIVE, SUSPENDED, LOST or WITHDRAWN. Raises Refused."""
    state = STATES.get(squeezed(text))
    if state is None:
        raise Refused("status")
    return state


def flags_of(text: str) -> int:
    """The bits of a list of flags. Raises Refused."""
    bits = 0
    for part in _LISTED.split(text):
        if word := part.strip():
            name = _FLAGS_ZH.get(word, word)
            if name not in FLAGS:
                raise Refused("flags", allowed=", ".join(FLAGS))
            bits |= FLAGS[name]
    return bits


def profiles_of(text: str, known: Collection[str], words: Mapping[str, str]) -> tuple[str, ...]:
    """The profiles that a cell names, by their own names or by the mapping's words. Raises Refused."""
    if squeezed(text) in NO_PROFILE and squeezed(text) not in known and text not in words:
        return ()
    named = {words.get(text, "")} - {""} or {words.get(word, word) for word in _split(text)}
    for name in sorted(named):
        if name not in known:
            raise Refused("profile", name=shown(name), known=", ".join(list(known)[:20]) or "-")
    if len(named) > understood.PROFILES_MAX:
        raise Refused("profiles_many", most=understood.PROFILES_MAX)
    return tuple(sorted(named))


def _split(text: str) -> list[str]:
    return [word for part in _LISTED.split(text) if (word := part.strip())]


def count_of(text: str, least: int, most: int) -> int:
    """A whole number. Raises Refused."""
    try:
        return understood.count(text, least, most)
    except NotUnderstood:
        raise Refused("count", least=least, most=most) from None


def part_of(column: str, text: str) -> str:
    """A building's, unit's or room's text without the word that only says what it is: "3栋" is 3, "02单元" is 2."""
    if text.startswith(("=", "+", "@")):
        raise Refused("formula_text")
    if _DATE_LIKE.fullmatch(text) is not None:
        raise Refused("household_date")
    bare = _SUFFIX[column].sub("", unicodedata.normalize("NFKC", text).strip()).strip()
    if column != "room":
        bare = _numeral(bare)
        bare = bare.lstrip("0") or bare if bare.isdecimal() and bare.isascii() else bare
    if not bare:
        raise Refused("household_part")
    return bare


def _numeral(text: str) -> str:
    """Chinese numerals up to 99 as digits; other text as it is."""
    match = re.fullmatch(r"([一二三四五六七八九])?(十)?([一二三四五六七八九])?", text)
    if match is None or not text or (match[1] and match[3] and not match[2]):
        return text
    tens = (int(match[1].translate(NUMERALS)) if match[1] else 1) * 10 if match[2] else 0
    ones = int((match[3] or "0").translate(NUMERALS)) if match[2] else int((match[1] or match[3]).translate(NUMERALS))
    return str(tens + ones)


def whole_of(text: str) -> str:
    """The id that a household's cell says: as it is where it is one, "3-2-501" of "3栋2单元501室"; or its text.

    Raises Refused for what a spreadsheet made a date of.
    """
    if _DATE_LIKE.fullmatch(text) is not None:
        raise Refused("household_date")
    if text.startswith(("=", "+", "@", "-")):
        raise Refused("formula_text")
    if ID.fullmatch(text) is not None:
        return text
    match = _WHOLE.fullmatch(unicodedata.normalize("NFKC", "".join(text.split())))
    if match is None:
        return text
    return "-".join(_numeral(part) for part in match.groups() if part)
