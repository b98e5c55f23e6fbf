"""Plates on vehicles over frames: whose plate it is, which way it goes, and what is no plate at all."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.sightings import CameraOrder
from firmware.vision.badges import like_a_word, why_not
from firmware.vision.carriers import Carrier, hanging, odd
from firmware.vision.plate_follower import VehicleFollower, follower_of
from firmware.vision.track import TRACKS_MAX, Line, Seen, Tracker
from firmware.vision.work import Detection

SIZE = (1280, 720)
FRAME_NS = 100_000_000
PLATE = "粤B12345"


def vehicle(x, y=400, wide=360, high=300, label="car"):
    return Detection("vehicle", (x - wide / 2, y - high / 2, x + wide / 2, y + high / 2), 0.9, label)


def person(x, y=400, wide=120, high=340):
    return Detection("person", (x - wide / 2, y - high / 2, x + wide / 2, y + high / 2), 0.9, "person")


def plate(x, y, text=PLATE, wide=90, high=28, found=0.9, read=0.95):
    return Detection("plate", (x - wide / 2, y - high / 2, x + wide / 2, y + high / 2), found, "", text, read)


def car_with(x, text=PLATE, y=400, scale=1.0, **more):
    """A car with its plate on the bumper."""
    return [vehicle(x, y, 360 * scale, 300 * scale), plate(x, y + 100 * scale, text, 90 * scale, 28 * scale, **more)]


def follower(**more):
    return VehicleFollower(2, **{"vehicle_needed": True, **more})


def told(frames, by=None):
    """What is told in each frame."""
    by = by or follower()
    return [by.see(frame, n * FRAME_NS, SIZE) for n, frame in enumerate(frames)]


def texts(answers):
    return {voted.text for frame in answers for voted in frame if voted.kind == "plate"}


def test_a_car_with_its_plate_is_told_from_the_second_frame_on():
    answers = told([car_with(600, y=300 + 10 * n, scale=1 + 0.03 * n) for n in range(8)])
    assert [len(frame) for frame in answers] == [0, 1, 1, 1, 1, 1, 1, 1]
    last = answers[-1][0]
    assert (last.text, last.reads, last.direction, last.vehicle, last.kind) == (PLATE, 8, "towards", "car", "plate")
    assert len({frame[0].track for frame in answers[1:]}) == 1


@pytest.mark.parametrize(("asked", "first"), [(2, 3), (3, 3), (4, 4)])
def test_of_a_plate_two_reads_are_too_few_whatever_a_camera_asks_for(asked, first):
    order = CameraOrder("lane", "picamera2", 10, SIZE, (), (), ("plate",), asked)
    answers = told([car_with(600, y=300 + 10 * n, scale=1 + 0.03 * n) for n in range(6)], follower_of(order))
    assert [len(frame) for frame in answers] == [0] * (first - 1) + [1] * (7 - first)


def test_a_car_that_goes_away():
    assert told([car_with(600, scale=1 - 0.03 * n) for n in range(8)])[-1][0].direction == "away"


def test_two_cars_side_by_side_keep_their_plates():
    frames = [car_with(400, "粤B11111", y=300 + 5 * n) + car_with(770, "粤B22222", y=300 + 5 * n) for n in range(10)]
    answers = told(frames)
    numbers = {(voted.text, voted.track) for frame in answers for voted in frame}
    assert {text for text, _ in numbers} == {"粤B11111", "粤B22222"}
    assert len(numbers) == 2
    for frame in answers[1:]:
        assert {voted.text: voted.box[0] < 600 for voted in frame} == {"粤B11111": True, "粤B22222": False}


def test_one_overtakes_the_other_and_no_vote_goes_over():
    """Each is read four times before they cross and four times after: none ever counts for the other."""
    frames = []
    for n in range(30):
        slow, fast = car_with(700 + 4 * n, "粤B11111", y=460), car_with(100 + 34 * n, "粤B22222", y=300, scale=0.7)
        hidden = abs(700 + 4 * n - 100 - 34 * n) < 280
        frames.append(slow if hidden else slow + fast)
    for frame in told(frames):
        for voted in frame:
            assert voted.text == ("粤B11111" if voted.box[1] > 500 else "粤B22222")


def test_cars_behind_each_other_whose_boxes_overlap_have_a_plate_each():
    """The rear one's plate lies in both boxes: the front one has its own, lower and in its middle."""
    front, rear = vehicle(640, 440, 420, 360), vehicle(520, 380, 420, 330)
    plates = [plate(640, 560, "粤B11111", 105, 32), plate(520, 480, "粤B22222", 100, 30)]
    for things in ([front, rear], [rear, front]):
        answers = told([[*things, *plates]] * 4)
        assert texts(answers) == {"粤B11111", "粤B22222"}


