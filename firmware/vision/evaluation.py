"""How well plates and vehicles are recognised, measured on a folder of labelled pictures, for `menshen evaluate`.

The figures, each in percent of all labelled plates where nothing else is said; a picture that cannot be read counts:

- `exact`: the text is the label's, both in the normal form of firmware/core/plates.py (no spaces, dots, small letters).
- `exact_ignoring_province`: so too, the first character of a label that begins with a province, and of its text, aside.
- `characters`: the mean of 1 - edits / characters of the label (Levenshtein), at least 0 for each plate.
- `recall`: boxes of labels that a found plate's box overlaps by IoU 0.4; the best pairs first, each box in one pair.
- `precision`: of the found plates those that are so paired. `false_per_picture`: the others, for each picture;
  `false_read_per_picture`: of these such as say something.
- scenes' `exact`: paired, and its text is the label's.
- scenes' `exact_in_boxes`: what is read in the label's own box is its text: the reader alone, without the detector.
- vehicles' `recall`: 80 % of the label's box lie in a vehicle's. What else is a vehicle there nobody has labelled.
- `ms`: the median of a picture, one thread; its file is read before, and one picture is looked at before the first.
- `certainty_error`: how far the certainty of a reading, and being right, are apart (calibration.error_of).
"""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from firmware.core.plates import normal
from firmware.vision.clock import now_ns
from firmware.vision.labels import Box, Label, LabelError, labels, outside
from firmware.vision.vote import letters_apart
from models.calibration import Curve, curve_of, error_of
from models.pictures import PictureError, load
from models.plates.alphabet import PROVINCES
from models.recogniser import Recogniser, SeenPlate
from models.vehicles import MOTOR, Thing
from models.warp import Picture, box_of

IOU_MIN = 0.4
CARRIED_MIN = 0.8  # of a plate's box that lies in its vehicle's
WORST_MAX = 1_000  # rows that are told
MS = 1e6

Progress = Callable[[int, int | None], None]  # done, of how many
Report = dict[str, Any]


class Judged(NamedTuple):
    """One labelled plate and what was made of it. `said`: what the model itself said of how sure it is."""

    label: Label
    found: bool
    text: str
    read: float
    said: float
    in_box: str = ""  # what is read in the label's own box

    @property
    def exact(self) -> bool:
        return self.found and normal(self.text) == self.label.plate


def evaluate_plates(folder: Path, recogniser: Recogniser, progress: Progress) -> tuple[Report, list[Report], Curve]:
    """Read a folder of plates that are cut out. The report, what was wrong, and the reader's calibration on them.

    Raises LabelError, ModelError.
    """
    judged: list[Judged] = []
    unread: dict[str, PictureError] = {}
    times: list[float] = []
    rows = labels(folder, boxes=False)
    for done, label in enumerate(rows):
        progress(done, len(rows))
        picture = _opened(label.path, unread)
        if picture is None:
            judged.append(Judged(label, False, "", 0.0, 0.0))
            continue
        corners = box_of(0, 0, picture.shape[1], picture.shape[0])
        if not times:
            recogniser.read(picture, corners)
        began = now_ns()
        seen = recogniser.read(picture, corners)
        times.append((now_ns() - began) / MS)
        judged.append(Judged(label, True, seen.text, seen.read, seen.said[1]))
    wrong = [_wrong("misread", each) for each in judged if not each.exact]
    read = [each for each in judged if each.found]
    report = {
        "what": "plates",
        **_texts(judged),
        "ms": _median(times),
        "threads": 1,
        "certainty_error": _certainty(read),
        "groups": {name: _texts(some) for name, some in _grouped(judged).items()},
        "unread": unread,
    }
    return report, wrong, curve_of([each.said for each in read], [each.exact for each in read])


