"""From a TOML table to a struct, key by key, with every problem collected instead of the first one raised."""

from __future__ import annotations

import enum
import re
from collections.abc import Collection, Mapping
from typing import NamedTuple, TypeVar

import msgspec
from msgspec import inspect

from firmware.config.problem import Problems, escaped, key_shown, nearest, shown

LIST_ITEMS_MAX = 512  # of any list that has no shorter limit; a site has 256 portals at most
TEXT_CHARACTERS_MAX = 200  # of any text that has no shorter limit

T = TypeVar("T")


class Limit(msgspec.Struct, frozen=True):
    """What a key may hold, beyond its type. `why` is the source of a figure and the same in every language."""

    least: int | float | None = None
    most: int | float | None = None
    why: str = ""
    rule: str = ""  # of a text: how it must look, as a message; with `pattern`
    pattern: str = ""


class Shape(msgspec.Struct, frozen=True):
    """How a struct is written in the file, where that differs from the struct itself."""

    written: dict[str, str] = {}  # field -> key
    given: tuple[str, ...] = ()  # fields that the program fills in
    limits: dict[str, Limit] = {}  # field -> limit; of a list: of each of its items


NO_SHAPE = Shape()
NO_LIMIT = Limit()
_GAP = object()  # stands for "there is no usable value"


def convert(
    table: object,
    into: type[T],
    path: str,
    problems: Problems,
    *,
    shapes: Mapping[type, Shape] | None = None,
    given: Mapping[str, object] | None = None,
    elsewhere: Collection[str] = (),
) -> T | None:
    """Make an `into` of a TOML table and add every problem to `problems`.

    Keys in `elsewhere` are somebody else's and skipped; `given` holds values for the fields a Shape names as given,
    nested structs included. Where something is wrong the result is made as well as possible (defaults, empty texts),
    so that further checks can go on, or is None; it is only good for use when no problem was added.
    """
    info = inspect.type_info(into)
    assert isinstance(info, inspect.StructType)
    value = _Conversion(problems, shapes or {}, given or {}).struct(table, info, path, elsewhere)
    return value if isinstance(value, into) else None


class _Conversion:
    """One call of convert: what stays the same on the way down."""

    def __init__(self, problems: Problems, shapes: Mapping[type, Shape], given: Mapping[str, object]) -> None:
        self.problems = problems
        self.shapes = shapes
        self.given = given

    def struct(self, table: object, info: inspect.StructType, path: str, elsewhere: Collection[str] = ()) -> object:
        if not isinstance(table, dict):
            self.problems.add(path, shown(table), "table")
            return _GAP
        shape = self.shapes.get(info.cls, NO_SHAPE)
        fields = {shape.written.get(f.name, f.encode_name): f for f in info.fields if f.name not in shape.given}
        for key, value in table.items():
            if key not in fields and key not in elsewhere:
                near = nearest(key, {*fields, *elsewhere} - set(table))
                keys = ", ".join(sorted({*fields, *elsewhere}))
                where = f"{path}.{key_shown(key)}" if path else key_shown(key)
                self.problems.add(where, shown(value), "unknown_key", near=near, keys=keys)
        values: dict[str, object] = {name: self.given[name] for name in shape.given if name in self.given}
        gap = False
        for key, field in fields.items():
            limit = shape.limits.get(field.name, NO_LIMIT)
            value = self._field(table, key, field, f"{path}.{key}" if path else key, limit)
            if value is not _GAP:
                values[field.name] = value
            gap |= value is _GAP and field.required
        if gap:
            return _GAP
        try:
            made: object = info.cls(**values)
        except (TypeError, ValueError) as error:  # a struct's own __post_init__ said no
            self.problems.add(path, shown(table), "struct", message=escaped(str(error)))
            return _GAP
        return made

    def _field(self, table: dict[str, object], key: str, field: inspect.Field, path: str, limit: Limit) -> object:
        """Return the field's value, _GAP to use its default, or an empty text for a required one that is wrong."""
        if key in table:
            value = self.value(table[key], field.type, path, limit)
        else:
            value = _GAP
            if field.required and not self.problems.touch(path):
                self.problems.add(path, "-", "missing")
        if value is _GAP and field.required and isinstance(field.type, inspect.StrType):
            return ""
        return value

    def value(self, value: object, kind: inspect.Type, path: str, limit: Limit) -> object:
        """Convert one value. The cases are the types that configurations use; another one is our mistake."""
        if isinstance(kind, inspect.Metadata):
            kind = kind.type
        if isinstance(kind, inspect.UnionType):
            others = [each for each in kind.types if not isinstance(each, inspect.NoneType)]
            assert len(others) == 1, "a configuration key has one type, or that and None"
            return self.value(value, others[0], path, limit)
        if isinstance(kind, inspect.StructType):
            return self.struct(value, kind, path)
        if isinstance(kind, inspect.VarTupleType | inspect.ListType):
            return self._items(value, kind, path, limit)
        if isinstance(kind, inspect.DictType):
            return self._entries(value, kind, path, limit)
        if isinstance(kind, inspect.AnyType):
            return value
        at = _At(self.problems, path, limit)
        if isinstance(kind, inspect.BoolType):
            return _flag(value, at)
        if isinstance(kind, inspect.IntType | inspect.FloatType):
            return _number(value, kind, at)
        if isinstance(kind, inspect.StrType):
            return _text(value, kind, at)
        assert isinstance(kind, inspect.EnumType | inspect.LiteralType), f"{path}: no conversion for {kind}"
        return _word(value, kind, at)

    def _items(self, value: object, kind: inspect.VarTupleType | inspect.ListType, path: str, limit: Limit) -> object:
        if not isinstance(value, list):
            self.problems.add(path, shown(value), "list")
            return _GAP
        most = kind.max_length or LIST_ITEMS_MAX
        if len(value) > most or len(value) < (kind.min_length or 0):
            self.problems.add(path, str(len(value)), "list_length", least=kind.min_length or 0, most=most)
        made = [self.value(v, kind.item_type, f"{path}[{n}]", limit) for n, v in enumerate(value[:most])]
        good = [item for item in made if item is not _GAP]
        return good if isinstance(kind, inspect.ListType) else tuple(good)

    def _entries(self, value: object, kind: inspect.DictType, path: str, limit: Limit) -> object:
        if not isinstance(value, dict):
            self.problems.add(path, shown(value), "table")
            return _GAP
        made = {key: self.value(v, kind.value_type, f"{path}.{key_shown(key)}", limit) for key, v in value.items()}
        return {key: item for key, item in made.items() if item is not _GAP}


