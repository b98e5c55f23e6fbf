"""Bounds of measured rates, against published values, and the rule that allows one of many, or does not."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from firmware.faces import bounds, one_of_many
from firmware.faces.errors import OneOfManyRefused
from firmware.faces.likeness import EMBEDDER
from firmware.faces.one_of_many import Measured

MODEL = "ab" * 32


def record(**changes) -> Measured:
    made = {"what": one_of_many.WHAT, "embedder": MODEL, "threshold": 0.5, "pairs_different": 46, "false_matches": 0}
    return Measured(**(made | changes))


@pytest.mark.parametrize(
    ("errors", "of", "sure", "expected"),
    [
        # Two-sided 95 % intervals of Clopper and Pearson, as tables print them: their upper end is at 97.5 %.
        (10, 100, 0.975, 0.1762),
        (0, 10, 0.975, 0.3085),
        (1, 10, 0.975, 0.4450),
        (5, 10, 0.975, 0.8129),
        # Hanley and Lippman-Hand, 1983: nothing in n cases. One-sided 95 %.
        (0, 30, 0.95, 0.0950),
        (0, 300, 0.95, 0.0099),
    ],
)
def test_upper_bounds_are_those_of_the_tables(errors, of, sure, expected):
    assert bounds.upper(errors, of, sure) == pytest.approx(expected, abs=6e-5)


@pytest.mark.parametrize(("hits", "of", "expected"), [(10, 100, 0.0490), (1, 10, 0.0025), (10, 10, 0.6915)])
def test_lower_bounds_are_those_of_the_tables(hits, of, expected):
    assert bounds.lower(hits, of, 0.975) == pytest.approx(expected, abs=6e-5)


def test_without_errors_the_rule_of_three_comes_near_and_is_never_below():
    for of in (20, 46, 1_000, 3_000_000):
        assert bounds.upper(0, of) <= 3 / of
        assert bounds.upper(0, of) == pytest.approx(3 / of, rel=0.08)


def test_of_nothing_measured_nothing_is_known():
    assert bounds.upper(0, 0) == 1.0
    assert bounds.lower(0, 0) == 0.0
    with pytest.raises(ValueError, match="2 of 1"):
        bounds.upper(2, 1)


def test_a_bound_holds_what_it_promises():
    """At the bound itself so few errors are as likely as 5 %."""
    for errors, of in ((0, 46), (3, 500), (17, 20_000)):
        assert bounds.at_most(errors, of, bounds.upper(errors, of)) == pytest.approx(0.05, rel=1e-6)


@pytest.mark.attack("face-01")
def test_one_of_many_is_refused_while_it_is_not_measured_and_says_the_bound_and_its_pairs():
    with pytest.raises(OneOfManyRefused) as refused:
        one_of_many.admit(record(), 1, MODEL, 0.5)
    said = str(refused.value)
    assert "0 false matches in 46 pairs" in said
    assert "0.063" in said  # 1 - 0.05 ** (1 / 46)
    assert "2995 pairs" in said or "2,995" in said  # ln 0.05 / ln 0.999


def test_it_is_allowed_up_to_what_was_measured_and_not_one_template_further():
    measured = record(pairs_different=3_000_000)
    allowed = one_of_many.most(measured)
    assert allowed == 1_001  # 0.001 / (1 - 0.05 ** (1 / 3,000,000))
    assert "3000000 pairs" in one_of_many.admit(measured, allowed, MODEL, 0.5)
    with pytest.raises(OneOfManyRefused):
        one_of_many.admit(measured, allowed + 1, MODEL, 0.5)


def test_false_matches_count():
    with pytest.raises(OneOfManyRefused):
        one_of_many.admit(record(pairs_different=10_000, false_matches=10), 1, MODEL, 0.5)


@pytest.mark.attack("face-02")
def test_a_record_of_other_weights_another_threshold_or_too_few_pairs_allows_nothing_and_says_which():
    measured = record(pairs_different=10_000_000)
    with pytest.raises(OneOfManyRefused, match=f"other weights .*{MODEL[:12]}.*cdcdcdcdcdcd"):
        one_of_many.admit(measured, 1, "cd" * 32, 0.5)
    for other in (0.49, 0.51):  # figures at a looser threshold would hold, and still are not those in service
        with pytest.raises(OneOfManyRefused, match=f"threshold 0.500, in service is {other:.3f}"):
            one_of_many.admit(measured, 1, MODEL, other)
    with pytest.raises(OneOfManyRefused, match="enough for 333 templates, here are 334"):  # 1e-3 / (1 - 0.05 ** 1e-6)
        one_of_many.admit(record(pairs_different=1_000_000), 334, MODEL, 0.5)


def test_what_is_in_service_is_what_the_manifest_pins():
    """The controller may not import models: it knows the weights by their sha256 alone."""
    from models.manifest import manifest

    assert manifest()["face_embedder"].sha256 == EMBEDDER
    with pytest.raises(OneOfManyRefused, match="other weights"):
        one_of_many.admit(record(pairs_different=10_000_000), 1)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[" * 5_000,
        b"\xff\xfe",
        json.dumps({"what": "other"}).encode(),
        json.dumps(
            {"what": one_of_many.WHAT, "embedder": "x", "threshold": 0.5, "pairs_different": 1, "false_matches": 2}
        ).encode(),
        json.dumps(
            {"what": one_of_many.WHAT, "embedder": "x", "threshold": 0.5, "pairs_different": -1, "false_matches": 0}
        ).encode(),
        b'{"pad": "' + b"x" * (1 << 20) + b'"}',
    ],
)
def test_what_is_no_record_allows_nothing(tmp_path, content):
    path = tmp_path / "record.json"
    path.write_bytes(content)
    with pytest.raises(OneOfManyRefused, match="no record"):
        one_of_many.measured(path)
    with pytest.raises(OneOfManyRefused, match="menshen evaluate faces"):
        one_of_many.measured(tmp_path / "none.json")


def test_a_pipe_is_no_record_and_is_not_waited_for(tmp_path):
    """A site file names it, perhaps one that came with a backup; the gate would stand still."""
    os.mkfifo(tmp_path / "faces.json")
    code = (
        "import sys, pathlib; from firmware.faces.one_of_many import measured; from firmware.faces.errors import *\n"
        "try: measured(pathlib.Path(sys.argv[1]))\n"
        "except OneOfManyRefused: sys.exit(3)"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(tmp_path / "faces.json")], timeout=20, check=False)
    assert ended.returncode == 3
