"""The wiring guide: its snippets are good, its figures are Ohm's and the code's, its links lead somewhere."""

import re

import pytest

from drivers.modbus_profile import load_profile
from drivers.osdp_settings import READERS_MAX, OsdpConfig, line_problems
from firmware.__main__ import main
from firmware.controller.check import check
from firmware.texts import texts
from tests.config.site_files import write
from tests.docs.snippets import GUIDES, KEYS, ROOT, SITE, example, merged, snippets

WORDS_OF_THE_SITE = {"travel_ms_max", "!"}  # in backticks in the last table, and none of the screen's
every_guide = pytest.mark.parametrize("language", GUIDES)
SNIPPETS = len(snippets("en"))


def guide(language):
    return GUIDES[language].read_text(encoding="utf-8")


def rows(language, *columns):
    """Rows of the tables whose header has these words."""
    found, inside = [], False
    for line in guide(language).splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.startswith("|"):
            inside = False
        elif any(set(column) <= set(cells) for column in columns):
            inside = True
        elif inside and not set(line) <= set("|-"):
            found.append(cells)
    return found


# -- the example site -------------------------------------------------------------------------------------------------


def test_the_example_site_is_sound_once_its_readers_have_keys(tmp_path, keys, capsys):
    site = tmp_path / SITE.name
    site.write_text(SITE.read_text(encoding="utf-8").replace(KEYS, str(keys)), encoding="utf-8")
    capsys.readouterr()
    for language in ("en", "zh"):
        assert main(["check", str(site), "--language", language]) == 0
    said = capsys.readouterr().out
    for line in ("GPIO17 (J8:11)", "CH1 (J8:37)", "/dev/serial0 #0", "/dev/ttyUSB0 #2 in1", "unverified on hardware"):
        assert line in said


def test_without_keys_the_example_asks_for_them_and_for_nothing_else():
    found = check(SITE).problems
    assert [problem.path.partition(".")[2] for problem in found] == ["key_file", "key_file"]
    assert all("menshen osdp new-key" in problem.line(texts("en")) for problem in found)


def test_the_example_says_that_it_is_one_and_was_not_tried():
    head = SITE.read_text(encoding="utf-8").split("[site]")[0]
    assert "example" in head
    assert "no hardware" in head


def test_a_reader_s_own_cover_and_supply_are_inputs_of_the_site(tmp_path, keys):
    tree = example(keys)
    reader = next(device for device in tree["device"] if device["id"] == "lane_in_reader")
    reader["power"] = "lane_in_power"
    tree["site"]["tamper_inputs"].append("lane_in_power")
    assert list(check(write(tmp_path, tree)).problems) == []
    tree["site"]["tamper_inputs"].append("lane_in_cover")
    assert [problem.path for problem in check(write(tmp_path, tree)).problems] == ["site.tamper_inputs[4]"]


# -- snippets ---------------------------------------------------------------------------------------------------------


def test_both_languages_have_the_same_snippets():
    assert SNIPPETS >= 10
    assert snippets("en") == snippets("zh")


@pytest.mark.parametrize("number", range(SNIPPETS))
def test_each_snippet_is_sound_in_the_example_site(number, tmp_path, keys):
    snippet = snippets("en")[number]
    for device in snippet.get("device", ()):
        if "key_file" in device:
            device["key_file"] = device["key_file"].replace(KEYS, str(keys))
    problems = check(write(tmp_path, merged(example(keys), snippet))).problems
    assert [problem.line(texts("en")) for problem in problems] == []


def test_a_snippet_with_a_mistake_would_be_found(tmp_path, keys):
    snippet = {"device": [{"id": "lane_loop_safety", "active_level": "low"}]}
    problems = check(write(tmp_path, merged(example(keys), snippet))).problems
    assert [problem.rule for problem in problems] == ["lane_wire_break"]


# -- links ------------------------------------------------------------------------------------------------------------


@every_guide
def test_every_link_leads_to_a_file(language):
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", guide(language))
    assert len(links) > 12
    assert [link for link in links if not (GUIDES[language].parent / link).exists()] == []


@every_guide
def test_every_picture_stands_in_the_guide_in_its_language(language):
    ending = ".svg" if language == "en" else f".{language}.svg"
    drawn = {path.name for path in (ROOT / "docs/wiring").glob("*.svg")}
    own = {name for name in drawn if (name.count(".") == 1) == (language == "en")}
    shown = set(re.findall(r"docs/wiring/([a-z0-9_.]+)\)", guide(language)))
    assert shown == own
    assert all(name.endswith(ending) for name in shown)


