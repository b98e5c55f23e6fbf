"""One step of a self-test: it passes on exactly the expected edge and its counter edge, and fails on all else."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from firmware.config import load
from firmware.controller.reset_button import HELD_S
from firmware.core.wiring import wire
from firmware.selftest import watching
from firmware.selftest.machine import STEP, Stage, Trigger
from firmware.selftest.steps import Deed, Step, Task, steps_of, uncovered
from firmware.selftest.watching import (
    ASK_MS,
    EDGES_MAX,
    SETTLE_MS,
    Question,
    Scope,
    Seen,
    Watch,
    answered,
    begin,
    due,
    observed,
    on,
)

SITE = Path(__file__).parents[2] / "provisioning" / "sites" / "community_gate.toml"
BUTTON = Step("press:rex", Task.PRESS, "rex", ("rex",), "door")
DOOR = Step("open:contact", Task.OPEN, "contact", ("contact",), "door", tolerates=("rex",), deed=Deed.OPEN_ONCE)
READER = Step("present:reader", Task.PRESENT, "reader", ("reader",), "door", has_way_back=False)
LAMP = Step("watch:lamp", Task.WATCH, "lamp", ("lamp",), "lane", word=True)
BARRIER = Step("move:lane", Task.MOVE, "down", ("is_down", "is_up"), "lane", tolerates=("loop",))
IN_TEST = Scope(frozenset({"rex", "contact", "reader", "second_reader", "lamp", "tamper", "is_up", "is_down", "loop"}))
REST = {
    "rex": "inactive",
    "contact": "inactive",
    "reader": "quiet",
    "lamp": "off",
    "is_down": "inactive",
    "is_up": "active",
}

Say = tuple[int, str, str]


def play(step: Step, *said: Say, until_ms: int = 0, rest: dict[str, str] = REST) -> Watch:
    """Begin at 1,000 and observe each (ms after that, device, word); then let time pass, deadline by deadline."""
    watch = begin(step, Watch(), 1_000, rest)
    for at_ms, device, word in said:
        watch = pass_time(step, watch, 1_000 + at_ms)
        watch = observed(step, watch, 1_000 + at_ms, Seen(device, word), IN_TEST)
    return pass_time(step, watch, 1_000 + max(until_ms, said[-1][0] if said else 0))


def pass_time(step: Step, watch: Watch, until_ms: int) -> Watch:
    for _ in range(8):
        if watch.until_ms is None or watch.until_ms > until_ms:
            break
        watch = due(step, watch, watch.until_ms)
    return watch


def pressed(at_ms: int, device: str = "rex", for_ms: int = 300) -> tuple[Say, Say]:
    return (at_ms, device, "active"), (at_ms + for_ms, device, "inactive")


def test_a_button_that_is_pressed_and_let_go_passes_once_it_stays_so() -> None:
    there = play(BUTTON, *pressed(2_000))
    assert there.stage is Stage.SETTLING
    assert play(BUTTON, *pressed(2_000), until_ms=2_299 + SETTLE_MS).stage is Stage.SETTLING
    done = play(BUTTON, *pressed(2_000), until_ms=2_300 + SETTLE_MS)
    assert (done.stage, done.why, done.names, done.said) == (Stage.PASSED, "", (), False)
    assert done.seen == ("2000 rex active", "2300 rex inactive")


@pytest.mark.attack("selftest-01")
def test_a_swapped_wire_fails_and_names_which_one_moved() -> None:
    done = play(BUTTON, *pressed(2_000, "contact"), until_ms=90_000)
    assert (done.stage, done.why, done.names) == (Stage.FAILED, "other", ("contact",))
    other = play(READER, (2_000, "second_reader", "read"), until_ms=90_000)
    assert (other.stage, other.why, other.names) == (Stage.FAILED, "other", ("second_reader",))


@pytest.mark.parametrize("first", ["rex", "contact"])
@pytest.mark.parametrize("apart_ms", [0, 20, 300])
def test_two_that_move_together_fail_whichever_comes_first(first: str, apart_ms: int) -> None:
    second = "contact" if first == "rex" else "rex"
    done = play(BUTTON, (2_000, first, "active"), (2_000 + apart_ms, second, "active"), until_ms=90_000)
    assert (done.stage, done.why, done.names) == (Stage.FAILED, "both", ("contact",))


def test_what_moves_after_it_is_back_counts_against_it_until_it_has_settled() -> None:
    done = play(BUTTON, *pressed(2_000), (2_400, "contact", "active"), until_ms=90_000)
    assert (done.stage, done.why) == (Stage.FAILED, "both")
    late = play(BUTTON, *pressed(2_000), (2_301 + SETTLE_MS, "contact", "active"), until_ms=90_000)
    assert late.stage is Stage.PASSED


def test_silence_fails_and_what_comes_later_changes_nothing() -> None:
    done = play(BUTTON, *pressed(BUTTON.listen_ms), until_ms=2 * BUTTON.listen_ms)
    assert (done.stage, done.why, done.names) == (Stage.FAILED, "nothing", ())
    just = play(BUTTON, *pressed(BUTTON.listen_ms - 1), until_ms=2 * BUTTON.listen_ms)
    assert just.stage is Stage.PASSED


def test_what_moves_elsewhere_meanwhile_is_named_only_where_nothing_else_came() -> None:
    """A resident opens another door: that is no fault, but it is worth a look where the step heard nothing."""
    done = play(BUTTON, *pressed(2_000, "neighbour"), until_ms=90_000)
    assert (done.stage, done.why, done.names) == (Stage.FAILED, "elsewhere", ("neighbour",))
    assert play(BUTTON, *pressed(2_000, "neighbour"), *pressed(4_000), until_ms=90_000).stage is Stage.PASSED
    beside = play(
        BUTTON, (2_000, "neighbour", "active"), (2_010, "rex", "active"), (2_900, "rex", "inactive"), until_ms=9_000
    )
    assert beside.stage is Stage.PASSED, "one edge at the same time is chance"


def test_a_wire_that_is_joined_to_another_portals_is_found_by_both_its_edges() -> None:
    joined = [
        (2_000, "rex", "active"),
        (2_010, "neighbour", "active"),
        (2_400, "neighbour", "inactive"),
        (2_410, "rex", "inactive"),
    ]
    done = play(BUTTON, *joined, until_ms=90_000)
    assert (done.stage, done.why, done.names) == (Stage.FAILED, "both", ("neighbour",))


def test_an_edge_without_its_counter_edge_fails_as_stuck() -> None:
    done = play(BUTTON, (2_000, "rex", "active"), until_ms=2_000 + BUTTON.back_ms)
    assert (done.stage, done.why, done.names) == (Stage.FAILED, "stuck", ("rex",))


def test_a_contact_that_bounces_for_long_fails_and_a_hand_that_slips_does_not() -> None:
    slips = [one for n in range(3) for one in pressed(2_000 + 400 * n, for_ms=200)]
    assert play(BUTTON, *slips, until_ms=90_000).stage is Stage.PASSED
    assert play(READER, (2_000, "reader", "read"), (2_300, "reader", "read")).stage is Stage.SETTLING
    assert play(BARRIER, (5_000, "is_up", "inactive"), (9_000, "is_down", "active")).edges == 2
    assert play(BUTTON, *pressed(2_000), (2_350, "rex", "inactive")).edges == 2, "told twice is no edge"
    loose = [one for n in range(EDGES_MAX) for one in pressed(2_000 + 100 * n, for_ms=50)]
    done = play(BUTTON, *loose, until_ms=90_000)
    assert (done.stage, done.why) == (Stage.FAILED, "bounce")


@pytest.mark.parametrize("word", ["lost", "open", "short", "fault", "failed", "unknown"])
def test_what_is_lost_or_unhealthy_fails_before_it_begins_and_while_it_runs(word: str) -> None:
    before = play(BUTTON, rest=REST | {"rex": word})
    assert (before.stage, before.why) == (Stage.FAILED, f"{word}:rex")
    meanwhile = play(BUTTON, (2_000, "rex", "active"), (2_100, "rex", word), until_ms=90_000)
    assert (meanwhile.stage, meanwhile.why) == (Stage.FAILED, f"{word}:rex")


def test_a_reader_passes_by_one_reading_and_fails_by_noise() -> None:
    assert play(READER, (2_000, "reader", "read"), until_ms=2_000 + SETTLE_MS).stage is Stage.PASSED
    noisy = play(READER, (2_000, "reader", "noise"), until_ms=90_000)
    assert (noisy.stage, noisy.why) == (Stage.FAILED, "noise:reader")


def test_a_door_tolerates_its_own_detector_and_no_other_input() -> None:
    through = [
        (1_000, "rex", "active"),
        (2_000, "contact", "active"),
        (3_000, "rex", "inactive"),
        (6_000, "contact", "inactive"),
    ]
    assert play(DOOR, *through, until_ms=90_000).stage is Stage.PASSED
    assert play(DOOR, *through[:3], (3_500, "tamper", "active"), until_ms=90_000).why == "both"


def test_a_barrier_passes_only_by_both_its_limits() -> None:
    opens = [
        (5_000, "is_up", "inactive"),
        (9_000, "is_down", "active"),
        (9_500, "loop", "active"),
        (40_000, "is_down", "inactive"),
    ]
    whole = play(BARRIER, *opens, (45_000, "is_up", "active"), until_ms=200_000)
    assert whole.stage is Stage.PASSED
    stuck = play(BARRIER, (5_000, "is_up", "inactive"), (9_000, "is_up", "active"), until_ms=200_000)
    assert (stuck.stage, stuck.why, stuck.names) == (Stage.FAILED, "partly", ("is_down",))
    away = play(BARRIER, *opens, until_ms=200_000)
    assert (away.stage, away.why, away.names) == (Stage.FAILED, "stuck", ("is_up",))


def test_a_lamp_needs_its_command_and_the_persons_word() -> None:
    held = [(2_000, "lamp", "on"), (4_000, "lamp", "off")]
    asked = play(LAMP, *held, until_ms=4_000 + SETTLE_MS)
    assert asked.stage is Stage.ASKING
    now_ms = 1_000 + 5_000 + SETTLE_MS
    yes = on(LAMP, asked, Trigger.YES, now_ms)
    assert (yes.stage, yes.said) == (Stage.PASSED, True)
    no = on(LAMP, asked, Trigger.NO, now_ms)
    assert (no.stage, no.why) == (Stage.FAILED, "said_no")
    silent = due(LAMP, asked, now_ms + ASK_MS)
    assert (silent.stage, silent.why) == (Stage.FAILED, "no_word")
    unlit = begin(LAMP, Watch(), 1_000, REST)
    assert on(LAMP, unlit, Trigger.YES, 2_000).stage is Stage.LISTENING, "a word alone proves nothing"


def test_a_display_needs_a_yes_to_what_it_shows_and_a_no_to_what_it_does_not() -> None:
    """More of it in test_displays.py."""
    sign = Step("display:sign", Task.DISPLAY, "sign", ("sign",), "lane", has_way_back=False, word=True)
    twice = (Question("1234", "1234"), Question("5678", "9123"))
    shown = begin(sign, Watch(), 1_000, {"sign": "quiet"}, twice)
    assert (shown.stage, shown.until_ms, shown.question) == (Stage.ASKING, 1_000 + ASK_MS, twice[0])
    second = answered(sign, shown, 5_000, True)
    assert (second.stage, second.until_ms, second.question) == (Stage.ASKING, 5_000 + ASK_MS, twice[1])
    done = answered(sign, second, 9_000, False)
    assert (done.stage, done.said, done.until_ms) == (Stage.PASSED, True, None)
    blind = answered(sign, second, 9_000, True)
    assert (blind.stage, blind.why, blind.until_ms) == (Stage.FAILED, "blind", None)


def test_stopping_forgets_the_half_step_and_beginning_again_counts_the_try() -> None:
    half = play(BUTTON, (2_000, "rex", "active"))
    stopped = on(BUTTON, half, Trigger.STOP, 4_000)
    assert (stopped.stage, stopped.seen, stopped.tries) == (Stage.WAITING, (), 1)
    again = begin(BUTTON, stopped, 5_000, REST | {"rex": "active"})
    assert (again.stage, again.tries) == (Stage.LISTENING, 2)
    assert begin(BUTTON, again, 6_000, REST) == again, "it runs already"


# -- the table --------------------------------------------------------------------------------------------------------

SCENES: list[Callable[[], object]] = [
    value for name, value in list(globals().items()) if name.startswith("test_") and not hasattr(value, "pytestmark")
]


def outcome(scenes: Iterable[Callable[[], object]]) -> bool:
    """Whether all of them hold."""
    for scene in scenes:
        try:
            scene()
        except Exception:  # noqa: BLE001 - a mutant may break anything
            return False
    return True


def extra() -> None:
    """Rows that no scene above needs: what a person and the core say at each stage."""
    test_a_swapped_wire_fails_and_names_which_one_moved()
    for first, apart_ms in itertools.product(("rex", "contact"), (0, 20, 300)):
        test_two_that_move_together_fail_whichever_comes_first(first, apart_ms)
    test_what_is_lost_or_unhealthy_fails_before_it_begins_and_while_it_runs("lost")
    listening = play(BUTTON)
    accused = play(BUTTON, (2_000, "contact", "active"))
    moved = play(BUTTON, (2_000, "rex", "active"))
    settling = play(BUTTON, *pressed(2_000))
    asking = play(LAMP, (2_000, "lamp", "on"), (4_000, "lamp", "off"), until_ms=5_000 + SETTLE_MS)
    for step, watch in ((BUTTON, listening), (BUTTON, accused), (BUTTON, moved), (BUTTON, settling), (LAMP, asking)):
        refused = on(step, watching.replace(watch, why="core:fire"), Trigger.REFUSED, 9_000)
        assert (refused.stage, refused.why, refused.until_ms) == (Stage.FAILED, "core:fire", None)
        skipped = on(step, watch, Trigger.SKIP, 9_000)
        assert (skipped.stage, skipped.until_ms) == (Stage.SKIPPED, None)
        forgotten = on(step, watch, Trigger.STOP, 9_000)
        assert forgotten == Watch(tries=1)
        lost = observed(step, watch, 4_900, Seen(step.device, "lost"), IN_TEST)
        assert (lost.stage, lost.why, lost.until_ms) == (Stage.FAILED, f"lost:{step.device}", None)
    assert on(BUTTON, Watch(), Trigger.SKIP, 1).stage is Stage.SKIPPED
    failed = play(BUTTON, until_ms=90_000)
    assert on(BUTTON, failed, Trigger.SKIP, 1).stage is Stage.SKIPPED
    passed = play(BUTTON, *pressed(2_000), until_ms=9_000)
    for over in (failed, passed, on(BUTTON, Watch(), Trigger.SKIP, 1)):
        assert begin(BUTTON, over, 1, REST).stage is Stage.LISTENING
    twice = play(BUTTON, (2_000, "contact", "active"), (2_100, "tamper", "active"), until_ms=9_000)
    assert (twice.stage, twice.names) == (Stage.FAILED, ("contact", "tamper"))
    read = play(READER, (2_000, "second_reader", "read"), (2_100, "reader", "read"), until_ms=9_000)
    assert (read.stage, read.why) == (Stage.FAILED, "both")
    again = play(READER, (2_000, "reader", "read"), (2_300, "reader", "read"), until_ms=9_000)
    assert (again.stage, again.edges) == (Stage.PASSED, 2)
    loose = [one for n in range(EDGES_MAX) for one in pressed(2_000 + 60 * n, for_ms=30)][: EDGES_MAX + 1]
    assert play(BUTTON, *loose, until_ms=3_000).why == "bounce", "while it is away"


def test_every_row_of_the_table_is_needed() -> None:
    """Each row left out, and each led elsewhere: a scene has to notice."""
    assert outcome([*SCENES, extra])
    cells = dict(STEP.cells)
    survivors = []
    try:
        for row in STEP.rows:
            for mutant in (
                (row.state, ()),
                (Stage.PASSED if row.target is not Stage.PASSED else Stage.FAILED, row.actions),
            ):
                STEP.cells = cells | {(row.state, row.trigger): mutant}
                if outcome([*SCENES, extra]):
                    survivors.append(f"{row.state} + {row.trigger} -> {mutant[0]} {mutant[1]}")
    finally:
        STEP.cells = cells
    assert not survivors, "\n".join(survivors)


# -- the steps of a site ----------------------------------------------------------------------------------------------


def test_every_wire_of_the_demo_is_proven_by_a_step_or_said_to_be_left_out() -> None:
    config, _ = load(SITE)
    assert config is not None
    wiring = wire(config.site)
    portals = [portal.id for portal in config.site.portals]
    steps = steps_of(wiring, portals, {"lane_camera": "camera"}, site=True)
    assert len({step.id for step in steps}) == len(steps)
    used = {*wiring.inputs, *wiring.outputs, *wiring.lane_outputs, *wiring.posts}
    # Both move the bollards over people's heads: tested in sight, by R18's yearly test.
    assert uncovered(steps, used) == ("lane_emergency", "lane_fire_key")
    assert [step.id for step in steps if step.deed is Deed.OPEN_ONCE] == [
        *("open:front_contact", "open:bike_contact", "turn:hall_passage_in", "turn:hall_passage_out"),
        "move:vehicle_lane",
    ]


def test_of_one_door_only_its_own_wires_are_asked_for() -> None:
    config, _ = load(SITE)
    assert config is not None
    steps = steps_of(wire(config.site), ["bike_shed"], {})
    assert [step.id for step in steps] == ["present:bike_reader", "press:bike_rex", "open:bike_contact"]


def test_the_button_for_the_state_of_delivery_is_pushed_shortly_with_what_belongs_to_the_site() -> None:
    config, _ = load(SITE)
    assert config is not None
    wiring = wire(config.site)
    (push,) = [step for step in steps_of(wiring, [], {}, site=True, reset="button") if step.device == "button"]
    assert (push.id, push.portal, push.expects) == ("reset_button:button", "", ("button",))
    assert not [step for step in steps_of(wiring, ["bike_shed"], {}, reset="button") if step.device == "button"]
    rest = {"button": "inactive"}
    assert play(push, *pressed(2_000, "button"), until_ms=9_000, rest=rest).stage is Stage.PASSED
    held = play(push, *pressed(2_000, "button", for_ms=HELD_S[0] * 1_000 // 2), until_ms=20_000, rest=rest)
    assert (held.stage, held.why) == (Stage.FAILED, "stuck"), "long before the button does what it is for"
