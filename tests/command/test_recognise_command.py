"""`menshen recognise`: what is seen in pictures and films, told and drawn, by stages of the test's own."""

from __future__ import annotations

import argparse
import json
import os
import stat
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from firmware.texts import texts
from firmware.vision import recognise_command as command
from firmware.vision.drawing import Drawer
from models.manifest import WORDS, ModelError
from models.pictures import WHY, load
from models.plates.ctc import NOTHING, Read
from models.plates.detector import Found
from models.recogniser import FaceBox, Stages
from models.vehicles import NAMES, Thing
from models.warp import box_of
from tests.command.conftest import ROOT
from tests.models.weights import demand
from tests.vision.films import film

TEXT = "京A88731"
BRIGHT = 200  # a block this bright is a plate; how wide it is decides which
PLATE_BOX = [40.0, 60.0, 100.0, 80.0]
SQUARE_PX = 40


def scene(plate=True, width=160, height=120):
    picture = np.full((height, width, 3), 60, np.uint8)
    if plate:
        picture[60:80, 40:100] = BRIGHT + 20
    return picture


def plates(picture):
    """The one bright block of a picture."""
    rows, columns = np.nonzero(picture[..., 0] > BRIGHT)
    if not len(rows):
        return []
    return [Found(box_of(columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1), 0.9)]


STAGES = Stages(
    vehicles=lambda picture, around: [
        Thing("car", (0.0, 0.0, picture.shape[1] - 1.0, picture.shape[0] - 1.0), 0.8),
        Thing("person", (1.0, 1.0, 20.0, 50.0), 0.6),
        Thing("dog", (2.0, 90.0, 20.0, 110.0), 0.5),
    ],
    plates=plates,
    reading=lambda picture, quad: Read(TEXT, 0.95, (0.99,) * 7, "京A8873I"),
    faces=lambda picture: [FaceBox((5.0, 5.0, 15.0, 15.0), 0.7)],
)


@pytest.fixture
def look(capsys, monkeypatch):
    """Run the command with the stages that are given."""
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)

    def call(*words, stages=STAGES, missing=None):
        parser = argparse.ArgumentParser()
        command.add_arguments(parser)
        given = parser.parse_args([str(word) for word in words])

        def gather(wanted):
            return stages, missing or {}

        status = command.recognise(given, gather)
        said = capsys.readouterr()
        return status, said.out, said.err

    return call


def save(path, picture=None):
    Image.fromarray(scene() if picture is None else picture).save(path)
    return path


def test_everything_in_a_picture_for_programs(look, tmp_path):
    path = save(tmp_path / "car.png")
    status, out, err = look(path, "--json")
    assert (status, err) == (0, "")
    told = json.loads(out)
    assert {name: told[name] for name in ("file", "what", "width", "height", "pictures")} == {
        "file": str(path), "what": "picture", "width": 160, "height": 120, "pictures": 1
    }  # fmt: skip
    (plate,) = told["plates"]
    assert plate == {
        "text": TEXT, "read": 0.95, "found": 0.9, "kind": plate["kind"], "box": PLATE_BOX,
        "corners": [[40.0, 60.0], [100.0, 60.0], [100.0, 80.0], [40.0, 80.0]], "letters": [0.99] * 7,
        "second": "京A8873I", "vehicle": "car",
    }  # fmt: skip
    assert [each["kind"] for each in told["vehicles"]] == ["car"]
    assert [each["box"] for each in told["people"]] == [[1.0, 1.0, 20.0, 50.0]]
    assert len(told["animals"]) == 1
    assert told["faces"] == [{"found": 0.7, "box": [5.0, 5.0, 15.0, 15.0]}]
    assert set(told["ms"]) == {"decode", "plates", "reading", "vehicles", "faces", "whole"}
    assert all(value >= 0 for value in told["ms"].values())


def test_one_line_a_file_in_the_order_of_the_files(look, tmp_path):
    paths = [save(tmp_path / f"{name}.png") for name in "cab"]
    status, out, _ = look(*paths, "--json")
    assert status == 0
    assert [json.loads(line)["file"] for line in out.splitlines()] == [str(path) for path in paths]


@pytest.mark.parametrize(
    ("language", "words"), [("en", ("plate,", "car", "person", "face")), ("zh", ("车牌", "轿车", "行人", "人脸"))]
)
def test_a_table_for_people(look, tmp_path, language, words):
    status, out, _ = look(save(tmp_path / "car.png"), "--language", language)
    assert status == 0
    assert TEXT in out
    assert all(word in out for word in words)
    assert "40,60 60x20" in out


def test_a_plate_that_cannot_be_read_is_told_as_such(look, tmp_path):
    _, out, _ = look(save(tmp_path / "car.png"), stages=STAGES._replace(reading=lambda picture, quad: NOTHING))
    assert "(unread)" in out


