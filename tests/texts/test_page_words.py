"""The page says nothing that is not in the catalogues, and the catalogues say nothing of a page that nobody asks for.

What is looked at is the source: templates, scripts, and the Python code of the network process, of the people process
and of the self-test, which answer in the page's words.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import jinja2
import pytest
from jinja2 import nodes

from firmware.network.routes import ROUTES
from firmware.network.words import PREFIX
from firmware.texts import texts
from tests.texts.test_catalogues import messages

ROOT = Path(__file__).parents[2]
NETWORK = ROOT / "firmware" / "network"
TEMPLATES = sorted((NETWORK / "templates").glob("*.html"))
SCRIPTS = sorted((NETWORK / "static").glob("*.js"))
CODE = sorted(
    path
    for room in ("network", "people", "people_words", "selftest", "controller")
    for path in (ROOT / "firmware" / room).rglob("*.py")
)
CHINESE = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]")
# A name of ours or of the trade, a mark, a placeholder of a form: the same in every language.
SAME_EVERYWHERE = re.compile(r'(Menshen|UTC|GPIO|CSV|JSON|OpenAPI|Prometheus|Bearer|[A-Z]{1,4}|( ?[a-z-]+="[^"]*")+)')
SAID_IN = ("aria-label", "title", "alt", "placeholder", "aria-description", "aria-roledescription", "aria-valuetext")
KEYS = {key.removeprefix(PREFIX) for key in messages("en") if key.startswith(PREFIX)}


# -- what is asked for ------------------------------------------------------------------------------------------------


@cache
def literals() -> dict[str, frozenset[str]]:
    """Every piece of text in code and templates, with the files in which it stands; of joined ones each piece."""
    found: dict[str, set[str]] = {}
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.setdefault(node.value, set()).add(path.name)
    for path in TEMPLATES:
        for node in parsed(path).find_all(nodes.Const):
            if isinstance(node.value, str):
                found.setdefault(node.value, set()).add(path.name)
    return {text: frozenset(where) for text, where in found.items()}


@cache
def parsed(path: Path) -> nodes.Template:
    return jinja2.Environment().parse(path.read_text(encoding="utf-8"))


def asked_in_templates() -> Iterator[tuple[str, nodes.Expr]]:
    for path in TEMPLATES:
        for call in parsed(path).find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name == "words" and call.args:
                yield path.name, call.args[0]


def asked_in_code() -> Iterator[tuple[str, ast.expr]]:
    for path in CODE:
        if path.is_relative_to(ROOT / "firmware" / "controller"):
            continue
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and call.args and ast.unparse(call.func).rpartition(".")[2] == "words":
                yield f"{path.name}:{call.lineno}", call.args[0]


def test_every_word_that_is_asked_for_is_there() -> None:
    """Of a word that is put together its beginning has to be that of some."""
    missing = []
    for where, asked in asked_in_templates():
        pieces = [asked] if not isinstance(asked, nodes.CondExpr) else [asked.expr1, asked.expr2]
        for piece in pieces:
            if isinstance(piece, nodes.Const) and piece.value not in KEYS:
                missing.append(f"{where}: {piece.value}")
            left = piece
            while isinstance(left, nodes.Add):
                left = left.left
            if isinstance(left, nodes.Const) and not any(key.startswith(left.value) for key in KEYS):
                missing.append(f"{where}: {left.value}...")
    for where, asked in asked_in_code():
        for piece in [asked.body, asked.orelse] if isinstance(asked, ast.IfExp) else [asked]:
            if isinstance(piece, ast.Constant) and piece.value not in KEYS:
                missing.append(f"{where}: {piece.value}")
            first = piece.values[0] if isinstance(piece, ast.JoinedStr) and piece.values else None
            if isinstance(first, ast.Constant) and not any(key.startswith(first.value) for key in KEYS):
                missing.append(f"{where}: {first.value}...")
    assert missing == []


def test_no_word_is_left_that_nobody_asks_for() -> None:
    """A word is asked for by its name, or put together of a beginning and an end that stand in the source."""
    known = literals()
    beginnings = (*BUILT_OF_TWO, *(text for text in known if text.endswith("_") and len(text) > 2))
    ends = tuple(text for text in known if re.fullmatch(r"_[a-z_]+", text))

    def is_asked(key: str) -> bool:
        if key in known or key.startswith(beginnings):
            return True
        return any(key.endswith(end) and key.removesuffix(end) in known for end in ends)

    assert sorted(key for key in KEYS if not is_asked(key)) == []


def test_a_word_that_is_not_there_is_a_mistake_of_ours_and_none_of_the_reader() -> None:
    from firmware.network.words import Words
    from firmware.texts import TextsError

    for language in ("en", "zh"):
        words = Words(language)
        assert not words.has("no_such_word")
        with pytest.raises(TextsError, match="no_such_word"):
            words("no_such_word")
        assert words("title_count", count=2, site="{site}") == texts(language).say(
            "page.title_count", count=2, site="{site}"
        )


# -- what stands outside of them --------------------------------------------------------------------------------------


class _Letters(HTMLParser):
    """The text of a page, and of attributes that people hear or see."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._within: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._within.append(tag)
        kind = dict(attrs).get("type")
        self.found += [content or "" for name, content in attrs if name in SAID_IN]
        self.found += [
            content or "" for name, content in attrs if name == "value" and kind in ("submit", "button", "reset")
        ]

    def handle_data(self, data: str) -> None:
        self.found.append(data)


