"""The tracker: the same thing keeps its number over frames, another one never gets it, nothing grows without end."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.vision.track import (
    GAP_NS,
    LOST_FRAMES,
    LOST_NS,
    TRACKS_MAX,
    Growth,
    Line,
    Seen,
    Tracker,
    overlap,
)

SIZE = (1280, 720)
FRAME_NS = 100_000_000  # ten a second


def car(x, y, wide=300, high=240, label="car", group="four wheels", sure=0.9):
    """A car by the middle of its box."""
    return Seen(group, label, (x - wide / 2, y - high / 2, x + wide / 2, y + high / 2), sure)


def followed(frames, tracker=None, step_ns=FRAME_NS):
    """The numbers that each frame's things get."""
    tracker = tracker or Tracker()
    numbers = []
    for place, things in enumerate(frames):
        numbers.append([track and track.number for track in tracker.see(things, place * step_ns, SIZE)])
    return numbers


@settings(deadline=None)
@given(
    x=st.floats(300, 900),
    y=st.floats(250, 450),
    speed_x=st.floats(-60, 60),
    speed_y=st.floats(-40, 40),
    growth=st.floats(0.93, 1.08),
)
def test_one_car_is_one_track(x, y, speed_x, speed_y, growth):
    frames = [[car(x + speed_x * n, y + speed_y * n, 200 * growth**n, 160 * growth**n)] for n in range(12)]
    assert {number for frame in followed(frames) for number in frame} == {1}


@settings(deadline=None)
@given(st.permutations([0, 1, 2]), st.integers(0, 11))
def test_the_order_of_a_frames_detections_does_not_matter(order, when):
    ways = [(300, 5), (700, -4), (1000, 3)]
    frames = []
    for n in range(12):
        things = [car(x + speed * n, 400, 180, 150) for x, speed in ways]
        frames.append(things if n != when else [things[place] for place in order])
    numbers = followed(frames)
    # who was first in the first frame is the first still, wherever it stands in the list
    start = numbers[0] if when else [numbers[0][order.index(place)] for place in range(3)]
    for n, frame in enumerate(numbers):
        assert [frame[order.index(place)] for place in range(3)] == start if n == when else frame == start


def test_two_cars_side_by_side_stay_two():
    frames = [[car(400 + n, 300 + 4 * n, 300), car(705 + n, 300 + 4 * n, 300)] for n in range(20)]
    assert followed(frames) == [[1, 2]] * 20


def test_a_car_that_overtakes_keeps_its_number():
    """The fast one passes behind the slow one; for four frames only one box is seen where they cross."""
    frames = []
    for n in range(30):
        slow, fast = car(600 + 4 * n, 420, 260, 200), car(150 + 30 * n, 330, 220, 170)
        hidden = abs(slow.box[0] + 130 - fast.box[0] - 110) < 60
        frames.append([slow] if hidden else [slow, fast])
    numbers = followed(frames)
    assert any(len(frame) == 1 for frame in numbers)
    assert {frame[0] for frame in numbers} == {1}
    assert {frame[1] for frame in numbers if len(frame) == 2} == {2}


def test_two_that_pass_each_other_do_not_change_their_numbers():
    frames = [[car(200 + 40 * n, 330, 200, 160), car(1000 - 40 * n, 350, 200, 160)] for n in range(20)]
    # from the middle on the second in the list is at the left
    frames = [sorted(frame, key=lambda seen: seen.box[0]) for frame in frames]
    numbers = followed(frames)
    assert numbers[0] == [1, 2]
    assert numbers[-1] == [2, 1]


def test_two_that_meet_behind_a_post_come_out_on_their_own_sides():
    """Alike in everything but their speeds: only where they were going tells them apart."""
    tracker, numbers = Tracker(), []
    for n in range(24):
        places = (200 + 35 * n, 1000 - 35 * n)
        seen = [] if abs(places[0] - places[1]) < 180 else [car(x, 400, 120, 90) for x in sorted(places)]
        numbers.append([track.number for track in tracker.see(seen, n * FRAME_NS, SIZE)])
    assert numbers[0] == [1, 2]
    assert [] in numbers
    assert numbers[-1] == [2, 1]