def test_text_in_a_scene_is_only_text(look, tmp_path):
    hostile = "A'; DROP TABLE--\x1b[2J"
    stages = STAGES._replace(reading=lambda picture, quad: Read(hostile, 0.9, (), ""))
    _, out, _ = look(save(tmp_path / "car.png"), stages=stages)
    assert "\x1b" not in out
    assert "DROP TABLE" in out
    _, out, _ = look(tmp_path / "car.png", "--json", "--draw", tmp_path / "drawn", stages=stages)
    assert json.loads(out)["plates"][0]["text"] == hostile


def test_a_picture_in_which_nothing_is(look, tmp_path):
    nothing = Stages(plates=plates, reading=STAGES.reading)
    status, out, _ = look(save(tmp_path / "bare.png", scene(plate=False)), stages=nothing)
    assert status == 0
    assert "Nothing was seen" in out


def test_files_that_cannot_be_read_are_said_and_the_others_looked_at(look, tmp_path):
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.jpg").write_text("hello")
    os.mkfifo(tmp_path / "fifo")
    whole = save(tmp_path / "car.png")
    (tmp_path / "cut.png").write_bytes(whole.read_bytes()[:150])
    names = ("empty.jpg", "text.jpg", "fifo", "none.jpg", "cut.png", "car.png")
    status, out, err = look(*(tmp_path / name for name in names), tmp_path, "--json")
    assert status == 1
    assert err == ""
    told = {json.loads(line)["file"].rpartition("/")[2]: json.loads(line) for line in out.splitlines()}
    words = {name: each["error"]["word"] for name, each in told.items() if "error" in each}
    assert words == {"empty.jpg": "empty", "text.jpg": "unknown", "fifo": "special", "none.jpg": "unreadable",
                     "cut.png": "broken", tmp_path.name: "folder"}  # fmt: skip
    assert told["car.png"]["plates"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_reason_has_its_words(look, tmp_path, language):
    for word in WHY:
        values = {"why": "x", "mib": 1, "most": 1, "width": 1, "height": 1, "side": 1, "pictures": "x", "mode": "x"}
        assert texts(language).say(f"recognise.error.{word}", **values)
    status, out, err = look(tmp_path / "none.jpg", "--language", language)
    assert (status, out) == (1, "")
    assert str(tmp_path / "none.jpg") in err


def test_of_an_animated_picture_it_is_said_that_the_first_was_taken(look, tmp_path):
    frames = [Image.fromarray(scene(each)) for each in (True, False)]
    frames[0].save(tmp_path / "two.gif", save_all=True, append_images=frames[1:])
    status, out, _ = look(tmp_path / "two.gif")
    assert status == 0
    assert "2 pictures" in out


# -- films ------------------------------------------------------------------------------------------------------------


def coming(count):
    """A plate that grows: a car that comes nearer."""
    for number in range(count):
        picture = np.full((240, 320, 3), 60, np.uint8)
        wide = 48 + 3 * number
        picture[120 : 120 + wide // 3, 100 : 100 + wide] = 235
        yield picture


def test_a_film_has_its_pictures_and_what_they_agree_on(look, tmp_path):
    path = film(tmp_path / "car.mp4", coming(20))
    status, out, err = look(path, "--json", "--only", "plates")
    assert (status, err) == (0, "")
    told = json.loads(out)
    assert (told["what"], told["width"], told["height"], told["passed"], told["cut"]) == ("film", 320, 240, 20, False)
    assert [each["frame"] for each in told["frames"]] == list(range(20))
    assert told["frames"][10]["at_s"] == pytest.approx(0.4, abs=0.01)
    (track,) = told["tracks"]
    assert (track["what"], track["text"], track["direction"]) == ("plate", TEXT, "towards")
    assert track["reads"] >= 2
    assert 0 < track["first_s"] < track["last_s"] == pytest.approx(0.76, abs=0.01)


def test_one_look_is_none(look, tmp_path):
    path = film(tmp_path / "car.mp4", coming(20))
    _, out, _ = look(path, "--json", "--frames", "1")
    told = json.loads(out)
    assert len(told["frames"]) == 1
    assert [each for each in told["tracks"] if each["what"] == "plate"] == []
    assert told["cut"]


def test_a_film_is_bounded_and_says_so(look, tmp_path):
    path = film(tmp_path / "car.mp4", coming(20))
    status, out, _ = look(path, "--every", "3", "--frames", "4", "--json", "--draw", tmp_path / "drawn")
    told = json.loads(out)
    assert status == 0
    assert [each["frame"] for each in told["frames"]] == [0, 3, 6, 9]
    assert told["cut"]
    assert [os.path.basename(each) for each in told["drawn"]] == [
        f"car.mp4.{number:06}.seen.jpg" for number in (0, 3, 6, 9)
    ]
    _, out, _ = look(path, "--every", "3", "--frames", "4")
    assert "only 4 were looked at" in out
    assert TEXT in out


def test_a_film_that_breaks_off_says_what_it_had(look, tmp_path):
    path = film(tmp_path / "car.ts", coming(40))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    status, out, _ = look(path, "--json")
    told = json.loads(out)
    assert status in (0, 1)
    assert told["frames"]


# -- drawing ----------------------------------------------------------------------------------------------------------


def test_what_was_seen_is_drawn_beside_the_input(look, tmp_path):
    path = save(tmp_path / "car.png")
    before = path.read_bytes()
    status, out, _ = look(path, "--draw", tmp_path / "deep" / "drawn", "--json")
    assert status == 0
    (drawn,) = json.loads(out)["drawn"]
    assert drawn == str(tmp_path / "deep" / "drawn" / "car.png.seen.jpg")
    assert path.read_bytes() == before
    picture = load(tmp_path / "deep" / "drawn" / "car.png.seen.jpg")
    times = picture.shape[1] // 160
    edge = picture[60 * times, 60 * times : 80 * times].astype(int).mean(axis=0)
    assert edge[0] > 200  # the plate's own upper line, yellow
    assert edge[2] < 110
    assert stat.S_IMODE(os.stat(drawn).st_mode) == 0o600
    assert os.listdir(tmp_path / "deep" / "drawn") == ["car.png.seen.jpg"]


def test_no_input_is_ever_written_over(look, tmp_path):
    """An input that has the very name of a drawn picture, as itself, by a link and by a hard link."""
    first = save(tmp_path / "car.png")
    second = save(tmp_path / "car.png.seen.jpg")
    os.link(second, tmp_path / "car.png.2.seen.jpg")
    before = second.read_bytes()
    status, out, _ = look(first, second, first, "--draw", tmp_path, "--json")
    assert status == 0
    drawn = [os.path.basename(each) for line in out.splitlines() for each in json.loads(line)["drawn"]]
    assert drawn == ["car.png.3.seen.jpg", "car.png.seen.jpg.seen.jpg", "car.png.4.seen.jpg"]
    assert second.read_bytes() == before
    assert (tmp_path / "car.png.2.seen.jpg").read_bytes() == before


def test_two_inputs_of_one_name_are_two_drawn_pictures(look, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    paths = [save(tmp_path / folder / "car.png") for folder in "ab"]
    look(*paths, "--draw", tmp_path / "drawn")
    assert sorted(os.listdir(tmp_path / "drawn")) == ["car.png.2.seen.jpg", "car.png.seen.jpg"]


def test_a_name_of_any_length_and_any_bytes(look, tmp_path):
    for name in ("ü" * 120 + ".png", os.fsdecode(b"\xff\xfe.png"), "-.png", " .png"):
        status, out, _ = look(save(tmp_path / name), "--draw", tmp_path / "drawn", "--json")
        assert status == 0
        assert len(json.loads(out)["drawn"]) == 1


def test_a_folder_that_is_none_is_misuse(look, tmp_path):
    path = save(tmp_path / "car.png")
    status, out, err = look(path, "--draw", path)
    assert (status, out) == (2, "")
    assert f"--draw {path}" in err


def test_what_cannot_be_written_is_said(look, tmp_path):
    path = save(tmp_path / "car.png")
    (tmp_path / "drawn" / "car.png.seen.jpg").mkdir(parents=True)
    status, out, err = look(path, "--draw", tmp_path / "drawn")
    assert status == 1
    assert TEXT in out
    assert "cannot be written" in err
    assert os.listdir(tmp_path / "drawn") == ["car.png.seen.jpg"]  # and nothing half done beside it


def test_nothing_is_written_over_a_plate_or_over_what_is_written_already(tmp_path):
    drawer = Drawer(tmp_path, [], fonts=())
    vehicle = {"kind": "car", "found": 0.8, "box": [20, 81, 120, 110]}
    corners = [[40, 60], [100, 60], [100, 80], [40, 80]]
    plate = {"text": "AB1", "read": 0.9, "box": PLATE_BOX, "corners": corners}

    def ground(**found):
        """How much of a picture is the ground of what is written; the scene is brighter everywhere."""
        return int((np.asarray(drawer.drawn(scene(), found)).max(axis=2) < 40).sum())

    one = ground(vehicles=[vehicle])
    assert ground(vehicles=[vehicle] * 4) > 3.8 * one  # each has its own place, up to a common line of pixels
    assert ground(vehicles=[vehicle], plates=[plate]) == one + ground(plates=[plate])
    shown = np.asarray(drawer.drawn(scene(), {"vehicles": [vehicle], "plates": [plate]}))
    assert (shown[62 * 6 : 78 * 6, 42 * 6 : 98 * 6] == BRIGHT + 20).all()  # 6 times as large, and whole


def test_without_a_chinese_font_plates_are_numbered_and_it_is_said(tmp_path):
    drawer = Drawer(tmp_path, [], fonts=())
    assert drawer.font_missing
    found = {
        "plates": [{"text": TEXT, "read": 0.9, "box": PLATE_BOX, "corners": [[40, 60], [100, 60], [100, 80], [40, 80]]}]
    }
    drawn = np.asarray(drawer.drawn(scene(), found))
    assert drawn.shape == (720, 960, 3)
    thing = {"vehicles": [{"kind": "car", "found": 0.9, "box": [20, 30, 90, 90]}]}
    called = Drawer(tmp_path, [], fonts=(), word=lambda _kind: "汽车")  # its own word instead of two boxes
    assert np.array_equal(np.asarray(called.drawn(scene(), thing)), np.asarray(drawer.drawn(scene(), thing)))
    assert not np.array_equal(drawn, np.asarray(Image.fromarray(scene()).resize((960, 720))))


# -- models and arguments ---------------------------------------------------------------------------------------------


def test_a_model_that_is_missing_is_said_and_the_rest_done(look, tmp_path):
    path = save(tmp_path / "car.png")
    status, out, err = look(path, "--json", stages=STAGES._replace(faces=None), missing={"faces": "run `make models`"})
    assert status == 1
    assert "make models" in err
    told = json.loads(out)
    assert told["missing"] == {"faces": "run `make models`"}
    assert told["plates"]
    assert "faces" not in told["ms"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_model_that_cannot_be_had_is_said_in_the_readers_language(look, tmp_path, language):
    values = {"name": "vehicles", "path": "/m/vehicles.tflite", "why": "gone", "runtime": "x", "here": "y"}
    said = {texts(language).say(f"recognise.model.{word}", **values) for word in WORDS}
    assert len(said) == len(WORDS)
    error = ModelError("in English", "damaged", name="vehicles", path="/m/vehicles.tflite")
    stages = STAGES._replace(vehicles=None)
    status, _, err = look(
        save(tmp_path / "car.png"), "--language", language, stages=stages, missing={"vehicles": error}
    )
    assert status == 1
    assert texts(language).say("recognise.model.damaged", name="vehicles", path="/m/vehicles.tflite") in err


def test_without_any_model_nothing_is_looked_at(look, tmp_path):
    status, out, err = look(save(tmp_path / "car.png"), "--only", "plates", stages=Stages(), missing={"plates": "gone"})
    assert (status, out) == (1, "")
    assert "gone" in err


@pytest.mark.parametrize(
    "words",
    [(), ("x.jpg", "--every", "0"), ("x.jpg", "--every", "1.5"), ("x.jpg", "--frames", "-1"), ("x", "--frames", "²"),
     ("x.jpg", "--frames", "9" * 400), ("x.jpg", "--only", "wheels"), ("x.jpg", "--only", ""), ("a\0b",), ("",),
     ("x.jpg", "--draw", ""), ("x.jpg", "--language", "xx"), ("x.jpg", "--fly")],
)  # fmt: skip
def test_wrong_arguments_are_misuse(menshen, words):
    answer = menshen("recognise", *words)
    assert (answer.status, answer.out) == (2, "")
    assert "usage: menshen recognise" in answer.err


def test_real_models_on_a_real_picture(menshen, tmp_path):
    demand(*NAMES)
    scene = ROOT.parent / "shared" / "data" / "dev" / "scenes_cn" / "easypr_0000.jpg"
    if not scene.is_file():
        pytest.skip(f"{scene.parent} is not here: pictures come beside the project, in ../shared/data")
    answer = menshen("recognise", scene, "--only", "vehicles", "--json", "--draw", tmp_path)
    told = json.loads(answer.out)
    assert answer.status == 0
    left, top, right, low = told["vehicles"][0]["box"]  # the plate's label: 121, 169, 96 x 28
    assert told["vehicles"][0]["kind"] == "car"
    assert left < 121 < 217 < right
    assert top < 169 < 197 < low
    assert load(tmp_path / "easypr_0000.jpg.seen.jpg").shape == (600, 800, 3)  # twice as large as 400 x 300


@pytest.mark.parametrize("room", ["recognise", "evaluate"])
def test_without_the_packages_of_recognition_it_is_said_which_to_install(room):
    source = f"""import sys
for name in ("numpy", "PIL"):
    sys.modules[name] = None  # as where they are not installed
from firmware.__main__ import main
main(["{room}", "--help"])
"""
    ended = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, cwd=ROOT)
    assert ended.returncode == 2
    assert "menshen[vision]" in ended.stderr
    assert "Traceback" not in ended.stderr
