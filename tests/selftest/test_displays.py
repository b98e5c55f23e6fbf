"""Displays in a self-test: what stands on a real port is what is asked about, and a blind word proves nothing."""

from __future__ import annotations

import asyncio
import itertools
import random
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from firmware.controller.inbox import Rank
from firmware.controller.selftest_displays import DIGITS, PLACES, Numbers, questions_of
from firmware.controller.selftest_views import seen as seen_of
from firmware.controller.signs import HOLD_S, Signs
from firmware.core.effects import Announce, Feedback
from firmware.core.fact import Afar
from firmware.core.facts import SetOutOfService
from firmware.core.view import Mode
from firmware.rehearsal.virtual_time import run_virtual
from firmware.selftest.machine import Stage
from firmware.selftest.messages import Do, DropTest, FinishTest, PauseTest
from firmware.selftest.report import proven
from firmware.selftest.run import Entry, Run
from firmware.selftest.steps import Step, Task
from firmware.selftest.watching import ASK_MS, Scope, Seen, Watch, answered, begin, due, observed
from tests.drivers.serial_far import PtyFar
from tests.selftest.test_at_gate import WHO, Bench, play

DISPLAY = Step("display:sign", Task.DISPLAY, "sign", ("sign",), "lane", has_way_back=False, word=True)
STEP = "display:lane_sign"
SHOWN_S = 1.5  # a display takes one text each half second


# -- the two questions ------------------------------------------------------------------------------------------------


def asked(draw: int = 1) -> Watch:
    return begin(DISPLAY, Watch(), 1_000, {"sign": "quiet"}, questions_of(DISPLAY, random.Random(draw)))


def say(*words: bool, draw: int = 1) -> Watch:
    watch = asked(draw)
    for word in words:
        watch = answered(DISPLAY, watch, 2_000, word)
    return watch


def right(watch: Watch) -> bool:
    assert watch.question is not None
    return watch.question.shows == watch.question.asks


@pytest.mark.attack("selftest-12")
def test_only_whoever_sees_both_numbers_passes_and_a_blind_word_always_fails() -> None:
    """Both orders come; of the four ways to answer exactly one passes, and neither yes, yes nor no, no is it."""
    orders = set()
    for draw in range(64):
        first = right(asked(draw))
        orders.add(first)
        passed = [
            words
            for words in itertools.product((True, False), repeat=2)
            if say(*words, draw=draw).stage is Stage.PASSED
        ]
        assert passed == [(first, not first)]
        assert say(first, not first, draw=draw).said
    assert orders == {True, False}


def test_why_it_failed_tells_a_dark_display_from_a_blind_yes() -> None:
    first_is_right = next(draw for draw in range(64) if right(asked(draw)))
    first_is_other = next(draw for draw in range(64) if not right(asked(draw)))
    dark = say(False, draw=first_is_right)
    assert (dark.stage, dark.why, dark.question) == (Stage.FAILED, "said_no", None)
    also_dark = say(False, False, draw=first_is_other)
    assert (also_dark.stage, also_dark.why) == (Stage.FAILED, "said_no")
    blind = say(True, True, draw=first_is_right)
    assert (blind.stage, blind.why, blind.until_ms) == (Stage.FAILED, "blind", None)
    assert say(True, draw=first_is_other).why == "blind"


def test_each_question_has_its_time_and_a_lost_display_fails_before_and_meanwhile() -> None:
    watch = asked()
    assert due(DISPLAY, watch, 1_000 + ASK_MS - 1).stage is Stage.ASKING
    late = due(DISPLAY, watch, 1_000 + ASK_MS)
    assert (late.stage, late.why) == (Stage.FAILED, "no_word")
    again = answered(DISPLAY, watch, 100_000, right(watch))
    assert (again.stage, again.until_ms, len(again.questions)) == (Stage.ASKING, 100_000 + ASK_MS, 1)
    assert due(DISPLAY, again, 100_000 + ASK_MS).why == "no_word"
    meanwhile = observed(DISPLAY, watch, 2_000, Seen("sign", "lost"), Scope())
    assert (meanwhile.stage, meanwhile.why) == (Stage.FAILED, "lost:sign")
    before = begin(DISPLAY, Watch(), 1_000, {"sign": "lost"}, questions_of(DISPLAY, random.Random(1)))
    assert (before.stage, before.why, before.question) == (Stage.FAILED, "lost:sign", None)


def test_the_numbers_differ_in_every_place_and_each_try_has_others() -> None:
    seen = set()
    for draw in range(200):
        questions = questions_of(DISPLAY, random.Random(draw))
        numbers = {number for each in questions for number in (each.shows, each.asks)}
        assert len(numbers) == 3
        for one, other in itertools.combinations(numbers, 2):
            assert all(a != b for a, b in zip(one, other, strict=True))
        assert all(len(number) == PLACES and set(number) <= set(DIGITS) for number in numbers)
        seen.add(questions)
    assert len(seen) > 190
    assert len({questions_of(DISPLAY) for _ in range(20)}) > 15, "by the system's own randomness"
    assert questions_of(Step("watch:lamp", Task.WATCH, "lamp", ("lamp",), word=True)) == ()