def test_what_is_ten_times_as_large_is_something_else():
    tracker = Tracker()
    tracker.see([car(600, 400, 60, 50)], 0, SIZE)
    assert tracker.see([car(600, 400, 600, 500)], FRAME_NS, SIZE)[0].number == 2


def test_what_is_hidden_for_a_second_is_the_same_and_for_longer_is_another():
    tracker = Tracker()
    assert tracker.see([car(600, 400)], 0, SIZE)[0].number == 1
    for n in range(1, 11):
        tracker.see([], n * FRAME_NS, SIZE)
    assert tracker.see([car(600, 400)], 11 * FRAME_NS, SIZE)[0].number == 1
    for n in range(12, 30):
        tracker.see([], n * FRAME_NS, SIZE)
    assert tracker.see([car(600, 400)], 30 * FRAME_NS, SIZE)[0].number == 2


@pytest.mark.parametrize("step_ns", [1_000_000_000, 2_000_000_000, GAP_NS])
def test_what_stands_is_the_same_though_looks_are_rare(step_ns):
    assert followed([[car(600, 400)]] * 20, step_ns=step_ns) == [[1]] * 20


@pytest.mark.parametrize("at_ns", [-1, GAP_NS + 1])
def test_a_jump_in_time_begins_anew(at_ns):
    tracker = Tracker()
    tracker.see([car(600, 400)], 10**12, SIZE)
    assert tracker.see([car(600, 400)], 10**12 + at_ns, SIZE)[0].number == 2


def test_another_size_begins_anew():
    tracker = Tracker()
    tracker.see([car(600, 400)], 0, SIZE)
    assert tracker.see([car(600, 400)], FRAME_NS, (640, 360))[0].number == 2


def test_a_person_is_not_the_car_it_stands_before():
    tracker = Tracker()
    tracker.see([car(600, 400)], 0, SIZE)
    assert tracker.see([car(600, 400, group="person", label="person")], FRAME_NS, SIZE)[0].number == 2


def test_a_car_that_is_called_a_truck_once_stays_a_car():
    tracker = Tracker()
    labels = ["car", "car", "truck", "car", "truck"]
    for n, label in enumerate(labels):
        (track,) = tracker.see([car(600, 400, label=label)], n * FRAME_NS, SIZE)
    assert (track.number, track.label) == (1, "car")


def test_what_is_called_a_truck_once_and_else_a_vehicle_is_a_truck():
    """One of the two detectors knows no better word."""
    tracker = Tracker()
    for n, label in enumerate(["vehicle", "vehicle", "truck", "vehicle"]):
        (track,) = tracker.see([car(600, 400, label=label)], n * FRAME_NS, SIZE)
    assert (track.number, track.label) == (1, "truck")


boxes = st.tuples(st.floats(0, 1200), st.floats(0, 700), st.floats(1, 900), st.floats(1, 700), st.floats(0, 1))
chaos = st.lists(
    st.tuples(st.lists(boxes, max_size=12), st.integers(0, 2 * LOST_NS)),
    max_size=40,
)


@settings(deadline=None)
@given(chaos, st.integers(1, 8))
def test_whatever_comes_tracks_are_few_numbers_new_and_boxes_sound(frames, most):
    tracker = Tracker(most=most)
    at_ns, born, ended = 0, set(), set()
    for things, later_ns in frames:
        at_ns += later_ns
        seen = [Seen("four wheels", "car", (x, y, x + w, y + h), sure) for x, y, w, h, sure in things]
        tracks = tracker.see(seen, at_ns, SIZE)
        assert len(tracks) == len(seen)
        given_now = [track.number for track in tracks if track]
        assert len(given_now) == len(set(given_now))
        living = {track.number for track in tracker.tracks}
        assert len(living) <= most
        assert set(given_now) <= living
        assert not living & ended
        ended |= born - living
        born |= living
        for track in tracker.tracks:
            left, top, right, bottom = track.at(at_ns + LOST_NS)
            assert left < right
            assert top < bottom
        for track, thing in zip(tracks, seen, strict=True):
            assert track is None or track.box == thing.box


