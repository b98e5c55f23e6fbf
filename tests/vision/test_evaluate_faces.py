"""The evaluation of faces: its figures by hand, bad folders, and the pictures that are here."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from firmware.faces import one_of_many
from firmware.faces.one_of_many import Measured
from firmware.vision.evaluate_faces import EvaluationError, auc, figures, run
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


@pytest.mark.parametrize(
    ("labels", "pairs", "said"),
    [
        (None, "a,b,same\nx,y,1\n", "labels.csv"),
        ("file,identity\n", None, "pairs.csv"),
        ("file,identity\nx,1\n", "a,b\nx,y\n", "no column same"),
        ("file,identity\nx,1\n", "a,b,same\n", "no rows"),
        ("file,identity\nx,1\n", "a,b,same\nx,y,yes\n", "1 or 0"),
        ("file,identity\nx,1\n", "a,b,same\n../x,y,1\n", "no name of a picture"),
        ("file,identity\nx,1\n", "a,b,same\nx,,1\n", "no name of a picture"),
    ],
)
def test_a_folder_that_is_none_says_what_is_missing(tmp_path, labels, pairs, said):
    for name, content in (("labels.csv", labels), ("pairs.csv", pairs)):
        if content is not None:
            (tmp_path / name).write_text(content)
    with pytest.raises(EvaluationError, match=said):
        run(tmp_path)


def test_pictures_that_are_none_are_counted_and_matched_by_nobody(tmp_path):
    demand("face_detector", "face_detector_back", "face_landmarks", "face_embedder")
    (tmp_path / "labels.csv").write_text("file,identity\nx.jpg,1\ny.jpg,2\n")
    (tmp_path / "pairs.csv").write_text("a,b,same\nx.jpg,y.jpg,0\nx.jpg,x.jpg,1\n")
    (tmp_path / "x.jpg").write_bytes(b"no picture")
    with pytest.raises(EvaluationError, match="no pairs"):
        run(tmp_path)


def test_on_the_pictures_here_persons_are_told_apart_and_nobody_may_be_looked_for_among_many():
    demand("face_detector", "face_detector_back", "face_landmarks", "face_embedder")
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
