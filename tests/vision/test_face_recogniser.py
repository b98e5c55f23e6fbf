"""What the worker does with a face: nothing unasked, no embedding unless that is asked for, and whose it is then."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from firmware.faces.likeness import THRESHOLD
from firmware.vision.face_recogniser import FaceRecogniser
from firmware.vision.face_session import EMBED, FIND, NO_MODELS
from firmware.vision.recogniser import build
from firmware.vision.work import FACES
from models.faces import pipeline
from models.interpreter import RUNTIMES
from models.manifest import manifest, path_of
from tests.models.weights import demand

NAMES = pipeline.NAMES
PICTURES = Path(__file__).parents[3] / "shared" / "data" / "dev" / "faces"
ONE, SAME, OTHER = "df_img1.jpg", "df_img6.jpg", "df_img18.jpg"


def picture(name, side=640):
    if not (PICTURES / name).is_file():
        pytest.skip(f"{PICTURES} is not here: pictures come beside the project, in ../shared/data")
    image = Image.open(PICTURES / name).convert("RGB")
    image.thumbnail((side, side))
    return np.asarray(image)


@pytest.fixture(scope="module", params=sorted(RUNTIMES))
def faces(request):
    pytest.importorskip(RUNTIMES[request.param])
    demand(*NAMES)
    made = FaceRecogniser(request.param)
    assert made.load() == ""
    return made


def test_unasked_it_looks_for_nobody_and_loads_nothing(monkeypatch, tmp_path):
    """Without a single model here that would be told."""
    monkeypatch.setenv("MENSHEN_MODELS", str(tmp_path))
    assert FaceRecogniser()(np.zeros((480, 640, 3), np.uint8), ("plate", "vehicle", "object")) == []


def test_it_finds_without_embedding_and_embeds_when_that_is_asked_for(faces):
    (found,) = faces(picture(ONE), ("plate", FIND))
    assert (found.kind, found.why, found.vector) == ("face", "", b"")
    assert found.found >= 0.6
    assert len(found.pose) == 2
    (embedded,) = faces(picture(ONE), (EMBED,))
    assert embedded.box == found.box
    assert np.linalg.norm(np.frombuffer(embedded.vector, "<f4")) == pytest.approx(1, abs=1e-3)


def test_one_person_is_like_oneself_in_another_picture_and_nobody_else(faces):
    one, same, other = (np.frombuffer(faces(picture(name), (EMBED,))[0].vector, "<f4") for name in (ONE, SAME, OTHER))
    assert one @ same >= THRESHOLD > one @ other


@pytest.mark.attack("face-27")
def test_of_two_people_of_nobody_and_of_a_bad_picture_nobody_is_embedded(faces):
    one = picture(ONE)
    assert faces(np.concatenate([one, one], axis=1), (EMBED,)) == []
    assert faces(np.full((480, 640, 3), 128, np.uint8), (EMBED,)) == []
    for spoilt in (one // 12, picture(ONE, 120)):
        assert all(each.vector == b"" and each.why for each in faces(spoilt, (EMBED,)))


def test_without_the_models_it_says_so_to_whoever_asks_and_once_to_whoever_reads(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("MENSHEN_MODELS", str(tmp_path))
    made = FaceRecogniser()
    for _ in range(3):
        (said,) = made(np.zeros((480, 640, 3), np.uint8), (FIND,))
        assert (said.why, said.found, said.vector) == (NO_MODELS, 0.0, b"")
    assert capsys.readouterr().err.count("make models") == 1


def test_a_worker_for_faces_alone_loads_no_other_model_and_says_so_without_its_own(monkeypatch, tmp_path):
    """A face-only door on a board that has the models of faces and no others, and one that has none."""
    demand(*NAMES)
    here = {name: path_of(manifest()[name]) for name in NAMES}
    monkeypatch.setenv("MENSHEN_MODELS", str(tmp_path / "none"))
    unable = build((FACES,)).unable
    assert [*unable] == [FACES]
    assert "make models" in unable[FACES]
    (tmp_path / "faces").mkdir()
    for path in here.values():
        (tmp_path / "faces" / path.name).symlink_to(path)
    monkeypatch.setenv("MENSHEN_MODELS", str(tmp_path / "faces"))
    for stages, lacks in (((FACES,), []), ((FACES, "vehicles"), ["vehicles"])):
        recognise, unable = build(stages)
        assert [*unable] == lacks
        assert recognise(np.zeros((480, 640, 3), np.uint8), 0, (FIND, "object")) == []