def test_a_motorcycle_before_a_car_carries_its_own_plate():
    frame = [
        vehicle(640, 400, 600, 440),
        vehicle(600, 470, 150, 240, "motorcycle"),
        plate(600, 540, "粤BA1234", 60, 32),
    ]
    assert {voted.vehicle for frame in told([frame] * 3) for voted in frame} == {"motorcycle"}


def test_a_plate_behind_a_post_for_a_moment_goes_on_with_its_votes():
    frames = [car_with(300 + 20 * n) for n in range(20)]
    for n in range(8, 12):
        frames[n] = frames[n][:1]
    for n in range(14, 16):
        frames[n] = []
    answers = told(frames)
    assert answers[12][0].reads == 9
    assert answers[16][0].reads == 11
    assert len({voted.track for frame in answers for voted in frame}) == 1


def test_the_vehicle_that_is_not_seen_for_a_frame_still_carries_its_plate():
    frames = [car_with(300 + 20 * n) if n % 2 == 0 else car_with(300 + 20 * n)[1:] for n in range(12)]
    answers = told(frames)
    assert all(frame[0].vehicle == "car" for frame in answers[1:])


def test_a_fast_vehicle_that_is_not_seen_carries_its_plate_where_it_should_be():
    frames = [car_with(100 + 150 * n) for n in range(4)] + [car_with(100 + 150 * n)[1:] for n in (4, 5)]
    assert [voted.vehicle for frame in told(frames)[1:] for voted in frame] == ["car"] * 5


def test_another_plate_has_a_way_of_its_own():
    """A smaller plate after a larger one on a car that stands: nothing went away."""
    frames = [car_with(600)] * 6 + [[vehicle(600), plate(600, 500, "京A88731", 70, 22)]] * 6
    assert told(frames)[-1][0].direction == "unknown"


def test_of_two_plates_that_fit_one_vehicle_the_second_hangs_at_the_other():
    """Both would hang best at the left one: the one that hangs best there has it."""
    tracker = Tracker()
    boxes = [(0.0, 0.0, 400.0, 300.0), (150.0, 0.0, 650.0, 300.0)]
    tracks = tracker.see([Seen("four wheels", "car", box, 0.9) for box in boxes], 0, SIZE)
    carriers = [Carrier(track, track.box) for track in tracks]
    plates = [plate(240, 213, "粤B22222", 100, 30), plate(200, 213, "粤B11111", 100, 30)]
    assert [odd(each.box, boxes[0]) < odd(each.box, boxes[1]) for each in plates] == [True, True]
    assert [each.carrier.box for each in hanging(plates, carriers)] == [boxes[1], boxes[0]]
    assert [each.carrier.box for each in hanging(plates[:1], carriers)] == [boxes[0]]


@pytest.mark.attack("plate-16")
def test_a_plate_that_is_swapped_while_the_car_stands_is_another_sighting():
    answers = told([car_with(600, "粤B12345")] * 6 + [car_with(600, "京A88731")] * 6)
    first, second = answers[5][0], answers[11][0]
    assert (first.text, second.text) == ("粤B12345", "京A88731")
    assert first.track != second.track
    assert second.reads == 6
    assert answers[6] == []


def test_a_plate_that_flickers_between_two_texts_is_told_as_neither():
    assert texts(told([car_with(600, "粤B12845" if n % 2 else "粤B12B45") for n in range(30)])) == set()


@pytest.mark.attack("plate-12")
def test_a_printed_plate_without_a_vehicle_is_told_only_where_no_vehicle_is_asked_for():
    frames = [[plate(600, 400)] for _ in range(10)]
    by = follower()
    assert texts(told(frames, by)) == set()
    assert by.refused["no vehicle"] == 10
    assert texts(told(frames, follower(vehicle_needed=False))) == {PLATE}


@pytest.mark.attack("plate-10")
@pytest.mark.parametrize("needed", [True, False])
def test_a_printed_plate_that_somebody_holds_is_never_told(needed):
    by = follower(vehicle_needed=needed)
    assert texts(told([[person(600), plate(600, 420)] for _ in range(10)], by)) == set()
    assert by.refused["held"] == 10


