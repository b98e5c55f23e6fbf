"""Faces on real pictures, by both runtimes: found, straightened, judged, told apart; and what no picture of one is."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from models.faces import pipeline, quality
from models.faces.alignment import PLACES, SIDE, aligned, similarity
from models.faces.detector import faces_of, middles
from models.faces.embedder import likeness, normalised
from models.faces.eyes import of_rim
from models.faces.landmarks import CHEEK_LEFT, CHEEK_RIGHT, CHIN, FOREHEAD, five, pose_of
from models.interpreter import RUNTIMES
from tests.models.weights import demand

PICTURES = Path(__file__).parents[3] / "shared" / "data" / "dev" / "faces"
NAMES = pipeline.NAMES
ONE, SAME, OTHER = "df_img1.jpg", "df_img2.jpg", "df_img18.jpg"


@pytest.fixture(scope="module", params=sorted(RUNTIMES))
def models(request):
    pytest.importorskip(RUNTIMES[request.param])
    demand(*NAMES)
    return pipeline.load(request.param)


def picture(name, side=None):
    path = PICTURES / name
    if not path.is_file():
        pytest.skip(f"{path.parent} is not here: pictures come beside the project, in ../shared/data")
    image = Image.open(path).convert("RGB")
    if side is not None:
        image.thumbnail((side, side))
    return np.asarray(image)


def test_every_picture_shows_one_face_that_is_good_enough_to_be_compared(models):
    if not (PICTURES / "labels.csv").is_file():
        pytest.skip(f"{PICTURES} is not here: pictures come beside the project, in ../shared/data")
    with (PICTURES / "labels.csv").open(encoding="utf-8") as file:
        for row in list(csv.DictReader(file))[::3]:
            seen = pipeline.look(models, picture(row["file"], 1280))
            assert seen.why == (), row["file"]
            points = five(seen.mesh.points)
            left, top, right, low = seen.face.box
            assert (points > [left, top]).all(), row["file"]
            assert (points < [right, low]).all(), row["file"]
            assert points[0, 0] < points[1, 0], row["file"]
            assert points[3, 1] > points[2, 1] > points[0, 1], row["file"]


def test_one_person_is_more_like_oneself_than_like_another_in_any_size_and_turned(models):
    def of(pixels):
        embedding = pipeline.embed_one(models, pipeline.look(models, pixels))
        assert embedding is not None
        assert np.linalg.norm(embedding) == pytest.approx(1, abs=1e-5)
        return embedding

    one, same, other = (of(picture(name, 1000)) for name in (ONE, SAME, OTHER))
    assert one @ same > 0.5 > 0.3 > one @ other
    turned = np.asarray(Image.fromarray(picture(ONE, 1000)).rotate(15, Image.Resampling.BICUBIC))
    assert one @ of(turned) > 0.85
    assert one @ of(picture(ONE, 400)) > 0.85
    assert likeness(one, np.stack([same, other])).tolist() == pytest.approx([one @ same, one @ other], abs=1e-6)


def test_two_faces_are_nobodys_and_one_far_behind_is_no_matter(models):
    one, other = picture(ONE, 480), picture(OTHER, 480)
    high = max(one.shape[0], other.shape[0])
    both = np.zeros((high, one.shape[1] + other.shape[1], 3), np.uint8)
    both[: one.shape[0], : one.shape[1]] = one
    both[: other.shape[0], one.shape[1] :] = other
    assert pipeline.look(models, both).why == ("two_faces",)
    assert pipeline.embed_one(models, pipeline.look(models, both)) is None
    behind = np.zeros((480, one.shape[1] + 120, 3), np.uint8)
    behind[: one.shape[0], : one.shape[1]] = one
    small = picture(OTHER, 100)
    behind[: small.shape[0], one.shape[1] : one.shape[1] + small.shape[1]] = small
    assert pipeline.look(models, behind).why == ()


@pytest.mark.parametrize("size", [(1, 1), (2, 900), (900, 2), (16, 16), (300, 300)])
@pytest.mark.parametrize("fill", [0, 255, "noise"])
def test_where_there_is_no_face_none_is_found_and_nothing_is_embedded(models, size, fill):
    pixels = np.full((*size, 3), 0 if fill == "noise" else fill, np.uint8)
    if fill == "noise":
        pixels = np.random.default_rng(7).integers(0, 256, (*size, 3), np.uint8)
    seen = pipeline.look(models, pixels)
    assert seen.why
    assert pipeline.embed_one(models, seen) is None


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (lambda image: image.filter(ImageFilter.GaussianBlur(14)), "blurred"),
        (lambda image: image.point(lambda value: value // 5), "dark"),
        (lambda image: image.point(lambda value: 225 + value // 9), "glaring"),
        (lambda image: image.resize((image.width // 5, image.height // 5)), "small"),
        (lambda image: image.crop((0, 0, image.width, round(image.height * 0.52))), "cut"),
    ],
)
def test_a_bad_picture_is_not_enrolled_and_says_why(models, spoil, word):
    """The same picture, spoiled in one way each; whole it is good."""
    image = Image.fromarray(picture("df_img36.jpg", 1000))
    assert pipeline.look(models, np.asarray(image), quality.ENROL).why == ()
    seen = pipeline.look(models, np.asarray(spoil(image)), quality.ENROL)
    assert word in seen.why or seen.why in (("no_face",), ("no_mesh",)), seen.why
    assert pipeline.embed_one(models, seen) is None


def test_a_likeness_survives_being_kept_in_half_the_bytes(models):
    one = pipeline.embed_one(models, pipeline.look(models, picture(ONE, 1000)))
    same = pipeline.embed_one(models, pipeline.look(models, picture(SAME, 1000)))
    kept = np.frombuffer(one.astype("<f2").tobytes(), "<f2").astype(np.float32)
    assert same @ kept == pytest.approx(float(same @ one), abs=1e-3)


# -- without models ---------------------------------------------------------------------------------------------------


def test_a_face_that_is_in_its_place_is_left_as_it_is():
    pixels = np.random.default_rng(3).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    assert np.abs(aligned(pixels, PLACES.astype(np.float32)).astype(int) - pixels).max() <= 1


@pytest.mark.parametrize("angle", [0, 30, 90, 200])
@pytest.mark.parametrize("scale", [0.5, 1.0, 7.0])
def test_the_similarity_is_found_back(angle, scale):
    """The points of a template that was turned, sized and shifted come back into their places."""
    turn = np.radians(angle)
    spin = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    moved = PLACES @ spin.T + [400.0, 90.0]
    found = similarity(moved.astype(np.float32))
    back = np.column_stack([moved, np.ones(5)]) @ found.T
    assert np.abs(back - PLACES).max() < 1e-3


@pytest.mark.parametrize("points", [np.zeros((5, 2)), np.full((5, 2), 3.3), np.full((5, 2), np.nan)])
def test_five_points_in_one_place_are_no_face(points):
    with pytest.raises(ValueError, match="no face"):
        similarity(points.astype(np.float32))


def test_boxes_that_overlap_are_one_face_and_no_number_is_none():
    answer, scores = np.zeros((896, 16), np.float32), np.full(896, -50.0, np.float32)
    answer[:, 2:4] = 40
    place = 2 * (16 * 8 + 8)  # a middle of the finer grid
    for each in (place, place + 1, place + 2):
        scores[each] = 3
    (face,) = faces_of(answer, scores, 128)
    assert face.box[0] == pytest.approx(middles()[place, 0] * 128 + 8 / 3 - 20, abs=0.1)
    scores[0], answer[0] = 9, np.nan
    assert len(faces_of(answer, scores, 128)) == 1
    assert faces_of(np.zeros((896, 16), np.float32), np.full(896, np.nan, np.float32), 128) == []


def test_an_open_eye_is_higher_than_a_shut_one():
    """Corners at 0 and 8, the lower lid between them, the upper one from 9 on, as the model's points go."""
    rim = np.zeros((16, 2))
    rim[:9, 0] = np.arange(9) * 4
    rim[9:, 0] = rim[1:8, 0]
    rim[1:8, 1], rim[9:, 1] = 3, -5
    assert of_rim(rim) == pytest.approx(8 / 32)
    rim[9:, 1] = 3
    assert of_rim(rim) == 0
    assert of_rim(np.zeros((16, 2))) == 0


def test_a_tilted_picture_keeps_how_open_its_eyes_are():
    """All that is upright is foreshortened alike: face and eyes."""
    points = np.zeros((468, 2), np.float32)
    points[CHEEK_RIGHT], points[CHEEK_LEFT], points[FOREHEAD], points[CHIN] = (0, 0), (100, 0), (50, -60), (50, 60)
    straight = pose_of(points, 0.24).eyes
    assert straight == pytest.approx(0.2)
    assert pose_of(points * [1, 0.5], 0.24 * 0.5).eyes == pytest.approx(straight)
    assert pose_of(np.zeros((468, 2), np.float32), 0.24).eyes == 0


@pytest.mark.parametrize("values", [np.zeros(192), np.full(192, np.nan), np.full(192, np.inf)])
def test_an_embedding_of_no_length_is_none(values):
    with pytest.raises(ValueError, match="no length"):
        normalised(values.astype(np.float32))
