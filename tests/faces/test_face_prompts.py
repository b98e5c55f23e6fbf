"""What a person before a camera is to do, from the vision process's word to the display and the OSDP reader there."""

from __future__ import annotations

import asyncio
from pathlib import Path

import osdp_sys
import pytest

from drivers.osdp_words import PROMPTS
from drivers.sights import Progress
from firmware.controller.check import check
from firmware.controller.signs import Signs
from firmware.core.codes import Code
from firmware.core.effects import Announce, Feedback
from firmware.faces.steps import CHALLENGE_MS, Prompt, Step, prompt_of
from firmware.rehearsal.virtual_time import run_virtual
from firmware.vision.challenge import STEP_NS_MAX
from tests.controller.test_signs import Sign
from tests.desk.at_desk import at_desk
from tests.drivers.osdp_rig import Rig, on_line
from tests.drivers.serial_far import PtyFar
from tests.faces.people import enrol, site_with_faces, with_face_camera, with_sign
from tests.faces.test_faces_at_the_gate import CAMERA, READER, Looking

WAITS = Announce("sign", Feedback.NEXT_FACTOR, "", "reader")
IDLE = Announce("sign", Feedback.IDLE, "", "reader")
GRANTED = Announce("sign", Feedback.GRANTED, "", "reader")


def shown(*told: Announce | Prompt | float) -> list[tuple[str, ...]]:
    """What a display shows: announcements, prompts of 6 s, pauses in seconds."""
    sign = Sign("en")

    async def run() -> None:
        signs = Signs({"sign": sign}, "en")
        for each in told:
            if isinstance(each, Announce):
                signs.announce(each)
            elif isinstance(each, Prompt):
                signs.prompt("sign", each, 6.0)
                signs.prompt("nobody", each, 6.0)
            else:
                await asyncio.sleep(each)

    run_virtual(run())
    return sign.rows


def test_a_prompt_stands_until_the_next_one_the_outcome_or_its_time():
    waits, look, blink, welcome = ("Card or PIN",), ("Look at camera",), ("Blink",), ("Welcome",)
    assert shown(WAITS, Prompt.LOOK, 3.0, Prompt.BLINK, 1.0, GRANTED) == [waits, look, blink, welcome]
    assert shown(WAITS, Prompt.LOOK, 4.0, Prompt.BLINK, 5.0) == [waits, look, blink]
    assert shown(WAITS, Prompt.LOOK, 7.0) == [waits, look, waits], "the vision process has died: what stood there"
    assert shown(IDLE, Prompt.BLINK, 7.0) == [(), blink, ()]
    assert shown(GRANTED, 1.0, IDLE, Prompt.LOOK, 7.0) == [welcome, look, ()], "somebody else comes right after"
    assert shown(WAITS, Prompt.LOOK, IDLE, 7.0) == [waits, look, ()]


def test_the_words_of_drivers_and_steps_are_the_same():
    assert set(PROMPTS) == {each.value for each in Prompt}
    assert [prompt_of(step) for step in ("", *Step)] == [Prompt.LOOK, Prompt.BLINK, Prompt.LEFT, Prompt.RIGHT]
    with pytest.raises(ValueError, match="dance"):
        prompt_of("dance")


def rows_of(port: PtyFar) -> list[list[str]]:
    """Every picture that the display was given since the last time."""
    taken = b""
    with asyncio.get_running_loop().external():
        while more := port.received(1, 0.2):
            taken += more
    rows = [row.rstrip() for row in taken.decode("gb18030").split("\r\n")[:-1]]
    return [[row for row in rows[at : at + 4] if row] for at in range(0, len(rows), 4)]


def at_sign(folder: Path, scenario):
    """The front door with a camera, a display and a challenge; the resident is enrolled."""
    port = PtyFar()
    site = with_face_camera(site_with_faces(folder / "site", more='challenge = ["front_in"]\n'))

    async def run(gate, person):
        look = Looking(gate)
        task = asyncio.create_task(look.sees())
        await gate.pass_time(2)
        await person.ask(enrol("resident", 7))
        rows_of(port)
        try:
            return await scenario(look, port)
        finally:
            task.cancel()

    try:
        return at_desk(folder, run, with_sign(site, port.path))
    finally:
        port.pull()


async def present(look: Looking) -> None:
    """The card, and time for the display: it is written to twice a second at the most."""
    await look.gate.present("resident", READER)
    await look.gate.pass_time(0.6)


