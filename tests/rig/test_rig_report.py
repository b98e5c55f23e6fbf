"""The rig's report: one table of everything that ran, and nothing that went wrong is left out."""

from __future__ import annotations

import json
import threading

from tests.rig.debian import RigError
from tests.rig.machine import Result
from tests.rig.report import Outcome, as_json, table
from tests.rig.run import all_done, scripts


def result(**words: object) -> Result:
    made = Result("smoke")
    made.take({"check": "one is one", "ok": True, "found": None})
    made.take({"figure": "bits lost", "value": 0.0, "unit": "bits"})
    made.take({"ended": 0, "took_s": 12.5} | words)
    return made


def test_a_part_that_went_well_has_its_row_and_its_figures():
    told = table([Outcome.of(result(), 3.4)])
    assert told[1].split() == ["smoke", "ok", "1", "3", "s", "12", "s"]
    assert any(line.split() == ["bits", "lost", "0", "bits"] for line in told)
    assert not any("FAIL" in line for line in told)


def test_whatever_went_wrong_is_told():
    refuted = result()
    refuted.take({"check": "two is one", "ok": False, "found": "2"})
    for wrong, said in (
        (refuted, "two is one: 2"),
        (result(ended=None), "took longer than it may"),
        (result(ended=-9), "ended with status -9"),
        (Result("smoke"), "has checked nothing"),
    ):
        outcome = Outcome.of(wrong, 1.0)
        assert not outcome.ok
        assert any(said in line for line in table([outcome])), said
        assert any(said in line for line in as_json([outcome], 1.0)["parts"][0]["wrong"]), said


def test_programs_can_read_it():
    told = json.loads(json.dumps(as_json([Outcome.of(result(), 3.4), Outcome("power cuts", False, 20, 9.0)], 12.44)))
    assert told["ok"] is False
    assert told["took_s"] == 12.4
    assert told["parts"][0]["figures"] == [{"name": "bits lost", "value": 0.0, "unit": "bits"}]
    assert [part["name"] for part in told["parts"]] == ["smoke", "power cuts"]


def test_a_machine_that_breaks_keeps_no_other_from_its_end():
    both = threading.Barrier(2, timeout=10.0)

    def breaks(say: object) -> Outcome:
        both.wait()
        raise RigError("the machine ended before smoke:\nkernel panic")

    def goes_well(say: object) -> Outcome:
        both.wait()
        return Outcome("stop", True, 4, 1.0)

    said: list[str] = []
    done = list(all_done([("smoke", breaks), ("stop", goes_well)], 2, said.append))
    assert [each.name for each in done] == ["smoke", "stop"]
    assert [each.ok for each in done] == [False, True]
    assert done[0].wrong == ("the machine ended before smoke:", "kernel panic")
    assert "-- stop (2 of 2)" in said


def test_every_script_is_found():
    assert {"smoke", "gpio_bus", "controller", "frames", "stop"} <= set(scripts())