@pytest.mark.parametrize("page", ["README.md", "drivers/README.md"])
def test_the_guide_is_found(page):
    assert "WIRING.md" in (ROOT / page).read_text(encoding="utf-8")


@every_guide
def test_every_source_that_is_named_is_listed(language):
    text = guide(language).split("\n## Sources\n" if language == "en" else "\n## 资料\n")[0]
    named = {int(n) for group in re.findall(r"[(（]([0-9][0-9, 、]*)[)）]", text) for n in re.findall(r"\d+", group)}
    named |= {int(n) for row in rows(language, ("source",), ("资料",)) for n in re.findall(r"\d+", row[-1])}
    listed = {int(n) for n in re.findall(r"^([0-9]{1,2})\. ", guide("en").split("## Sources")[1], re.MULTILINE)}
    assert listed == set(range(1, max(listed) + 1))
    assert named <= listed
    assert len(named) > 25


# -- figures ----------------------------------------------------------------------------------------------------------


@every_guide
def test_supervised_circuits_read_what_ohm_says_and_lie_in_the_profile_s_bands(language):
    """A source of 5.0 V behind 2.2 kohm."""
    profile = load_profile("waveshare_modbus_rtu_analog_8ch")
    found = rows(language, ("circuit", "state"), ("回路", "状态"))
    assert len(found) == 8
    for circuit, state, ohms, millivolts, band in found:
        expected = 5_000 if ohms == "-" else round(5_000 * int(ohms) / (int(ohms) + 2_200))
        assert int(millivolts) == expected
        stated = tuple(int(edge) for edge in re.findall(r"\d+", band))
        assert stated == tuple(getattr(profile.circuit[circuit.strip("`")], state))
        assert stated[0] <= expected <= stated[1]


@every_guide
def test_so_many_readers_stand_on_a_line_as_check_allows(language):
    found = rows(language, ("baud", "readers"), ("波特率", "读卡器"))
    assert len(found) == 4
    for baud, most in found:
        line = [
            OsdpConfig(f"r{n}", "/dev/serial0", n, f"/keys/{n}", baud=int(baud), formats=("H10301",))
            for n in range(int(most) + 1)
        ]
        assert line_problems(line[:-1]) == []
        assert line_problems(line) != []
        assert int(most) <= READERS_MAX


@every_guide
def test_other_figures_are_those_of_ohm(language):
    text = guide(language)
    divided, pulled = 5 * 3.3 / (2.2 + 3.3), 5 * 3.3 / (1.0 + 2.2 + 3.3)
    bias_mv, low_mv = 5_000 * 60 / (2 * 560 + 60), 3_300 * 60 / (2 * 390 + 60)
    assert (f"{divided:.1f}", f"{5.5 * 0.6:.1f}", f"{pulled:.1f}") == ("3.0", "3.3", "2.5")
    assert 5 * 3.3 / (1.5 + 2.2 + 3.3) > 2.0, "a pull-up of 1.5 kohm inside is enough for a high of a Pi 4"
    assert bias_mv > 200
    assert low_mv > 200
    assert f"{bias_mv / 1000:.2f} V" in text
    assert round(1e3 * 150 * 100e-12 * 1e6) == 15
    assert "15 µs" in text
    assert round(2 * 30 * 0.5 * 0.0175 / 0.75, 1) == 0.7
    assert "0.7 V" in text
    assert round(2 * 1_000 * 0.0175 / 0.5) == 70
    assert "70 Ω" in text
    assert (round(120 / 2), round(120 / 3)) == (60, 40)


@every_guide
def test_words_of_the_screen_are_those_that_menshen_wire_says(language):
    say = texts(language).say
    levels = ("active", "open", "short", "lost", "on", "fault")
    counters = ("chatter", "faults", "edges", "lost_edges", "frames", "noise_noise", "noise_short", "noise_parity")
    counters += ("answers", "unanswered", "timeouts", "crc")
    known = {say(f"wire.level.{word}") for word in levels} | {say(f"wire.counter.{word}") for word in counters}
    title = "## How to see that it is right" if language == "en" else "## 怎样确认接对了"
    section = guide(language).split(title)[1].split("\n## ")[0]
    named = set(re.findall(r"`([^`]+)`", section)) - WORDS_OF_THE_SITE - {"menshen wire site.toml"}
    assert named <= known
    assert len(named) >= 15