def evaluate_scenes(folder: Path, recogniser: Recogniser, progress: Progress) -> tuple[Report, list[Report], Curve]:
    """Find and read the plates of a folder of scenes. The report, what was wrong, and the detector's calibration.

    Raises LabelError.
    """
    judged: list[Judged] = []
    wrong: list[Report] = []
    unread: dict[str, PictureError] = {}
    times: dict[str, list[float]] = defaultdict(list)
    sure: list[tuple[float, bool]] = []
    false, false_read = 0, 0
    scenes = _scenes(folder)
    for done, (path, here) in enumerate(scenes.items()):
        progress(done, len(scenes))
        picture = _opened(path, unread)
        if picture is None:
            judged += [Judged(label, False, "", 0.0, 0.0) for label in here]
            continue
        _check_boxes(folder, here, picture)
        if not times:
            recogniser.recognise(picture, ("plates",))
        seen = recogniser.recognise(picture, ("plates",))
        for name, value in seen.ms.items():
            times[name].append(value)
        pairs = paired([each.box for each in here if each.box], [each.box for each in seen.plates])
        judged += [
            _judged(label, seen.plates, pairs.get(place), _in_box(recogniser, picture, label))
            for place, label in enumerate(here)
        ]
        sure += [(each.said[0], place in pairs.values()) for place, each in enumerate(seen.plates)]
        extra = [each for place, each in enumerate(seen.plates) if place not in pairs.values()]
        false += len(extra)
        false_read += sum(bool(each.text) for each in extra)
        wrong += [_false(path, each) for each in extra]
    wrong = [_wrong("misread" if each.found else "missed", each) for each in judged if not each.exact] + wrong
    found = [each for each in judged if each.found]
    report = {
        "what": "scenes",
        "pictures": len(scenes),
        **_scene_figures(judged),
        "precision": _percent(len(found), len(found) + false),
        "false_per_picture": round(false / max(1, len(scenes)), 4),
        "false_read_per_picture": round(false_read / max(1, len(scenes)), 4),
        "ms": _median(times["whole"]),
        "ms_stages": {name: _median(each) for name, each in times.items() if name != "whole"},
        "threads": 1,
        "certainty_error": _certainty(found),
        "groups": {name: _scene_figures(some) for name, some in _grouped(judged).items()},
        "unread": unread,
    }
    return report, wrong, curve_of([each for each, _ in sure], [right for _, right in sure])


def evaluate_vehicles(folder: Path, recogniser: Recogniser, progress: Progress) -> tuple[Report, list[Report]]:
    """Find the vehicles that carry the plates of a folder of scenes. Raises LabelError."""
    carried: list[tuple[Label, bool]] = []
    unread: dict[str, PictureError] = {}
    times: list[float] = []
    kinds: Counter[str] = Counter()
    scenes = _scenes(folder)
    for done, (path, here) in enumerate(scenes.items()):
        progress(done, len(scenes))
        picture = _opened(path, unread)
        if picture is None:
            carried += [(label, False) for label in here]
            continue
        _check_boxes(folder, here, picture)
        if not times:
            recogniser.recognise(picture, ("vehicles",))
        seen = recogniser.recognise(picture, ("vehicles",))
        times.append(seen.ms["vehicles"])
        kinds.update(each.kind for each in seen.vehicles)
        carried += [(label, any(carries(each, label.box) for each in seen.vehicles)) for label in here]
    report = {
        "what": "vehicles",
        "pictures": len(scenes),
        "plates": len(carried),
        "recall": _percent(sum(hit for _, hit in carried), len(carried)),
        "ms": _median(times),
        "threads": 1,
        "seen": dict(kinds.most_common()),
        "groups": {
            name: {"plates": len(some), "recall": _percent(sum(some), len(some))}
            for name, some in sorted(_hits(carried).items())
        },
        "unread": unread,
    }
    return report, [_wrong("missed", Judged(label, False, "", 0.0, 0.0)) for label, hit in carried if not hit]


def paired(wanted: Sequence[Box], found: Sequence[Box], least: float = IOU_MIN) -> dict[int, int]:
    """Which found box is which wanted one: the pairs that overlap most first, none by less than `least`."""
    pairs = [(iou(box, other), place, there) for place, box in enumerate(wanted) for there, other in enumerate(found)]
    answer: dict[int, int] = {}
    for common, place, there in sorted(pairs, key=lambda each: (-each[0], each[1], each[2])):
        if common >= least and place not in answer and there not in answer.values():
            answer[place] = there
    return answer


def iou(one: Box, other: Box) -> float:
    """The share that two boxes have in common."""
    wide, high = min(one[2], other[2]) - max(one[0], other[0]), min(one[3], other[3]) - max(one[1], other[1])
    if wide <= 0 or high <= 0:
        return 0.0
    return wide * high / (_area(one) + _area(other) - wide * high)