async def progress(look: Looking, port: PtyFar, **said) -> list[list[str]]:
    """What the display was given when the vision process said this of the newest ask."""
    ask = next(one.ask for _, one in reversed(look.asked) if one is not None)
    look.gate.sights.on_progress(CAMERA, Progress(**({"ask": ask} | said)))
    await look.gate.pass_time(0.6)
    return rows_of(port)


def test_each_step_is_shown_in_both_languages_and_the_outcome_after_it(tmp_path):
    async def scenario(look, port):
        await present(look)
        seen = [rows_of(port)[-1]]
        for step in ("left", "", "blink"):
            seen += await progress(look, port, step=step)
        await look.recognises("face-resident")
        await look.gate.pass_time(0.6)
        seen += rows_of(port)[-1:]
        await progress(look, port, over=True)
        return seen, await look.granted()

    seen, granted = at_sign(tmp_path, scenario)
    assert seen == [
        ["请正视摄像头", "Look at camera"],
        ["请向左转头", "Turn head left"],
        ["请正视摄像头", "Look at camera"],
        ["请眨眨眼", "Blink"],
        ["欢迎通行", "Welcome"],
    ]
    assert granted == ["resident"]


def test_a_challenge_that_failed_is_said_and_the_card_begins_another_one(tmp_path):
    async def scenario(look, port):
        await present(look)
        rows_of(port)
        seen = await progress(look, port, over=True, why="wrong")
        await look.gate.pass_time(2)
        await present(look)
        rows_of(port)
        asks = [one.ask for _, one in look.asked if one is not None]
        stale = await progress(look, port, ask=asks[0], step="left")
        odd = await progress(look, port, step="dance")
        right = await progress(look, port, step="right")
        await look.recognises("face-resident")
        return seen, len(set(asks)), stale, odd, right, await look.granted()

    seen, asks, stale, odd, right, granted = at_sign(tmp_path, scenario)
    assert seen == [["未识别请重试", "Not recognised"]]
    assert asks == 2
    assert stale == odd == [], "of an ask that is over, and a word that is none"
    assert right == [["请向右转头", "Turn head right"]]
    assert granted == ["resident"]


@pytest.mark.attack("face-25")
def test_a_vision_process_that_was_taken_over_writes_on_no_display_where_nobody_waits(tmp_path):
    async def scenario(look, port):
        look.gate.sights.on_progress(CAMERA, Progress("any", "left"))
        await look.gate.present("neighbour", READER)  # not enrolled: nobody is asked for
        rows_of(port)
        look.gate.sights.on_progress(CAMERA, Progress("any", "left"))
        look.gate.sights.on_progress("another", Progress("any", "", over=True, why="late"))
        await look.gate.pass_time(1)
        return rows_of(port), await look.gate.events(Code.GRANTED)

    assert at_sign(tmp_path, scenario) == ([], [])


def test_check_wants_something_that_shows_the_steps_and_time_for_them(tmp_path):
    """The planted mistakes stand in tests/config/face_mistakes.py; here is what is right, and the edge of it."""
    assert CHALLENGE_MS * 1_000_000 == 4 * STEP_NS_MAX, "three steps, and looking straight ahead before"
    for factor_ms, rules in ((CHALLENGE_MS, []), (CHALLENGE_MS - 1, ["faces_challenge_time"])):
        folder = tmp_path / str(factor_ms)
        site = with_face_camera(site_with_faces(folder, more='challenge = ["front_in"]\n'))
        assert [each.rule for each in check(with_sign(site, factor_ms=factor_ms)).problems] == rules


def test_an_osdp_reader_says_a_prompt_in_its_own_text_beeps_and_is_silent_after_the_outcome(tmp_path):
    text = {"face_look": "Look here", "face_left": "Turn left"}

    async def scenario(rig: Rig) -> None:
        await rig.secure()
        reader = rig.ours[1].driver
        for word in ("face_look", "face_left", "face_right", "granted"):  # it has no text for two of them
            reader.prompt(word)
        said = ["Look here", "Turn left"]
        await rig.peer.until(lambda _: texts(rig) == said)
        beeps = rig.peer.commands(1, osdp_sys.CMD_BUZZER)
        assert [(each["on_count"], each["rep_count"]) for each in beeps[-2:]] == [(1, 1), (1, 1)]
        reader.show("granted")
        await rig.peer.until(lambda _: texts(rig) == [*said, " "])
        reader.show("idle")
        await rig.presents(1)
        assert texts(rig) == [*said, " "]

    def texts(rig: Rig) -> list[str]:
        return [each["data"] for each in rig.peer.commands(1, osdp_sys.CMD_TEXT)]

    on_line(tmp_path, scenario, text=text)
