"""`menshen check` about faces: off unless switched on, never all that one needs, one of many only where measured."""

from __future__ import annotations

import re

import pytest

from firmware.controller.check import check
from firmware.texts import texts
from tests.config.face_mistakes import MISTAKES
from tests.faces.people import site_with_faces, with_face_camera


@pytest.mark.parametrize(("on", "more", "accept", "problems"), MISTAKES)
def test_what_is_wrong_about_faces_is_named_at_its_place_in_both_languages(tmp_path, on, more, accept, problems):
    site = with_face_camera(site_with_faces(tmp_path / "site", on=on, more=more), accept)
    found = check(site).problems
    assert {re.sub(r"(portal|device)\[\d+\]", r"\1[*]", each.path): each.rule for each in found} == problems
    for language in ("en", "zh"):
        assert all(each.line(texts(language)).isprintable() for each in found)


def test_a_face_after_the_card_where_faces_are_on_is_no_problem(tmp_path):
    assert check(with_face_camera(site_with_faces(tmp_path / "site"))).problems == ()
