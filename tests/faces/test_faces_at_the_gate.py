"""From the card to the face to the door, through the whole controller: who is looked at, when, and what opens."""

from __future__ import annotations

import asyncio

import pytest

from drivers.sights import Sight
from firmware.core.codes import Code, Reason
from firmware.faces.steps import Step
from firmware.messages import WithdrawFace
from tests.desk.at_desk import at_desk
from tests.faces.people import NOON_S, WHO, enrol, site_with_faces, with_face_camera

CAMERA, READER = "front_camera", "front_reader"
BOX = (0.4, 0.3, 0.6, 0.6)


class Looking:
    """Whoever looks through the camera, as the vision process does; keeps what it was asked."""

    def __init__(self, gate) -> None:
        self.gate = gate
        self.asked: list = []
        gate.sights.on_compare = lambda camera, comparison: self.asked.append((camera, comparison))

    async def sees(self) -> None:
        while True:
            self.gate.sights.state(CAMERA, "", {"frames": 1})
            await asyncio.sleep(1)

    async def recognises(self, face: str, *, age_ms: int = 0) -> None:
        at_ns = round(asyncio.get_running_loop().time() * 1e9) - age_ms * 1_000_000
        self.gate.sights.seen(CAMERA, Sight("face", face, 0.95, 0.97, 3, at_ns, "unknown", BOX, "", 1))
        await self.gate.pass_time(0.5)

    @property
    def holders(self) -> list:
        """Whose templates were sent, ask by ask; None: forgotten."""
        return [None if one is None else [face for face, _ in one.faces] for _, one in self.asked]

    async def granted(self) -> list:
        return [row.event.body.holder for row in await self.gate.events(Code.GRANTED)]


def at_door(folder, scenario, accept='[["card", "face"]]', **site):
    async def run(gate, person):
        look = Looking(gate)
        task = asyncio.create_task(look.sees())
        await gate.pass_time(2)
        try:
            return await scenario(look, person)
        finally:
            task.cancel()

    return at_desk(folder, run, with_face_camera(site_with_faces(folder / "site", **site), accept))


def test_the_face_of_whoever_held_the_card_opens(tmp_path):
    async def scenario(look, person):
        await person.ask(enrol("resident", 7))
        await look.gate.present("resident", READER)
        asked = look.holders
        await look.recognises("face-resident")
        events = await look.gate.events(Code.GRANTED)
        return asked, look.holders, events[-1].event, look.gate.sights.comparisons

    asked, after, granted, still = at_door(tmp_path, scenario)
    assert asked == [["face-resident"]], "the templates of this holder, and of nobody else"
    assert after == [["face-resident"], None], "and nobody is asked for any more"
    assert still == {}
    assert granted.body.holder == "resident"
    assert "factors_complete:card+face" in granted.reasons


@pytest.mark.attack("face-17")
def test_a_face_that_nobody_asked_for_is_nobodys_and_opens_nothing(tmp_path):
    """A vision process that was taken over says faces as it likes: without a card, of another holder, and too late."""

    async def scenario(look, person):
        await person.ask(enrol("resident", 7))
        await person.ask(enrol("neighbour", 8))
        await look.recognises("face-resident")  # no card
        await look.gate.present("resident", READER)
        await look.recognises("face-neighbour")  # somebody else's face
        await look.recognises("face-resident", age_ms=2_000)  # seen before the card came
        opened = await look.granted()
        await look.gate.pass_time(12)
        await look.recognises("face-resident")  # the reader waits no more
        return opened, await look.granted(), await look.gate.events(Code.UNKNOWN_CREDENTIAL), look.holders

    opened, after, unknown, holders = at_door(tmp_path, scenario)
    assert opened == after == []
    assert len(unknown) >= 2
    assert all(row.event.body.holder is None for row in unknown)
    assert holders == [["face-resident"], None]


@pytest.mark.attack("face-18")
def test_whoever_is_not_enrolled_or_withdrew_is_not_looked_at(tmp_path):
    async def scenario(look, person):
        await person.ask(enrol("resident", 7))
        await look.gate.present("neighbour", READER)
        nobody = look.holders
        await look.gate.pass_time(12)
        await look.gate.present("resident", READER)
        await person.ask(WithdrawFace(holder="resident", **WHO))
        await look.recognises("face-resident")
        forgotten = look.holders
        await look.gate.pass_time(12)
        await look.gate.present("resident", READER)
        return nobody, forgotten, look.holders, await look.granted()

    nobody, forgotten, holders, granted = at_door(tmp_path, scenario)
    assert nobody == []
    assert forgotten == [["face-resident"], None], "in the middle of it, too"
    assert holders == forgotten
    assert granted == []


