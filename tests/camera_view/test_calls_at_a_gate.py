"""A call at a whole gate, answered twice at the page: told once."""

from __future__ import annotations

import asyncio
from collections import Counter

from firmware.core.codes import Code
from tests.camera_view.rig import Person
from tests.camera_view.test_faces_at_the_page import faced

POINT = [("access_point", "front_in")]
ALL = (Code.CALLED, Code.CALL_ANSWERED, Code.CALL_ENDED, Code.COMMAND_REFUSED)


def test_a_second_tap_of_whoever_has_answered_writes_no_second_answer(tmp_path):
    async def run():
        async with faced(tmp_path) as rig:
            guard = await rig.person().log_in("guard")
            manager = await rig.person().log_in("manager")
            button = rig.gate.plants.switches["front_call"]
            button.set(True)
            await rig.until(lambda: rig.rows(Code.CALLED))
            button.set(False)

            async def tap(person: Person, path: str = "/call/answer") -> int:
                return (await person.post(path, POINT)).status

            token = await guard.token()
            twice = await asyncio.gather(
                *(guard.post("/call/answer", POINT, token=token) for _ in range(2))  # a double tap, both on their way
            )
            taps = [answer.status for answer in twice]
            taps += [await tap(guard), await tap(manager), await tap(manager), await tap(guard, "/call/end")]
            return taps, [(row.event.code, row.event.body and row.event.body.issuer) for row in rig.rows(*ALL)]

    taps, told = asyncio.run(run())
    assert taps == [303] * 6, "whoever taps again is told the same"
    assert Counter(told) == Counter(
        [
            (Code.CALLED, None),
            (Code.CALL_ANSWERED, "guard"),
            (Code.CALL_ANSWERED, "manager"),  # who has taken it over
            (Code.CALL_ENDED, "guard"),
        ]
    )