def carries(thing: Thing, plate: Box | None) -> bool:
    """Whether a plate's box lies in a vehicle's."""
    if plate is None or thing.kind not in MOTOR:
        return False
    wide = min(thing.box[2], plate[2]) - max(thing.box[0], plate[0])
    high = min(thing.box[3], plate[3]) - max(thing.box[1], plate[1])
    return wide > 0 and high > 0 and wide * high >= CARRIED_MIN * _area(plate)


def right_characters(label: str, text: str) -> float:
    """1 - edits / characters of the label, at least 0."""
    return max(0.0, 1 - letters_apart(text, label) / len(label))


def without_province(label: str, text: str) -> tuple[str, str]:
    """Both without their first character, where the label's is a province."""
    return (label[1:], text[1:]) if label[0] in PROVINCES else (label, text)


def _texts(judged: Sequence[Judged]) -> Report:
    apart = [(each.label.plate, normal(each.text) if each.found else "") for each in judged]
    bare = [without_province(*each) for each in apart]
    return {
        "plates": len(judged),
        "exact": _percent(sum(each.exact for each in judged), len(judged)),
        "exact_ignoring_province": _percent(
            sum(each.found and one == other for each, (one, other) in zip(judged, bare, strict=True)), len(judged)
        ),
        "characters": round(100 * sum(right_characters(*each) for each in apart) / max(1, len(apart)), 2),
    }


def _scene_figures(judged: Sequence[Judged]) -> Report:
    in_boxes = sum(normal(each.in_box) == each.label.plate for each in judged)
    return {
        **_texts(judged),
        "exact_in_boxes": _percent(in_boxes, len(judged)),
        "recall": _percent(sum(each.found for each in judged), len(judged)),
    }


def _grouped(judged: Sequence[Judged]) -> dict[str, list[Judged]]:
    groups: dict[str, list[Judged]] = defaultdict(list)
    for each in judged:
        if each.label.group:
            groups[each.label.group].append(each)
    return dict(sorted(groups.items()))


def _hits(carried: Sequence[tuple[Label, bool]]) -> dict[str, list[bool]]:
    groups: dict[str, list[bool]] = defaultdict(list)
    for label, hit in carried:
        if label.group:
            groups[label.group].append(hit)
    return groups


def _judged(label: Label, plates: Sequence[SeenPlate], place: int | None, in_box: str) -> Judged:
    if place is None:
        return Judged(label, False, "", 0.0, 0.0, in_box)
    seen = plates[place]
    return Judged(label, True, seen.text, seen.read, seen.said[1], in_box)


def _in_box(recogniser: Recogniser, picture: Picture, label: Label) -> str:
    assert label.box is not None, "scenes are labelled with boxes"
    left, top, right, low = label.box
    return recogniser.read(picture, box_of(left, top, right - left, low - top)).text


def _wrong(why: str, judged: Judged) -> Report:
    label = judged.label
    row = {"why": why, "row": label.row, "file": label.path.name, "plate": label.plate}
    return row if why == "missed" else {**row, "text": judged.text, "read": round(judged.read, 4)}


def _false(path: Path, plate: SeenPlate) -> Report:
    box = [round(side, 1) for side in plate.box]
    return {"why": "false", "file": path.name, "text": plate.text, "found": round(plate.found, 4), "box": box}


def _scenes(folder: Path) -> dict[Path, list[Label]]:
    scenes: dict[Path, list[Label]] = {}
    for label in labels(folder, boxes=True):
        scenes.setdefault(label.path, []).append(label)
    return scenes


def _check_boxes(folder: Path, here: Sequence[Label], picture: Picture) -> None:
    height, width = picture.shape[:2]
    problems = [problem for label in here if (problem := outside(label, width, height)) is not None]
    if problems:
        raise LabelError(folder / "labels.csv", problems)


def _opened(path: Path, unread: dict[str, PictureError]) -> Picture | None:
    try:
        return load(path)
    except PictureError as error:
        unread[path.name] = error
        return None


def _certainty(judged: Sequence[Judged]) -> float:
    return round(error_of([each.read for each in judged], [each.exact for each in judged]), 4)


def _median(values: Sequence[float]) -> float:
    return round(statistics.median(values), 2) if values else 0.0


def _percent(count: int, of: int) -> float:
    return round(100 * count / of, 2) if of else 0.0


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