def bare(markup: str) -> str:
    """A template without what Jinja puts in."""
    markup = re.sub(r"\{% block width %\}.*?\{% endblock %\}", "", markup)  # the page's class
    return re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", " ", markup, flags=re.DOTALL)


def outside(markup: str) -> list[str]:
    reader = _Letters()
    reader.feed(bare(markup))
    said = [piece.strip() for text in reader.found for piece in text.split("\n")]
    return [piece for piece in said if re.search(r"[^\W\d_]", piece) and not SAME_EVERYWHERE.fullmatch(piece)]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_has_text_of_its_own(path: Path) -> None:
    assert outside(path.read_text(encoding="utf-8")) == []


def test_text_of_a_template_would_be_found() -> None:
    assert outside("<p>Press {{ here }} now</p>") == ["Press   now"]
    assert outside('<button aria-label="Open">{{ x }}</button><input type="submit" value="Send">') == ["Open", "Send"]
    assert outside('<img alt="门"><p>{{ words("a") }} · {{ b }}</p>{# a comment #}<input name="x" value="yes">') == [
        "门"
    ]


def sentences(path: Path) -> list[str]:
    """Pieces of code that look like text for people; not what is for whoever services the controller."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        for child in ast.iter_child_nodes(node):
            child.parent = node
    found = []
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
            continue
        looks = CHINESE.search(node.value) or re.search(r"[A-Za-z]+ [a-z]+ [a-z]+", node.value)
        if looks and node.value not in CALLS and not _is_for_us(node):
            found.append(f"{path.name}:{node.lineno}: {node.value[:60]}")
    return found


def _is_for_us(node: ast.AST) -> bool:
    """A docstring, an error, an assertion, help of a command, a line for the log, SQL, a regular expression."""
    while (above := getattr(node, "parent", None)) is not None:
        if isinstance(above, ast.Raise | ast.Assert) or (
            isinstance(above, ast.Expr) and isinstance(node, ast.Constant)
        ):
            return True
        if isinstance(above, ast.Call):
            name = ast.unparse(above.func)
            if name.endswith(FOR_US) or re.search(r"(Error|Refused|Unreadable|Damaged|Lost)$", name):
                return True
        if isinstance(above, ast.Assign | ast.AnnAssign):
            target = _target(above).strip("_")
            if target in CONSTANTS_FOR_US or target.endswith(("EXAMPLE", "EXAMPLES")):  # of the API, for programs
                return True
        node = above
    return False


def _target(node: ast.Assign | ast.AnnAssign) -> str:
    return ast.unparse(node.target if isinstance(node, ast.AnnAssign) else node.targets[0])


FOR_US = (
    "execute",
    "executemany",
    "add_argument",
    "add_parser",
    "head_of",
    "ArgumentParser",
    "parser.error",
    "stderr.write",
    "re.compile",
    "strptime",
    "strftime",
    "lost",
    "print",
)
# What answers a line of the table of routes, by its name.
CALLS = {route.call for route in ROUTES}
# Put together of two words that both come from elsewhere (firmware/network/lane.py).
BUILT_OF_TWO = ("bollard_", "boom_", "detail_")
# What is typed in these languages is understood; it is no answer.
TYPED = {"rules.js": {"全天", "关闭", "不开放"}}
# The help lines of figures are English by the format's custom (Prometheus), and so are examples of the API's answers.
FOR_PROGRAMS = {"metrics.py", "metric_text.py", "examples.py"}
# What is no text of a page: headers, SQL, lists of what is tried first, words of HTTP.
CONSTANTS_FOR_US = {"HEADERS", "SCHEMA", "TRIED_FIRST", "ADVICE", "LANGUAGE_NAMES"}


def test_no_code_of_the_page_has_text_for_people() -> None:
    assert [
        said
        for path in CODE
        if path.is_relative_to(NETWORK) and path.name not in FOR_PROGRAMS and not path.name.endswith("_examples.py")
        for said in sentences(path)
    ] == []


def test_text_in_code_would_be_found(tmp_path: Path) -> None:
    path = tmp_path / "room.py"
    path.write_text(
        '"""A room of its own."""\nraise E("that is for us only")\nx = html(title="Now press the button", a="门")\n'
    )
    assert [each.partition(": ")[2] for each in sentences(path)] == ["Now press the button", "门"]


def strings_of(script: str) -> list[str]:
    """What stands in quotes in a script, without its comments."""
    code = re.sub(r"(?m)^\s*//.*$|\s//\s.*$", "", re.sub(r"/\*.*?\*/", "", script, flags=re.DOTALL))
    return [found[2] for found in re.finditer(r"""(?<![\w\\])(["'`])((?:\\.|(?!\1).)*)\1""", code)]


def spoken(script: str) -> list[str]:
    return [
        text
        for text in strings_of(script)
        if text != "use strict" and (CHINESE.search(text) or re.search(r"[A-Z][a-z]+ [a-z]+ [a-z]+", text))
    ]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_script_has_text_for_people(path: Path) -> None:
    assert {*spoken(path.read_text(encoding="utf-8"))} - TYPED.get(path.name, set()) == set()


def test_text_in_a_script_would_be_found() -> None:
    script = '"use strict"; put(a, "Now press the button"); b("门"); // It is so'
    assert spoken(script) == ["Now press the button", "门"]
