"""The pictures of the wiring guide: up to date, readable on light and dark, and nothing on them overlaps."""

import re
import xml.etree.ElementTree as ElementTree
from itertools import combinations

import pytest
from playwright.sync_api import sync_playwright

from docs.drawing.figures import FIGURES, FOLDER, files, sheet_of
from docs.drawing.judge import contrast, faults, pale
from docs.drawing.sheet import LANGUAGES, Sheet
from firmware.controller.check import check
from tests.config.site_files import write
from tests.docs.snippets import example
from tests.run.demo import CHROMIUM, FLAGS

SVG = "{http://www.w3.org/2000/svg}"
every_picture = pytest.mark.parametrize(("name", "language"), [(n, each) for n in FIGURES for each in LANGUAGES])
BOXES = """() => [...document.querySelectorAll("svg")].map(svg => {
    const frame = svg.getBoundingClientRect();
    return [...svg.querySelectorAll("text")].map(text => {
        const box = text.getBoundingClientRect();
        return {words: text.textContent, left: box.left - frame.left, right: box.right - frame.left,
                top: box.top - frame.top, bottom: box.bottom - frame.top, wide: frame.width, high: frame.height};
    });
})"""


def blank():
    return Sheet(400, 300, "en", "Title", "About")


def test_the_files_are_what_the_code_draws():
    """Else: make pictures."""
    drawn = {path: sheet_of(name, language).svg() for path, name, language in files()}
    assert {path.name for path in FOLDER.glob("*")} == {path.name for path in drawn}
    stale = [path.name for path, text in drawn.items() if path.read_text(encoding="utf-8") != text]
    assert stale == []


@every_picture
def test_the_same_calls_give_the_same_bytes(name, language):
    assert sheet_of(name, language).svg() == sheet_of(name, language).svg()


@every_picture
def test_nothing_overlaps_and_nothing_is_small(name, language):
    assert list(faults(sheet_of(name, language))) == []


def test_words_stand_out_on_light_and_on_dark():
    assert list(pale()) == []


@pytest.mark.parametrize(("one", "other", "ratio"), [("#ffffff", "#000000", 21.0), ("#777777", "#ffffff", 4.48)])
def test_contrast_is_that_of_wcag(one, other, ratio):
    """The examples that WCAG's own pages and common checkers give."""
    assert contrast(one, other) == pytest.approx(ratio, abs=0.01)


@pytest.mark.parametrize(
    ("draw", "says"),
    [
        (lambda sheet: (sheet.text(50, 100, "one word"), sheet.text(80, 104, "another")), "overlap"),
        (lambda sheet: (sheet.text(50, 100, "one word"), sheet.line((20, 96), (200, 96))), "lies on a stroke"),
        (lambda sheet: (sheet.text(50, 100, "one word"), sheet.line((20, 50), (120, 150))), "lies on a stroke"),
        (lambda sheet: (sheet.text(50, 100, "one word"), sheet.box(60, 60, 80, 80)), "lies on a stroke"),
        (lambda sheet: sheet.text(360, 100, "too far out"), "leaves the sheet"),
        (lambda sheet: sheet.text(50, 100, "small", size=9), "is too small"),
    ],
)
def test_the_judge_finds_what_is_wrong(draw, says):
    sheet = blank()
    assert list(faults(sheet)) == []
    draw(sheet)
    found = list(faults(sheet))
    assert len(found) == 1
    assert found[0].startswith(says)


@every_picture
def test_a_picture_is_a_good_file_that_says_what_it_shows(name, language):
    root = ElementTree.fromstring(sheet_of(name, language).svg())
    assert root.tag == f"{SVG}svg"
    assert root.get("role") == "img"
    for part in ("title", "desc"):
        assert len(root.findtext(f"{SVG}{part}") or "") > 4
    words = "".join(each.text or "" for each in root.iter(f"{SVG}text"))
    assert (re.search("[\u4e00-\u9fff]", words) is not None) == (language == "zh")
    assert "prefers-color-scheme: dark" in (root.findtext(f"{SVG}style") or "")
    assert {each.tag.removeprefix(SVG) for each in root.iter()}.isdisjoint({"script", "image", "foreignObject", "a"})


def test_the_header_shows_each_wire_where_the_check_puts_it(tmp_path, keys):
    """The wiring table of `menshen check` knows pins by gpiozero's tables; the picture reads the board's files."""
    texts = sheet_of("header", "en").texts
    rows = {text.words: text.y for text in texts if re.fullmatch(r"\d+", text.words)}
    wires = check(write(tmp_path, example(keys))).wires
    at_pins = [(wire, pin[1]) for wire in wires if (pin := re.search(r"J8:(\d+)", f"{wire.line} {wire.pin}"))]
    assert len(at_pins) == 22
    for wire, pin in at_pins:
        beside = [text.words for text in texts if text.y == rows[pin] and wire.device in text.words]
        assert beside, f"{wire.device} at pin {pin}"


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium: apt-get install chromium")
def test_in_a_browser_words_lie_where_the_sheet_thinks():
    """Real letters: none over another, none outside, and none wider than the judge took them for."""
    sheets = [sheet_of(name, language) for _, name, language in files()]
    page_text = "".join(f"<div>{sheet.svg()}</div>" for sheet in sheets)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1200, "height": 800})
        page.set_content(f"<!doctype html><body>{page_text}</body>")
        shown = page.evaluate(BOXES)
        browser.close()
    assert len(shown) == len(sheets)
    for sheet, boxes in zip(sheets, shown, strict=True):
        assert len(boxes) == len(sheet.texts)
        for text, box in zip(sheet.texts, boxes, strict=True):
            assert text.words == box["words"]
            assert box["right"] - box["left"] <= (text.box.right - text.box.left) * 1.02 + 2, text.words
            assert box["left"] >= 0
            assert box["right"] <= box["wide"]
        for one, other in combinations(boxes, 2):
            wide = min(one["right"], other["right"]) - max(one["left"], other["left"])
            high = min(one["bottom"], other["bottom"]) - max(one["top"], other["top"])
            assert not (wide > 1 and high > 5), (one["words"], other["words"])  # a line box is higher than its letters
