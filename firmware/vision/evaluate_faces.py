"""How well faces are told apart, measured on pairs of pictures: `run(folder)` for `menshen evaluate faces DIR`.

The folder has `labels.csv` (file, identity) and `pairs.csv` (a, b, same), as ../shared/data/dev/faces. What comes of it
is the record that firmware/faces/one_of_many.py reads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from firmware.faces import bounds, one_of_many
from firmware.faces.likeness import THRESHOLD
from firmware.vision.clock import now_ns
from firmware.vision.labels import NAME, PROBLEMS_MAX, LabelError, Problem, beside, demand_none, rows
from models.faces import pipeline, quality
from models.faces.embedder import Embedding, embed, likeness
from models.manifest import manifest
from models.pictures import PictureError, load

ROWS_MAX = 5_000_000  # of pairs
MANY = 5_000  # templates that one face is compared with, for the time it takes
RUNS = 20  # of a stage that is timed by itself

Progress = Callable[[int, int], None]  # pictures done, of how many


class EvaluationError(Exception):
    """Nothing can be said of these pictures. `word`: of WHY; `unread`: pictures without an embedding, and why."""

    def __init__(self, word: str, unread: Mapping[str, Exception] | None = None) -> None:
        super().__init__(WHY[word])
        self.word = word
        self.unread = dict(unread or {})


WHY = {
    "no_same": "there is no pair of one person whose faces were found",
    "no_different": "there is no pair of two persons whose faces were found",
}


class NoFaceError(ValueError):
    """A picture without a face that can be compared. `why`: words of models.faces.pipeline."""

    def __init__(self, why: Sequence[str]) -> None:
        super().__init__(", ".join(why))
        self.why = tuple(why)


class Pair(NamedTuple):
    one: str
    other: str
    same: bool


def run(folder: Path, progress: Progress = lambda _done, _of: None, runtime: str | None = None) -> dict[str, Any]:
    """Measure. Raises LabelError, EvaluationError, ModelError."""
    identities = _identities(folder / NAME)
    pairs = _pairs(folder / "pairs.csv", identities)
    names = sorted({name for pair in pairs for name in (pair.one, pair.other)})
    models = pipeline.load(runtime)
    times: dict[str, list[float]] = {"detect": [], "landmarks_align": [], "embed": []}
    known: dict[str, Embedding] = {}
    unread: dict[str, Exception] = {}
    for done, name in enumerate(names):
        progress(done, len(names))
        try:
            known[name] = _embedded(models, folder / name, times)
        except (PictureError, NoFaceError) as error:
            unread[name] = error
    progress(len(names), len(names))
    scores, same = scored(pairs, known)
    lost = [pair for pair in pairs if pair.one not in known or pair.other not in known]
    lost_same = sum(pair.same for pair in lost)
    if not same.any() or same.all():
        raise EvaluationError("no_different" if same.any() else "no_same", unread)
    record = figures(scores, same, lost_same, len(lost) - lost_same)
    persons = {identities.get(name, name) for name in known}
    ms = {name: round(float(np.median(each)), 2) for name, each in times.items() if each}
    if known:
        ms |= {"embed": _steady_ms(models, known), f"match_{MANY}": _match_ms()}
    return {
        "what": one_of_many.WHAT,
        "embedder": manifest()["face_embedder"].sha256,
        "runtime": models.embedder.runtime,
        "pictures": len(names),
        "persons": len(persons),
        "unread": unread,
        **record,
        "ms": ms,
    }


def figures(
    scores: NDArray[np.float32], same: NDArray[np.bool_], lost_same: int = 0, lost_different: int = 0
) -> dict[str, Any]:
    """What follows from the likeness of each pair, and whether it is one person.

    `lost_*`: pairs of which a picture shows no face; those of one person count as not matched. The threshold of FAR 0
    is chosen on these very pairs, so that its figures flatter; `false_matches` is counted at the threshold in service.
    """
    alike, others = scores[same], scores[~same]
    if not len(alike) or not len(others):
        raise EvaluationError("no_different" if len(alike) else "no_same")
    strictest = float(others.max())
    hits, of = int((alike > strictest).sum()), len(alike) + lost_same
    false = int((others >= THRESHOLD).sum())
    served = int((alike >= THRESHOLD).sum())
    upper = bounds.upper(false, len(others))
    ladder = one_of_many.Measured(one_of_many.WHAT, "", THRESHOLD, len(others), false)
    return {
        "tar_at_far": {
            "far": 0.0,
            "far_upper_95": bounds.upper(0, len(others)),
            "tar": hits / of,
            "tar_lower_95": bounds.lower(hits, of),
            "threshold": strictest,
            "pairs_same": of,
            "pairs_different": len(others),
        },
        "auc": auc(alike, others),
        "threshold": THRESHOLD,
        "pairs_same": of,
        "pairs_different": len(others),
        "pairs_without_a_face": {"same": lost_same, "different": lost_different},
        "false_matches": false,
        "false_match_rate_upper_95": upper,
        "true_matches": served,
        "true_match_rate": served / of,
        "true_match_rate_lower_95": bounds.lower(served, of),
        "least_same": float(alike.min()),
        "most_different": strictest,
        "one_of_many": {"templates_max": one_of_many.most(ladder), "wrong_max": one_of_many.WRONG_MAX},
    }


def auc(alike: NDArray[np.float32], others: NDArray[np.float32]) -> float:
    """How often a pair of one person is more alike than one of two (Mann and Whitney); equal ones count half."""
    ordered = np.sort(others)
    below, up_to = np.searchsorted(ordered, alike, "left"), np.searchsorted(ordered, alike, "right")
    return float((below + up_to).sum() / 2 / (len(alike) * len(others)))


def scored(pairs: Sequence[Pair], known: dict[str, Embedding]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """(likeness f32[n], whether it is one person) of each pair whose faces were both found."""
    found = [pair for pair in pairs if pair.one in known and pair.other in known]
    scores = [float(known[pair.one] @ known[pair.other]) for pair in found]
    return np.array(scores, np.float32), np.array([pair.same for pair in found], bool)


def _embedded(models: pipeline.Models, path: Path, times: dict[str, list[float]]) -> Embedding:
    """The embedding of the one face of a picture. Raises PictureError, NoFaceError."""
    picture = load(path)
    began = now_ns()
    found = pipeline.faces(models, picture)
    detected = now_ns()
    seen = pipeline.of_faces(models, picture, found, quality.COMPARE)
    aligned = now_ns()
    if seen.straight is None or seen.why:
        raise NoFaceError(seen.why)
    embedding = embed(models.embedder, seen.straight)
    for name, taken in (("detect", detected - began), ("landmarks_align", aligned - detected)):
        times[name].append(taken / 1e6)
    times["embed"].append((now_ns() - aligned) / 1e6)
    return embedding


def _steady_ms(models: pipeline.Models, known: dict[str, Embedding]) -> float:
    """One embedding, warm: the median."""
    straight = np.full((112, 112, 3), 128, np.uint8)
    straight[::2, ::3] = 40
    return _median_ms(lambda: embed(models.embedder, straight)) if known else 0.0


def _match_ms() -> float:
    """One face beside MANY templates."""
    random = np.random.default_rng(1)
    templates = random.standard_normal((MANY, 192)).astype(np.float32)
    return _median_ms(lambda: int(likeness(templates[0], templates).argmax()))


def _median_ms(work: Callable[[], object]) -> float:
    taken = []
    for _ in range(RUNS):
        began = now_ns()
        work()
        taken.append((now_ns() - began) / 1e6)
    return round(float(np.median(taken)), 3)


def _pairs(file: Path, identities: Mapping[str, str]) -> list[Pair]:
    """Of pictures beside the file, at least one of one person and one of two. Raises LabelError.

    Each pair counts once, and none is a picture beside itself: a bound that rests on how many pairs there are would
    flatter.
    """
    problems: list[Problem] = []
    pairs: list[Pair] = []
    seen: dict[frozenset[str], int] = {}
    for number, row in rows(file, ("a", "b", "same"), problems, ROWS_MAX):
        one, other, same = row["a"], row["b"], row["same"]
        before = len(problems)
        for column in ("a", "b"):
            beside(file.parent, number, column, row[column], problems)
        if same not in ("0", "1"):
            problems.append(Problem(number, "same", "same", {"value": same}))
        elif one == other:
            problems.append(Problem(number, "b", "itself", {"file": other}))
        elif (first := seen.setdefault(frozenset((one, other)), number)) != number:
            problems.append(Problem(number, "a", "twice", {"file": f"{one}, {other}", "first": first}))
        elif one in identities and other in identities and (identities[one] == identities[other]) != (same == "1"):
            problems.append(Problem(number, "same", "identity", {"value": same, "name": NAME}))
        if len(problems) == before:
            pairs.append(Pair(one, other, same == "1"))
        if len(problems) >= PROBLEMS_MAX:
            break
    demand_none(file, problems)
    for kind in (True, False):
        if all(pair.same != kind for pair in pairs):
            raise LabelError(file, [Problem(0, "", "one_kind", {"same": int(kind)})])
    return pairs


def _identities(file: Path) -> dict[str, str]:
    """Who is in each picture. "?" is somebody of whom nothing is known: one person a picture. Raises LabelError."""
    problems: list[Problem] = []
    found = {
        row["file"]: row["file"] if row["identity"] == "?" else row["identity"]
        for _, row in rows(file, ("file", "identity"), problems, ROWS_MAX)
    }
    demand_none(file, problems)
    return found