@settings(deadline=None)
@given(chaos)
def test_the_same_frames_give_the_same_tracks(frames):
    def run():
        tracker, at_ns, told = Tracker(), 0, []
        for things, later_ns in frames:
            at_ns += later_ns
            seen = [Seen("four wheels", "car", (x, y, x + w, y + h), sure) for x, y, w, h, sure in things]
            told.append([track and track.number for track in tracker.see(seen, at_ns, SIZE)])
        return told

    assert run() == run()


def test_flicker_of_strangers_does_not_push_out_who_is_seen():
    """A screen that shows other cars in each frame: the one on the lane keeps its number."""
    tracker = Tracker(most=TRACKS_MAX)
    for n in range(200):
        strangers = [car((137 * (n * 40 + k)) % 1200, (89 * (n * 40 + k)) % 200, 20, 16, sure=0.99) for k in range(40)]
        tracks = tracker.see([car(640, 560), *strangers], n * FRAME_NS, SIZE)
        assert tracks[0].number == 1
        assert len(tracker.tracks) <= TRACKS_MAX


def test_tracks_end():
    tracker = Tracker()
    tracker.see([car(600, 400)], 0, SIZE)
    for n in range(1, 40):
        tracker.see([], n * FRAME_NS, SIZE)
    assert tracker.tracks == ()
    assert LOST_FRAMES * FRAME_NS < LOST_NS


@pytest.mark.parametrize(("factor", "direction"), [(1.03, "towards"), (0.97, "away"), (1.0, "unknown")])
def test_what_grows_comes_towards(factor, direction):
    tracker = Tracker()
    for n in range(10):
        (track,) = tracker.see([car(600, 400, 200 * factor**n, 160 * factor**n)], n * FRAME_NS, SIZE)
    assert track.growth.direction == direction


def test_who_has_come_and_stands_has_still_come():
    growth = Growth()
    for n in range(10):
        growth.see(100 + 10 * n, n * FRAME_NS)
    for n in range(10, 200):
        growth.see(190, n * FRAME_NS)
    assert growth.direction == "towards"
    for n in range(200, 220):
        growth.see(190 - 5 * (n - 200), n * FRAME_NS)
    assert growth.direction == "away"


def test_what_was_long_ago_says_nothing_of_the_way_now():
    """It came, stood for a while, and goes back a little: away, though it is larger than it was at first."""
    growth = Growth()
    for second, px in enumerate([100, 120, 140, 140, 140, 140, 140, 140, 140, 135, 130, 128]):
        growth.see(px, second * 1_000_000_000)
    assert growth.direction == "away"


def test_what_the_frame_cuts_off_says_nothing_of_its_way():
    """A car that drives out of the picture at its side gets narrower, and does not go away."""
    tracker = Tracker()
    for n in range(10):
        seen = Seen("four wheels", "car", (900.0 + 20 * n, 300.0, 1280.0, 600.0), 0.9)
        (track,) = tracker.see([seen], n * FRAME_NS, SIZE)
    assert track.growth.direction == "unknown"


LINE = Line((1.0, 0.7), (0.0, 0.7))  # walked from right to left, so that its left side is below


@pytest.mark.parametrize(("speed", "crossed"), [(20, "away"), (-20, "towards"), (0, "unknown")])
def test_a_line_says_which_way_by_the_foot_of_the_box(speed, crossed):
    """The foot goes from 0.69 of the height over the line at 0.7 and back."""
    tracker = Tracker()
    y = 376 if speed >= 0 else 480
    for n in range(6):
        (track,) = tracker.see([car(600, y + speed * n)], n * FRAME_NS, SIZE)
        track.cross(LINE, SIZE)
    assert track.crossed == crossed


def test_left_of_a_line_is_left_of_who_walks_along_it():
    up = Line((0.5, 1.0), (0.5, 0.0))  # walked up the picture
    assert up.side(0.2, 0.5) > 0 > up.side(0.8, 0.5)
    right = Line((0.0, 0.5), (1.0, 0.5))
    assert right.side(0.5, 0.2) > 0 > right.side(0.5, 0.8)


def test_overlap():
    assert overlap((0, 0, 2, 2), (0, 0, 2, 2)) == 1
    assert overlap((0, 0, 2, 2), (1, 0, 3, 2)) == pytest.approx(1 / 3)
    assert overlap((0, 0, 2, 2), (2, 0, 3, 2)) == 0