def test_a_consent_that_ends_while_the_reader_waits_ends_the_ask(tmp_path):
    async def scenario(look, person):
        await person.ask(enrol("resident", 7, expires_s=NOON_S + 20))
        now_s = look.gate.controller.clock.utc_s()
        await look.gate.pass_time(NOON_S + 20 - now_s - 2)
        await look.gate.present("resident", READER)
        asked = look.holders
        await look.gate.pass_time(4)
        await look.recognises("face-resident")
        return asked, look.holders, await look.granted()

    assert at_door(tmp_path, scenario) == ([["face-resident"]], [["face-resident"], None], [])


def test_cards_of_others_and_other_doors_go_on_while_a_face_is_waited_for(tmp_path):
    async def scenario(look, person):
        await person.ask(enrol("resident", 7))
        await look.gate.present("resident", READER)
        await look.gate.present("neighbour", "hall_in_reader")
        return await look.granted()

    assert at_door(tmp_path, scenario) == ["neighbour"]


def test_where_an_access_point_asks_for_it_the_steps_are_drawn_anew_each_time(tmp_path):
    async def scenario(look, person):
        await person.ask(enrol("resident", 7))
        for _ in range(8):
            await look.gate.present("resident", READER)
            await look.gate.pass_time(12)
        return [one.steps for _, one in look.asked if one is not None]

    steps = at_door(tmp_path, scenario, more='challenge = ["front_in"]\n')
    assert len(steps) == 8
    assert all(len(each) == 3 and set(each) <= set(Step) for each in steps)
    assert len(set(steps)) > 1  # of ten orders, eight times: all alike once in ten million runs


@pytest.mark.attack("face-19")
def test_one_of_many_is_refused_by_what_was_measured_and_people_are_told_the_bound(tmp_path):
    """The record of 46 pairs allows not one template; a site file that asks for it is refused by `menshen check`."""
    from firmware.config import load
    from firmware.controller.check import check
    from firmware.faces.likeness import EMBEDDER
    from firmware.faces.one_of_many import WHAT

    site = with_face_camera(
        site_with_faces(tmp_path / "site", more='one_of_many = ["front_in"]\nevaluation = "record.json"\n'),
        '[["face"], ["card", "face"]]',
    )
    record = (
        f'{{"what": "{WHAT}", "embedder": "{EMBEDDER}", "threshold": 0.5, "pairs_different": %d, "false_matches": 0}}'
    )
    (site.parent / "record.json").write_text(record % 46)
    problems = {each.path: str(each.values) for each in check(site).problems}
    assert set(problems) == {"faces.one_of_many"}
    assert "46 pairs" in problems["faces.one_of_many"]
    assert "0.063" in problems["faces.one_of_many"]
    for serves, other, said in (("0.5,", "0.4,", "threshold"), (EMBEDDER, "cd" * 32, "other weights")):
        (site.parent / "record.json").write_text((record % 12_000).replace(serves, other))
        assert said in str(next(iter(check(site).problems)).values)
    (site.parent / "record.json").write_text(record % 12_000)  # of four templates: three are one holder's
    assert check(site).problems == ()
    assert load(site)[1] == []

    async def scenario(gate, person):
        look = Looking(gate)
        await person.ask(enrol("resident", 7))
        await gate.pass_time(3)
        one = look.holders
        await person.ask(enrol("neighbour", 8))
        await gate.pass_time(40)
        refused = await gate.events(Code.FACE_REFUSED)
        return one, look.holders[-1], [row.event.detail for row in refused]

    one, last, refused = at_desk(tmp_path, scenario, site)
    assert one == [["face-resident"]]
    assert last is None, "two holders have six templates: too many for what was measured"
    assert len(refused) == 1
    assert "12000 pairs" in refused[0]
    assert "times 6 templates" in refused[0]


def test_reasons_are_told_in_both_languages():
    from firmware.texts import texts

    for language in ("en", "zh"):
        said = texts(language)
        for reason in Reason:
            if reason.value.startswith("face"):
                assert said.reason(reason.value)