@pytest.mark.attack("plate-11")
@pytest.mark.parametrize("at", [(600, 420), (560, 430), (600, 500)])
def test_a_printed_plate_that_somebody_holds_before_a_strangers_car_is_never_told(at):
    """It lies in the car's box, too, where a plate may hang; the car's own plate is hidden, or is read beside it."""
    x, y = at
    by = follower()
    hidden = [[vehicle(600), person(x, 400), plate(x, y, "粤B12345")] for _ in range(10)]
    assert texts(told(hidden, by)) == set()
    assert by.refused["held"] == 10
    assert texts(told([[*car_with(600, "京A88731"), person(500), plate(500, 420, "粤B12345")]] * 10)) == {"京A88731"}


def test_whoever_walks_behind_or_past_a_car_does_not_take_its_plate():
    """The driver behind the windscreen, somebody behind the bonnet, and somebody who passes in front of it."""
    driver, behind = person(600, 330, 110, 120), person(640, 340, 120, 260)
    assert texts(told([[*car_with(600), driver, behind]] * 4)) == {PLATE}
    passing = [[*car_with(600), person(200 + 40 * n)] for n in range(20)]
    answers = told(passing)
    assert texts(answers) == {PLATE}
    assert sum(bool(frame) for frame in answers) >= 15


def test_a_rider_with_a_plate_below_is_told():
    bike = vehicle(600, 450, 160, 260, "motorcycle")
    answers = told([[bike, person(600, 350), plate(600, 520, "粤BA1234", 70, 36)] for _ in range(4)])
    assert (answers[-1][0].text, answers[-1][0].vehicle) == ("粤BA1234", "motorcycle")


