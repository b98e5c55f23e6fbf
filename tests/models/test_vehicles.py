"""Vehicles on real pictures, by both runtimes: who carries a plate is found, a damaged model is never loaded."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.interpreter import RUNTIMES, load_interpreter
from models.manifest import ModelError, folder, manifest
from models.vehicles import GROUPS, MOTOR, NAMES, Thing, detect, detect_around, load, merged, overlap
from tests.models.weights import demand

SCENES = Path(__file__).parents[3] / "shared" / "data" / "dev"
EVERY = {"scenes_cn": 6, "scenes_latin": 4}  # one of so many, so that it takes seconds


@pytest.fixture(params=sorted(RUNTIMES))
def runtime(request):
    pytest.importorskip(RUNTIMES[request.param])
    return request.param


def labelled():
    """(picture, the plate's box)."""
    for name, step in EVERY.items():
        table = SCENES / name / "labels.csv"
        if not table.is_file():
            pytest.skip(f"{table.parent} is not here: pictures come beside the project, in ../shared/data")
        with table.open(encoding="utf-8") as file:
            for row in list(csv.DictReader(file))[::step]:
                picture = np.asarray(Image.open(table.parent / row["file"]).convert("RGB"))
                x, y, wide, high = (float(row[key]) for key in "xywh")
                yield picture, (x, y, x + wide, y + high)


def carries(thing, plate):
    wide = min(thing.box[2], plate[2]) - max(thing.box[0], plate[0])
    high = min(thing.box[3], plate[3]) - max(thing.box[1], plate[1])
    whole = (plate[2] - plate[0]) * (plate[3] - plate[1])
    return thing.kind in MOTOR and wide > 0 and high > 0 and wide * high >= 0.8 * whole


@pytest.mark.slow
def test_the_vehicles_of_labelled_plates_are_found(runtime):
    demand(*NAMES)
    detectors = load(runtime=runtime)
    found = [any(carries(thing, plate) for thing in detect(detectors, picture)) for picture, plate in labelled()]
    assert len(found) > 20
    assert sum(found) >= 0.95 * len(found)


def test_looking_around_plates_finds_what_looking_at_all_finds(runtime):
    """And a plate where no vehicle is makes the other detector look too."""
    demand(*NAMES)
    detectors = load(runtime=runtime)
    picture, plate = next(iter(labelled()))
    near = detect_around(detectors, picture, [plate])
    assert any(carries(thing, plate) for thing in near)
    assert {thing.kind for thing in near} <= {"vehicle", "person", "bicycle", "dog"}
    everywhere = detect_around(detectors, picture, [plate, (0.0, 0.0, 4.0, 2.0)])
    assert everywhere == detect(detectors, picture)
    assert "car" in {thing.kind for thing in everywhere}


def test_both_runtimes_see_the_same():
    demand(*NAMES)
    seen = []
    picture, _ = next(iter(labelled()))
    for name in sorted(RUNTIMES):
        pytest.importorskip(RUNTIMES[name])
        seen.append(detect(load(runtime=name), picture))
    one, other = seen
    assert [thing.kind for thing in one] == [thing.kind for thing in other]
    for thing, same in zip(one, other, strict=True):
        assert thing.sure == pytest.approx(same.sure, abs=0.01)
        assert thing.box == pytest.approx(same.box, abs=2)


@pytest.mark.parametrize("size", [(1, 1), (2, 900), (720, 1280), (37, 3000)])
def test_pictures_of_any_size(runtime, size):
    demand(*NAMES)
    chance = np.random.default_rng(5)
    picture = chance.integers(0, 256, (*size, 3), dtype=np.uint8)
    for thing in detect(load(runtime=runtime), picture, least=0.02):
        left, top, right, bottom = thing.box
        assert 0 <= left < right <= size[1]
        assert 0 <= top < bottom <= size[0]


def test_nothing_is_in_an_empty_picture(runtime):
    demand(*NAMES)
    assert detect(load(runtime=runtime), np.full((720, 1280, 3), 110, np.uint8)) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_flipped_bit_is_refused_before_any_runtime_sees_it(tmp_path, monkeypatch, name, runtime):
    demand(*NAMES)
    copy = tmp_path / "models"
    shutil.copytree(folder(), copy)
    monkeypatch.setenv("MENSHEN_MODELS", str(copy))
    load_interpreter(name, runtime)
    path = copy / f"{name}.tflite"
    content = bytearray(path.read_bytes())
    for bit in (0, 8 * (len(content) // 2) + 3, 8 * len(content) - 1):
        content[bit // 8] ^= 1 << bit % 8
        path.write_bytes(content)
        with pytest.raises(ModelError, match="damaged"):
            load_interpreter(name, runtime)
        content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content[:-1])
    with pytest.raises(ModelError, match="damaged"):
        load_interpreter(name, runtime)
    path.unlink()
    with pytest.raises(ModelError, match="make models"):
        load_interpreter(name, runtime)


def test_labels_and_groups():
    known = {kind for group in GROUPS for kind in group}
    demand(*NAMES)
    assert [set(each.labels) & {"car", "vehicle"} for each in load()] == [{"car"}, {"vehicle"}]
    assert set(manifest()["vehicles"].labels) == known - {"vehicle"}
    assert known & set(manifest()["vehicles_near"].labels) == {"car", "vehicle", "bicycle", "person", "dog"}
    assert len(manifest()["vehicles"].source.classes) == len(manifest()["vehicles"].labels)


def test_what_both_see_is_one_thing():
    """The kind of the one that tells kinds apart, the box of the surer one; what only one sees stays."""
    told = [Thing("truck", (0, 0, 100, 100), 0.5), Thing("person", (10, 10, 50, 90), 0.6)]
    more = [
        Thing("car", (5, 5, 100, 105), 0.9),
        Thing("person", (10, 10, 52, 90), 0.4),
        Thing("car", (300, 0, 400, 90), 0.7),
        Thing("bicycle", (0, 0, 100, 100), 0.8),
    ]
    assert merged(told, more) == [
        Thing("truck", (5, 5, 100, 105), 0.9),
        Thing("person", (10, 10, 50, 90), 0.6),
        Thing("car", (300, 0, 400, 90), 0.7),
        Thing("bicycle", (0, 0, 100, 100), 0.8),
    ]


def test_overlap():
    assert overlap((0, 0, 2, 2), (1, 0, 3, 2)) == pytest.approx(1 / 3)
    assert overlap((0, 0, 0, 0), (0, 0, 0, 0)) == 0
