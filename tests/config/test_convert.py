"""Tables become structs key by key, and every problem of a table is found."""

from enum import StrEnum
from typing import Annotated, Literal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.config import Limit, Problems, Shape, convert
from firmware.config.problem import PROBLEMS_MAX, shown
from firmware.config.tables import SHAPES


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


class Inner(msgspec.Struct, frozen=True):
    id: str
    owner: str
    size: int = 3


class Outer(msgspec.Struct, frozen=True):
    id: str
    count: int
    colour: Colour = Colour.RED
    side: Literal["left", "right"] = "left"
    share: float = 0.5
    level: Annotated[int, msgspec.Meta(ge=0, le=9)] = 1
    label: Annotated[str, msgspec.Meta(max_length=5)] | None = None
    on: bool = False
    inners: tuple[Inner, ...] = ()
    sizes: dict[str, int] = {}

    def __post_init__(self):
        if self.count == 13:
            raise ValueError("13 brings bad luck")


SHAPE = {
    Outer: Shape(written={"inners": "inner"}, limits={"count": Limit(1, 20, "house rule")}),
    Inner: Shape(given=("owner",), limits={"size": Limit(0, 5)}),
}


def made(table, into=Outer):
    problems = Problems()
    value = convert(table, into, "t", problems, shapes=SHAPE, given={"owner": "me"})
    return value, {(p.path, p.rule) for p in problems.found}, problems.found


def test_a_right_table():
    table = {"id": "a", "count": 20, "colour": "green", "share": 1, "inner": [{"id": "i"}], "sizes": {"x": 1}}
    value, problems, _ = made(table)
    assert not problems
    assert value == Outer("a", 20, Colour.GREEN, share=1, inners=(Inner("i", "me"),), sizes={"x": 1})


def test_everything_wrong_at_once():
    table = {
        "id": 5, "count": 21, "colour": "rde", "side": "up", "share": "half", "level": 10, "label": "too long",
        "on": 1, "inner": [{"id": "x", "owner": "you"}, 7, {"size": 9}], "sizes": {"a": "1", "b": 2}, "cuont": 1,
    }  # fmt: skip
    _, problems, _ = made(table)
    assert problems == {
        ("t.id", "text"),
        ("t.count", "whole_number_by"),
        ("t.colour", "word"),
        ("t.side", "word"),
        ("t.share", "number"),
        ("t.level", "whole_number"),
        ("t.label", "text"),
        ("t.on", "flag"),
        ("t.inner[0].owner", "unknown_key"),  # given by the program, so it is no key of the file
        ("t.inner[1]", "table"),
        ("t.inner[2].id", "missing"),
        ("t.inner[2].size", "whole_number"),
        ("t.sizes.a", "whole_number"),
        ("t.cuont", "unknown_key"),
    }


def test_near_misses_are_named_and_the_key_that_was_meant_is_not_called_missing():
    _, problems, found = made({"id": "a", "cuont": 1, "colour": "rde"})
    assert problems == {("t.cuont", "unknown_key"), ("t.colour", "word")}
    assert {p.near for p in found} == {"count", "red"}


@pytest.mark.parametrize("table", [None, 1, "x", [], [{}], True])
def test_no_table(table):
    assert made(table)[:2] == (None, {("t", "table")})


def test_a_number_is_not_a_flag_and_a_flag_not_a_number():
    assert made({"id": "a", "count": True})[1] == {("t.count", "whole_number_by")}
    assert made({"id": "a", "count": 2.0})[1] == {("t.count", "whole_number_by")}


def test_what_the_struct_itself_refuses_is_a_problem():
    value, problems, found = made({"id": "a", "count": 13})
    assert (value, problems) == (None, {("t", "struct")})
    assert found[0].values == {"message": "13 brings bad luck"}


@pytest.mark.parametrize(
    "text", ["\x1b[2J", "a\0b", "\u202egnp.exe", "x" * 10_000, "' OR 1=1", "😀\n", "\ud800"]
)  # fmt: skip
@pytest.mark.attack("text-09")
def test_hostile_texts_are_shown_short_and_harmless(text):
    for value in (text, [text], {text: 1}):
        seen = shown(value)
        assert len(seen) < 500
        assert seen.isprintable()
    _, _, found = made({"id": "a", "count": 1, text: 1, "sizes": {text: "no"}})
    assert len(found) == 2
    assert all(p.path.isprintable() and len(p.path) < 500 for p in found)


def test_problems_are_bounded():
    problems = Problems()
    convert({f"key{n}": n for n in range(5 * PROBLEMS_MAX)}, Outer, "t", problems)
    assert len(problems.found) == PROBLEMS_MAX


TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.datetimes(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*Outer.__struct_fields__, "inner", "size", "zzz"]), inner, max_size=6)
    ),
    max_leaves=20,
)


@settings(derandomize=True, max_examples=500, deadline=None)
@given(TREES)
def test_any_tree_gives_a_sound_struct_or_problems(tree):
    problems = Problems()
    value = convert(tree, Outer, "t", problems, shapes=SHAPE, given={"owner": "me"})
    if not problems.found:
        again = msgspec.convert(msgspec.to_builtins(value), Outer, strict=True)
        assert again == value
        assert 1 <= value.count <= 20


def test_every_number_and_text_of_a_site_file_has_a_limit():
    """A new key of the core's structs gets its limit here or fails here."""
    unlimited = []
    for struct, shape in SHAPES.items():
        for field in msgspec.inspect.type_info(struct).fields:
            kinds = getattr(field.type, "types", (getattr(field.type, "item_type", field.type),))
            bare = any(isinstance(k, msgspec.inspect.IntType | msgspec.inspect.StrType) for k in kinds)
            if bare and field.name not in shape.limits and field.name not in shape.given:
                unlimited.append(f"{struct.__name__}.{field.name}")
        assert set(shape.limits) <= set(struct.__struct_fields__)
    assert not unlimited