@pytest.mark.attack("plate-13")
@pytest.mark.parametrize("at_vehicle", [True, False])
def test_a_screen_with_many_plates_is_told_as_none(at_vehicle):
    """A wall of plates, on a car's roof rack or alone, in every frame in the same places."""
    wall = [plate(470 + 65 * (k % 5), 380 + 40 * (k // 5), f"粤B{10000 + k}", 60, 20) for k in range(20)]
    by = follower(vehicle_needed=False)
    frame = [vehicle(600, 420, 380, 320), *wall] if at_vehicle else wall
    assert texts(told([frame] * 20, by)) == set()
    assert by.refused["crowd"] == 20


def test_plates_without_number_do_not_grow_anything():
    """Each frame another wall of other plates: bounded, and nothing told."""
    by = follower(vehicle_needed=False)
    for n in range(300):
        frame = [
            plate(50 + (97 * k + 31 * n) % 1180, 30 + (53 * k + 17 * n) % 660, f"粤B{n:03d}{k:02d}", 60, 20)
            for k in range(60)
        ]
        frame += [vehicle((211 * k + 71 * n) % 1280, 300, 100 + k, 80) for k in range(20)]
        assert by.see(frame, n * FRAME_NS, SIZE) == []
        assert len(by._hung) <= 3 * TRACKS_MAX
        assert len(by.refused) <= 16


BADGES = {  # what it says, and how it hangs at a car of 360 x 300 pixels at (600, 400)
    "a sticker on the windscreen": (plate(600, 300, "GOOD11", 90, 28), "place"),
    "a small emblem": (plate(600, 480, "C00D", 20, 8), "small"),
    "a lettered trunk lid from side to side": (plate(600, 460, "TRANSIT9", 300, 44), "size"),
    "a line of print": (plate(600, 460, "ABC1234", 120, 10), "shape"),
    "writing that no plate carries": (plate(600, 480, "';DROP--", 90, 28), "syntax"),
    "a shadow with no reading": (plate(600, 480, "", 90, 28), "unread"),
    "something that hardly looks like a plate": (plate(600, 480, "AB1234", 90, 28, found=0.2), "unsure"),
}


@pytest.mark.attack("plate-14")
@pytest.mark.parametrize("badge", BADGES)
def test_what_is_no_plate_says_why(badge):
    hangs, why = BADGES[badge]
    car = vehicle(600)
    assert why_not(hangs, "car", car.box) == why
    by = follower()
    assert texts(told([[car, hangs]] * 10, by)) == set()
    assert by.refused[why] == 10


@pytest.mark.attack("plate-15")
@pytest.mark.parametrize("word", ["AUDI", "C00D", "GOOD", "BUYME", "TURBO"])
def test_beside_its_plate_a_badge_is_nothing(word):
    frames = [[*car_with(600), plate(600, 380, word, 70, 22, found=0.95, read=0.99)] for _ in range(10)]
    assert texts(told(frames)) == {PLATE}


@pytest.mark.parametrize("word", ["AUDI", "C00D", "BUYME"])
def test_what_may_be_a_word_needs_twice_as_many_reads(word):
    answers = told([car_with(600, word)] * 5)
    assert [len(frame) for frame in answers] == [0, 0, 0, 1, 1]


@pytest.mark.parametrize(
    ("text", "wordlike"), [("AUDI", True), ("C00D", True), ("M5XSX", False), ("8ABC123", False), ("使014578", False)]
)
def test_words(text, wordlike):
    assert like_a_word(text) is wordlike


def test_a_line_goes_before_growth():
    """Backwards over the line that means out, while the camera sees it grow."""
    line = Line((0.0, 0.7), (1.0, 0.7))
    answers = told([car_with(600, y=300 + 10 * n, scale=1 + 0.02 * n) for n in range(12)], follower(line=line))
    assert answers[-1][0].direction == "towards"
    other = Line(line.end, line.start)
    answers = told([car_with(600, y=300 + 10 * n, scale=1 + 0.02 * n) for n in range(12)], follower(line=other))
    assert answers[-1][0].direction == "away"


@pytest.mark.parametrize(("line", "direction"), [((), "towards"), (((1.0, 0.7), (0.0, 0.7)), "away")])
def test_a_cameras_order_says_how_it_is_followed(line, direction):
    """It grows, and goes down over the line from its right side."""
    order = CameraOrder("gate", "picamera2", 10, SIZE, (), (), ("plate",), 2, line=line)
    frames = [car_with(600, y=300 + 10 * n, scale=1 + 0.02 * n) for n in range(12)]
    assert told(frames, follower_of(order))[-1][0].direction == direction


def test_objects_are_told_where_they_are_wanted():
    frames = [[vehicle(300 + 10 * n, label="truck"), person(900)] for n in range(4)]
    assert [len(frame) for frame in told(frames)] == [0] * 4
    answers = told(frames, follower(objects=True))
    both = ["person", "truck"]
    assert [sorted(voted.text for voted in frame) for frame in answers] == [[], [], both, both]
    assert {voted.kind for voted in answers[-1]} == {"object"}


def test_a_plate_and_its_vehicle_have_numbers_of_their_own():
    """Evidence is kept by number: a frame of the car is no evidence of what was read in another one."""
    answers = told([car_with(600)] * 4, follower(objects=True))
    assert len({voted.track for voted in answers[-1]}) == 2


detections = st.builds(
    lambda kind, label, x, y, w, h, sure, text, read: Detection(
        kind, (x, y, x + w, y + h), sure, label if kind == "vehicle" else "", text if kind == "plate" else "", read
    ),
    st.sampled_from(["plate", "plate", "vehicle", "person", "dog", "face"]),
    st.sampled_from(["car", "truck", "bus", "motorcycle", "bicycle", "vehicle"]),
    st.floats(-50, 1300),
    st.floats(-50, 730),
    st.floats(0, 900),
    st.floats(0, 700),
    st.floats(0, 1),
    st.sampled_from(["", PLATE, "粤B1234S", "C00D", "'; DROP TABLE", "京A88731"]),
    st.floats(0, 1),
)


@settings(deadline=None)
@given(st.lists(st.tuples(st.lists(detections, max_size=10), st.integers(0, 4 * 10**9)), max_size=25), st.booleans())
def test_whatever_is_seen_what_is_told_is_in_the_frame_and_was_read_in_two(frames, needed):
    by = follower(vehicle_needed=needed)
    at_ns, so_far = 0, {}
    for frame, later_ns in frames:
        at_ns += later_ns
        for text in {each.text for each in frame if each.kind == "plate"}:
            so_far[text] = so_far.get(text, 0) + 1
        for voted in by.see(frame, at_ns, SIZE):
            assert any(each.kind == "plate" and each.box == voted.box and each.text == voted.text for each in frame)
            assert 2 <= voted.reads <= so_far[voted.text]
            assert 0 <= voted.found <= 1
            assert 0 <= voted.read <= 1
            assert voted.direction in ("towards", "away", "unknown")
            if needed:
                assert voted.vehicle
        assert len(by._hung) <= 3 * TRACKS_MAX