class _At(NamedTuple):
    """Where a single value stands, and what is allowed there."""

    problems: Problems
    path: str
    limit: Limit


def _flag(value: object, at: _At) -> object:
    if isinstance(value, bool):
        return value
    at.problems.add(at.path, shown(value), "flag")
    return _GAP


def _number(value: object, kind: inspect.IntType | inspect.FloatType, at: _At) -> object:
    limit = at.limit
    whole = isinstance(kind, inspect.IntType)
    least = limit.least if limit.least is not None else kind.ge
    most = limit.most if limit.most is not None else kind.le
    fits = isinstance(value, int) if whole else isinstance(value, int | float)
    right = fits and not isinstance(value, bool)
    if right and isinstance(value, int | float):
        above = least is None or value >= least
        below = most is None or value <= most
        if above and below and (kind.gt is None or value > kind.gt) and (kind.lt is None or value < kind.lt):
            return value
    span = {"least": _end(least, kind.gt, whole, +1), "most": _end(most, kind.lt, whole, -1)}
    rule = "whole_number" if whole else "number"
    if limit.why:
        at.problems.add(at.path, shown(value), f"{rule}_by", why=limit.why, **span)
    else:
        at.problems.add(at.path, shown(value), rule, **span)
    return value if right else _GAP


def _end(closed: float | None, open_end: float | None, whole: bool, inward: int) -> str:
    """Write one end of a span of numbers."""
    if closed is None and open_end is not None:
        closed = open_end + inward if whole else open_end
    return "-" if closed is None else str(int(closed) if whole else closed)


def _text(value: object, kind: inspect.StrType, at: _At) -> object:
    limit = at.limit
    pattern, most, least = limit.pattern or kind.pattern, kind.max_length or TEXT_CHARACTERS_MAX, kind.min_length or 0
    if isinstance(value, str) and least <= len(value) <= most and (not pattern or re.search(pattern, value)):
        return value
    if limit.rule:
        at.problems.add(at.path, shown(value), limit.rule)
    elif kind.pattern:
        at.problems.add(at.path, shown(value), "text_pattern", pattern=kind.pattern)
    else:
        at.problems.add(at.path, shown(value), "text", least=least, most=most)
    return _GAP


def _word(value: object, kind: inspect.EnumType | inspect.LiteralType, at: _At) -> object:
    """A word of an enumeration or of a Literal."""
    words: dict[object, object]
    if isinstance(kind, inspect.EnumType):
        members: type[enum.Enum] = kind.cls
        words = {member.value: member for member in members}
    else:
        words = {word: word for word in kind.values}
    if isinstance(value, str | int) and value in words:
        return words[value]
    near = nearest(value, [str(word) for word in words]) if isinstance(value, str) else ""
    listed = ", ".join(str(word) for word in words)
    at.problems.add(at.path, shown(value), at.limit.rule or "word", near=near, words=listed)
    return _GAP