# -- what stands on the display ---------------------------------------------------------------------------------------


class Sign:
    languages = ("zh", "en")

    def __init__(self) -> None:
        self.rows: list[tuple[str, ...]] = []

    def show_text(self, rows: tuple[str, ...]) -> None:
        self.rows.append(rows)


def test_a_number_stays_whatever_is_announced_and_what_rested_comes_back() -> None:
    sign = Sign()

    async def scene() -> None:
        signs = Signs({"sign": sign}, "en")
        signs.test("nobody", "1234")
        signs.announce(Announce("sign", Feedback.DENIED))
        signs.test("sign", "1234")
        signs.announce(Announce("sign", Feedback.DENIED))  # an outcome of the portal under test
        signs.announce(Announce("sign", Feedback.LOCKDOWN))
        signs.test("sign", "5678")
        await asyncio.sleep(2 * HOLD_S)
        signs.test_over("sign")
        signs.test_over("sign")

    run_virtual(scene())
    assert sign.rows == [
        ("未获准通行", "Not admitted"),
        ("1234", "测试", "Test"),
        ("5678", "测试", "Test"),
        ("禁止进入", "No entry"),
    ]


def test_a_display_that_rested_dark_is_dark_again() -> None:
    sign = Sign()

    async def scene() -> None:
        signs = Signs({"sign": sign}, "en")
        signs.announce(Announce("sign", Feedback.DENIED))
        signs.test("sign", "1234")
        signs.test_over("sign")

    run_virtual(scene())
    assert sign.rows[1:] == [("1234", "测试", "Test"), ()], "an outcome is over by then"


def test_what_is_shown_follows_the_run_however_a_step_ends() -> None:
    told: list[tuple[str, ...]] = []
    numbers = Numbers()
    numbers.show = lambda display, number: told.append((display, number))
    numbers.over = lambda display: told.append((display,))
    run = Run("r", "Li Na", ("lane",), (Entry(DISPLAY, asked()),))
    question = run.entries[0].watch.question
    assert question is not None
    numbers.follow(run)
    numbers.follow(run)
    numbers.follow(None)
    numbers.follow(run)
    numbers.follow(Run("r", "Li Na", ("lane",), (Entry(DISPLAY, say(True, True)),)))
    assert told == [("sign", question.shows), ("sign",), ("sign", question.shows), ("sign",)]


# -- at a whole gate, with a display on a real port -------------------------------------------------------------------


def with_display(tmp_path: Path, scene: Callable[[Bench, PtyFar], Awaitable[None]]) -> None:
    far = PtyFar()

    def add(site: str) -> str:
        assert site.count('id = "lane_in"\n') == 1
        site = site.replace('id = "lane_in"\n', 'id = "lane_in"\ndisplay = "lane_sign"\n')
        table = f'id = "lane_sign"\nkind = "text_display"\nport = "{far.path}"\nprotocol = "plain_text"\n'
        return f"{site}\n[[device]]\n{table}"

    try:
        play(tmp_path, lambda bench: scene(bench, far), add)
    finally:
        far.pull()


async def on_display(bench: Bench, far: PtyFar) -> str:
    """What stands there: the last text that came over the cable."""
    await bench.gate.pass_time(SHOWN_S)
    rows = far.received(1, 0.5).decode("gb18030").split("\r\n")
    return " ".join(row.strip() for row in rows[-3:] if row.strip())


def asks(bench: Bench) -> str:
    """What the page is told of the question; never what is shown."""
    tests = bench.tests
    seen = seen_of(tests.run, "", bench.gate.controller.engine.state, bench.gate.controller.wires, 0, 0)
    (step,) = [step for step in seen.steps if step.id == STEP]
    return step.asks


