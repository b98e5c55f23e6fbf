"""The evaluation of faces: its figures by hand, bad folders, and the pictures that are here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

from firmware.faces import one_of_many
from firmware.faces.one_of_many import Measured
from firmware.vision.evaluate_faces import EvaluationError, NoFaceError, auc, figures, run
from firmware.vision.labels import LabelError
from models.faces import pipeline
from models.pictures import PictureError
from tests.models.weights import demand

PICTURES = Path(__file__).parents[3] / "shared" / "data" / "dev" / "faces"


def test_the_figures_are_those_that_one_works_out_by_hand():
    scores = np.array([0.9, 0.6, 0.4, 0.55, 0.2, 0.1], np.float32)
    same = np.array([True, True, True, False, False, False])
    found = figures(scores, same, lost_same=1)
    at = found["tar_at_far"]
    assert (at["tar"], at["pairs_same"], at["pairs_different"]) == (2 / 4, 4, 3)  # above 0.55: two; one has no face
    assert at["threshold"] == pytest.approx(0.55)
    assert at["far_upper_95"] == pytest.approx(1 - 0.05 ** (1 / 3))
    assert found["false_matches"] == 1  # 0.55 at the threshold of 0.5
    assert found["true_matches"] == 2
    assert found["auc"] == pytest.approx(8 / 9)
    assert found["one_of_many"]["templates_max"] == 0


def test_the_area_counts_equal_ones_half():
    assert auc(np.array([0.5], np.float32), np.array([0.5], np.float32)) == 0.5
    assert auc(np.array([0.9, 0.1], np.float32), np.array([0.5], np.float32)) == 0.5
    assert auc(np.array([0.9], np.float32), np.array([0.1, 0.2], np.float32)) == 1.0


WHO = "file,identity\nx,1\ny,1\nz,2\nw,?\n"


@pytest.mark.parametrize(
    ("labels", "pairs", "where", "word"),
    [
        (None, "a,b,same\nx,y,1\nx,z,0\n", (0, ""), "no_labels"),
        ("file\nx\n", "a,b,same\nx,y,1\nx,z,0\n", (1, "identity"), "no_column"),
        ("", "a,b,same\nx,y,1\nx,z,0\n", (0, ""), "no_rows"),
        (WHO, None, (0, ""), "no_labels"),
        (WHO, "a,b\nx,y\n", (1, "same"), "no_column"),
        (WHO, "a,b,same\n", (0, ""), "no_rows"),
        (WHO, "a,b,same\nx,y\n", (2, ""), "cells"),
        (WHO, "a,b,same\nx,y,yes\n", (2, "same"), "same"),
        (WHO, "a,b,same\n../x,y,1\n", (2, "a"), "name"),
        (WHO, "a,b,same\nx,,1\n", (2, "b"), "name"),
        (WHO, "a,b,same\nx,v,1\n", (2, "b"), "no_file"),
        (WHO, "a,b,same\nx,x,1\n", (2, "b"), "itself"),
        (WHO, "a,b,same\nx,y,1\nx,z,0\ny,x,1\n", (4, "a"), "twice"),  # it would count as two
        (WHO, "a,b,same\nx,y,0\n", (2, "same"), "identity"),
        (WHO, "a,b,same\nx,z,1\n", (2, "same"), "identity"),
        (WHO, "a,b,same\nx,y,1\n", (0, ""), "one_kind"),
        (WHO, "a,b,same\nx,w,0\n", (0, ""), "one_kind"),
    ],
)
def test_a_folder_that_is_none_says_what_is_wrong_and_where(tmp_path, labels, pairs, where, word):
    for name in "xyzw":
        (tmp_path / name).touch()
    for name, content in (("labels.csv", labels), ("pairs.csv", pairs)):
        if content is not None:
            (tmp_path / name).write_text(content)
    with pytest.raises(LabelError) as caught:
        run(tmp_path)
    problem = caught.value.problems[0]
    assert (problem.row, problem.column, problem.word) == (*where, word)


def test_pictures_that_are_none_are_said_and_matched_by_nobody(tmp_path):
    demand(*pipeline.NAMES)
    (tmp_path / "labels.csv").write_text("file,identity\nx.jpg,1\ny.png,1\nz.jpg,2\n")
    (tmp_path / "pairs.csv").write_text("a,b,same\nx.jpg,y.png,1\nx.jpg,z.jpg,0\n")
    for name in ("x.jpg", "z.jpg"):
        (tmp_path / name).write_bytes(b"no picture")
    Image.new("RGB", (160, 120), (90, 90, 90)).save(tmp_path / "y.png")
    with pytest.raises(EvaluationError) as caught:
        run(tmp_path)
    assert caught.value.word == "no_same"
    unread = caught.value.unread
    assert sorted(unread) == ["x.jpg", "y.png", "z.jpg"]
    assert isinstance(unread["x.jpg"], PictureError)
    assert isinstance(unread["y.png"], NoFaceError)
    for language, said in (("en", "no face is seen"), ("zh", "y.png")):
        answer = subprocess.run(
            [sys.executable, "-m", "firmware", "evaluate", "faces", str(tmp_path), "--language", language],
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert (answer.returncode, answer.stdout) == (1, "")
        assert said in answer.stderr
        assert "x.jpg" in answer.stderr
        assert "Traceback" not in answer.stderr


def test_on_the_pictures_here_persons_are_told_apart_and_nobody_may_be_looked_for_among_many():
    demand(*pipeline.NAMES)
    if not (PICTURES / "pairs.csv").is_file():
        pytest.skip(f"{PICTURES} is not here: pictures come beside the project, in ../shared/data")
    seen = []
    found = run(PICTURES, lambda done, of: seen.append((done, of)))
    assert seen[-1] == (found["pictures"], found["pictures"])
    assert found["tar_at_far"]["tar"] == 1.0
    assert found["tar_at_far"]["tar_lower_95"] > 0.9
    assert found["auc"] == 1.0
    assert (found["pairs_same"], found["pairs_different"]) == (32, 46)
    record = msgspec.convert(found, Measured)
    assert one_of_many.most(record) == 0
