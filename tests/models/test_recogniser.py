"""The recogniser over stages of the test's own: what is asked for runs, in its order, timed, calibrated, of a kind."""

import itertools
from collections import Counter

import numpy as np
import pytest

from models.calibration import Curve
from models.drawn.plate import any_plate
from models.manifest import ModelError
from models.plates.ctc import NOTHING, Read
from models.plates.detector import Found
from models.plates.kind import HEIGHT, WIDTH, colour_of, kind_of
from models.recogniser import FaceBox, Recogniser, Stages, curve_for, stages_of
from models.vehicles import Thing
from models.warp import box_of, straightened

PICTURE = np.full((60, 100, 3), 90, np.uint8)
CAR = Thing("car", (0.0, 0.0, 90.0, 60.0), 0.9)
PLATE = Found(box_of(20, 30, 44, 14), 0.8)
READ = Read("京A88731", 0.9, (1.0,) * 7, "京A8873I")


class Asked:
    """Stages that answer as they were told, and write down who was asked."""

    def __init__(self, read=READ, plates=(PLATE,)):
        self.log = []
        self._read, self._plates = read, plates

    def vehicles(self, picture, around):
        self.log.append(("vehicles", None if around is None else list(around)))
        return [CAR]

    def plates(self, picture):
        self.log.append(("plates",))
        return list(self._plates)

    def reading(self, picture, quad):
        self.log.append(("reading", quad.tolist()))
        return self._read

    def faces(self, picture):
        self.log.append(("faces",))
        return [FaceBox((1.0, 2.0, 3.0, 4.0), 0.7)]

    def stages(self, **more):
        return Stages(self.vehicles, self.plates, self.reading, self.faces, **more)


def ticking(step_ns=1_000_000):
    return itertools.count(0, step_ns).__next__


def test_everything_with_its_time():
    asked = Asked()
    seen = Recogniser(asked.stages(), ticking()).recognise(PICTURE)
    assert [each[0] for each in asked.log] == ["plates", "reading", "vehicles", "faces"]
    assert seen.vehicles == (CAR,)
    assert seen.faces == (FaceBox((1.0, 2.0, 3.0, 4.0), 0.7),)
    (plate,) = seen.plates
    assert (plate.text, plate.found, plate.read, plate.second) == ("京A88731", 0.8, 0.9, "京A8873I")
    assert plate.box == (20.0, 30.0, 64.0, 44.0)
    # The clock goes on by 1 ms whenever it is read.
    assert {name: seen.ms[name] for name in ("plates", "reading", "vehicles", "faces")} == {
        "plates": 1.0, "reading": 1.0, "vehicles": 1.0, "faces": 1.0
    }  # fmt: skip
    assert seen.ms["whole"] == 8.0


@pytest.mark.parametrize(
    ("wanted", "ran"),
    [(("plates",), ["plates", "reading"]), (("vehicles",), ["vehicles"]), (("faces",), ["faces"]), ((), [])],
)
def test_only_what_is_wanted_runs(wanted, ran):
    asked = Asked()
    seen = Recogniser(asked.stages(), ticking()).recognise(PICTURE, wanted)
    assert [each[0] for each in asked.log] == ran
    assert set(seen.ms) == {*ran, "whole"}


def test_vehicles_at_half_the_cost_are_looked_for_around_plates():
    asked = Asked()
    Recogniser(asked.stages(), ticking()).recognise(PICTURE, thorough=False)
    assert ("vehicles", [(20.0, 30.0, 64.0, 44.0)]) in asked.log
    asked = Asked()
    Recogniser(asked.stages(), ticking()).recognise(PICTURE)
    assert ("vehicles", None) in asked.log


def test_where_no_plate_is_vehicles_may_be_left_out():
    asked = Asked(plates=())
    seen = Recogniser(asked.stages(), ticking()).recognise(PICTURE, ("plates", "vehicles"), bare=False)
    assert [each[0] for each in asked.log] == ["plates"]
    assert "vehicles" not in seen.ms
    asked = Asked()
    Recogniser(asked.stages(), ticking()).recognise(PICTURE, ("plates", "vehicles"), bare=False)
    assert "vehicles" in [each[0] for each in asked.log]


def test_certainty_is_calibrated_and_what_was_said_is_kept():
    stages = Asked().stages(found=Curve((0.8,), (0.5,)), read=Curve((0.9,), (0.7,)))
    (plate,) = Recogniser(stages, ticking()).recognise(PICTURE).plates
    assert (plate.found, plate.read, plate.said) == (0.5, 0.7, (0.8, 0.9))


def test_a_plate_that_cannot_be_read_is_told_as_such():
    (plate,) = Recogniser(Asked(read=NOTHING).stages(), ticking()).recognise(PICTURE).plates
    assert (plate.text, plate.read, plate.kind) == ("", 0.0, "unknown")
    (bare,) = Recogniser(Asked().stages()._replace(reading=None), ticking()).recognise(PICTURE).plates
    assert (bare.text, bare.found) == ("", 0.8)


def test_stages_that_are_not_there_are_not_asked():
    empty = Recogniser(Stages(), ticking())
    assert empty.has == ()
    assert empty.recognise(PICTURE)[:3] == ((), (), ())
    with pytest.raises(ModelError, match="reader"):
        empty.read(PICTURE, PLATE.quad)


def test_a_plate_whose_corners_are_known_is_read():
    asked = Asked()
    seen = Recogniser(asked.stages(), ticking()).read(PICTURE, box_of(0, 0, 100, 60))
    assert asked.log == [("reading", [[0, 0], [100, 0], [100, 60], [0, 60]])]
    assert seen.text == "京A88731"


def test_a_stage_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match="'wheels' is no stage"):
        stages_of(("wheels",))


def test_a_model_without_a_calibration_is_believed():
    assert curve_for("vehicles") == Curve()
    assert curve_for("no such model") == Curve()


@pytest.mark.parametrize(
    ("text", "kind"),
    [("", "unknown"), ("B1234CD", "latin"), ("沪A1234警", "white"), ("沪A1234学", "yellow"), ("粤Z1234港", "black"),
     ("使123456", "black"), ("沪A1234领", "black"), ("沪AD12345", "green"), ("沪A12345D", "green"),
     ("京B1234挂", "yellow")],
)  # fmt: skip
def test_what_a_plate_says_tells_its_kind(text, kind):
    assert kind_of(PICTURE, box_of(0, 0, 100, 60), text) == kind


@pytest.mark.parametrize("name", ["blue", "yellow", "white", "black"])
@pytest.mark.parametrize("light", [1.0, 0.6])
def test_the_colour_of_drawn_plates_is_theirs(name, light):
    """The drawing varies its colours as much as plates do; half dark a black one may not be told."""
    chance = np.random.default_rng(5)
    told = Counter()
    for _ in range(40):
        plate = any_plate(chance, (name,), 0.5).picture
        dim = (plate * light).astype(np.uint8)
        told[colour_of(straightened(dim, box_of(0, 0, dim.shape[1], dim.shape[0]), HEIGHT, WIDTH))] += 1
    assert told[name] >= 36, told


def test_a_flat_piece_has_no_colour_of_a_plate():
    assert colour_of(np.full((HEIGHT, WIDTH, 3), 128, np.uint8)) == "unknown"
    assert kind_of(PICTURE, np.full((4, 2), np.nan, np.float32), "京A88731") == "unknown"