def test_a_display_is_proven_by_what_stands_on_it_and_the_signed_report_says_by_whose_word(tmp_path: Path) -> None:
    async def scene(bench: Bench, far: PtyFar) -> None:
        await bench.begin("vehicle_lane")
        await on_display(bench, far)
        wires = [wire for frame in bench.gate.controller.wires.listed("r") for wire in frame.wires]
        (sign,) = [(wire.portal, wire.use, wire.level) for wire in wires if wire.id == "lane_sign"]
        assert sign == ("vehicle_lane", "display", "quiet")
        await bench.do(STEP)
        numbers = []
        for _ in range(2):
            assert bench.entry(STEP).stage is Stage.ASKING
            text = await on_display(bench, far)
            number = re.fullmatch(r"(\d{4}) Test", text)
            assert number is not None, text
            numbers.append((number[1], asks(bench)))
            await bench.do(STEP, Do.YES if number[1] == asks(bench) else Do.NO)
        entry = bench.entry(STEP)
        assert (entry.stage, entry.attempts[-1].said, asks(bench)) == (Stage.PASSED, True, "")
        assert len({shown == named for shown, named in numbers}) == 2
        assert not re.search(r"\d", await on_display(bench, far)), "it is over"
        await bench.ask(FinishTest(**WHO), 1.0)
        for language, word, way in (
            ("en", "said by the person there", "asked about"),
            ("zh", "由现场人员确认", "询问"),
        ):
            (report,) = (bench.gate.folder / "selftest").glob(f"*.{language}.html")
            content = report.read_bytes()
            assert proven(content).controller == bench.gate.controller.identity.id
            for shown, named in numbers:
                assert re.search(rf"lane_sign .{{1,12}}{shown}.{{1,4}}{way}.{{0,2}}{named}", content.decode()), language
            assert word in content.decode()
            assert "lane_sign" not in content.decode().partition("report_uncovered")[2]

    with_display(tmp_path, scene)


@pytest.mark.attack("selftest-13")
def test_whoever_has_the_page_does_not_learn_what_the_display_shows(tmp_path: Path) -> None:
    async def scene(bench: Bench, far: PtyFar) -> None:
        await bench.begin("vehicle_lane")
        for _ in range(6):
            await on_display(bench, far)
            await bench.do(STEP)
            (shown,) = [each.shows for each in bench.entry(STEP).watch.questions[:1]]
            told = seen_of(bench.tests.run, "", bench.gate.controller.engine.state, bench.gate.controller.wires, 0, 0)
            assert (shown in str(told)) == (shown == asks(bench)), "only where it is what the page asks about"
            await bench.do(STEP, Do.YES)
            await bench.do(STEP, Do.YES)
            assert bench.entry(STEP).stage is Stage.FAILED
        assert bench.entry(STEP).watch.tries == 6, "and the report says so"

    with_display(tmp_path, scene)


def test_a_step_that_is_broken_off_leaves_no_number_on_the_display(tmp_path: Path) -> None:
    async def scene(bench: Bench, far: PtyFar) -> None:
        await bench.begin("vehicle_lane")
        for end in (Do.STOP, Do.SKIP):
            await bench.do(STEP)
            assert re.match(r"\d{4} ", await on_display(bench, far))
            await bench.do(STEP, end, "too high up")
            assert not re.search(r"\d", await on_display(bench, far)), end
        await bench.do(STEP)
        assert re.match(r"\d{4} ", await on_display(bench, far))
        await bench.ask(DropTest(**WHO), 1.0)
        assert not re.search(r"\d", await on_display(bench, far))

    with_display(tmp_path, scene)


@pytest.mark.attack("selftest-15")
@pytest.mark.parametrize("who", ["somebody else", "the test's own end"])
def test_no_number_stands_on_a_display_of_a_lane_that_is_in_use_again(tmp_path: Path, who: str) -> None:
    """Whoever puts the lane back while the number stands there: residents come, and it is their display."""

    async def scene(bench: Bench, far: PtyFar) -> None:
        await bench.begin("vehicle_lane")
        await bench.do(STEP)
        assert re.match(r"\d{4} ", await on_display(bench, far))
        if who == "somebody else":
            back = SetOutOfService("Zhang Wei", afar=Afar("manager"), portal="vehicle_lane", out=False)
            bench.gate.controller.inbox.put(back, Rank.COMMAND, "network")
        else:
            await bench.ask(PauseTest(left=True, **WHO))
        await bench.gate.pass_time(SHOWN_S)
        assert bench.mode("vehicle_lane") is not Mode.OUT_OF_SERVICE
        last = far.received(1, 0.5).decode("gb18030")
        assert last, "it was written to"
        assert not re.search(r"\d", last)
        assert bench.entry(STEP).stage is Stage.WAITING, "half a step proves nothing"

    with_display(tmp_path, scene)


@pytest.mark.attack("selftest-16")
def test_a_controller_that_is_killed_while_a_number_stands_there_has_it_away_at_its_start(tmp_path: Path) -> None:
    async def scene(bench: Bench, far: PtyFar) -> None:
        await bench.begin("vehicle_lane")
        await bench.do(STEP)
        assert re.match(r"\d{4} ", await on_display(bench, far))
        await bench.gate.pass_time(2)  # the run is saved with it
        await bench.gate.power_off()
        await bench.gate.power_on()
        await bench.gate.pass_time(SHOWN_S)
        last = far.received(1, 0.5).decode("gb18030")
        assert last, "it was written to"
        assert not re.search(r"\d", last)
        assert bench.entry(STEP).stage is Stage.WAITING, "half a step proves nothing"
        assert bench.entry(STEP).watch.questions == ()

    with_display(tmp_path, scene)
