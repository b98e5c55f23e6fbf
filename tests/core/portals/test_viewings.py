"""Looking through cameras, told by the core: an event for each camera, with who and why; and it moves nothing."""

from __future__ import annotations

import pytest

from firmware.core.codes import Code, Reason
from firmware.core.effects import Record
from firmware.core.facts import CameraViewed
from firmware.core.site import Site
from firmware.core.state import initial
from firmware.core.step import step
from firmware.core.viewing_facts import Viewing

WHO = {"address": "10.0.0.7", "purpose": "a vehicle stands there"}


def told(fact: CameraViewed) -> tuple[Record, ...]:
    before = initial(Site("s"))
    after, effects = step(before, 1_000, fact)
    assert after == before
    assert all(isinstance(effect, Record) for effect in effects)
    return effects


@pytest.mark.parametrize(("viewing", "code"), [("begun", Code.VIEWING_BEGUN), ("ended", Code.VIEWING_ENDED)])
def test_each_camera_has_its_event_with_who_and_why(viewing: str, code: Code) -> None:
    cameras = ("lane_camera", "front_camera")
    effects = told(CameraViewed("Li Wei", "r1", viewing=Viewing(viewing), cameras=cameras, detail="5 min", **WHO))
    assert [effect.event.device for effect in effects] == list(cameras)
    for effect in effects:
        assert (effect.event.code, effect.event.request, effect.event.detail) == (code, "r1", "5 min")
        body = effect.event.body
        assert (body.issuer, body.address, body.note) == ("Li Wei", "10.0.0.7", "a vehicle stands there")


def test_a_refusal_keeps_its_reasons() -> None:
    (effect,) = told(
        CameraViewed("Li Wei", "r1", viewing=Viewing.REFUSED, cameras=("x",), reasons=("viewing_off",), **WHO)
    )
    assert (effect.event.code, effect.event.reasons) == (Code.COMMAND_REFUSED, ("viewing_off",))


@pytest.mark.parametrize("wanting", [{"issuer": ""}, {"cameras": ()}, {"purpose": ""}])
def test_without_a_name_a_camera_or_a_purpose_nobody_looks(wanting: dict[str, object]) -> None:
    fields = {"issuer": "Li Wei", "request": "r1", "viewing": Viewing.BEGUN, "cameras": ("x",), **WHO} | wanting
    (effect,) = told(CameraViewed(**fields))
    assert (effect.event.code, effect.event.reasons) == (Code.COMMAND_REFUSED, (Reason.NOT_ALLOWED,))


def test_nothing_of_it_grows_without_bound() -> None:
    fact = CameraViewed(
        "n" * 999,
        "r1",
        viewing=Viewing.BEGUN,
        cameras=("x",) * 99,
        address="a" * 999,
        purpose="p" * 999,
        detail="d" * 999,
    )
    effects = told(fact)
    assert len(effects) == 16
    body = effects[0].event.body
    assert max(len(body.issuer), len(body.address)) <= 64
    assert len(body.note) == 200
    assert len(effects[0].event.detail) == 100
