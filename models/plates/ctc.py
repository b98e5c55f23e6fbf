"""From scores at places to a text: a beam search over CTC's paths that keeps only beginnings of plates.

After A. Graves et al., Connectionist Temporal Classification, ICML 2006: a text is as probable as all of its paths.
"""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.plates.alphabet import BLANK, CHARACTERS, INDEX
from models.plates.syntax import FORMS, fits, follows

BEAMS = 12
LEAST = 1e-4  # a character less probable than this at a place is not followed there
EMPTY = 0.999  # a place that is so surely between characters holds none
FOLLOWED = 8  # at most so many at one place: a blur where all letters are a little likely would take ten times as long
HALF = 0.5  # a path that is so probable spells the most probable text
CLEAR = 0.9  # a text that is so probable needs no search for others
TEXTS = 6  # so many are worth a thought

Scores = NDArray[np.float32]
Chances = NDArray[np.float64]


class Read(NamedTuple):
    """What a plate says. `probability`: of this text among all that are plates, 0..1, not calibrated yet.

    `letters`: for each character how sure it is, 0..1; `second`: the next best text, empty where there is none.
    """

    text: str
    probability: float
    letters: tuple[float, ...]
    second: str


NOTHING = Read("", 0.0, (), "")


class Said(NamedTuple):
    """One text that a look may say. `probability`: `exact`, or a little less: few paths were followed."""

    text: str
    probability: float
    exact: bool = False


def probabilities(scores: Scores) -> Chances:
    """Softmax over the last axis."""
    shifted = scores.astype(np.float64) - scores.max(axis=-1, keepdims=True)
    grown = np.exp(shifted)
    return np.asarray(grown / grown.sum(axis=-1, keepdims=True))


def texts(at_places: Chances, forms: tuple[tuple[str, ...], ...] = FORMS) -> list[Said]:
    """The most probable plates for f64[places, characters + 1], the likeliest first."""
    return _clear(at_places, forms) or _searched(at_places, forms)


def _clear(at_places: Chances, forms: tuple[tuple[str, ...], ...]) -> list[Said]:
    """Where one text is nearly all there is: this one, and the one with one other character. Else none."""
    best = at_places.argmax(axis=1)
    sure = at_places[np.arange(len(best)), best]
    if sure.prod() < HALF:
        return []
    kept = [place for place, index in enumerate(best) if index != BLANK and (not place or index != best[place - 1])]
    text = "".join(CHARACTERS[best[place]] for place in kept)
    probability = likelihood(at_places, text) if kept and fits(text, forms) else 0.0
    if probability < CLEAR:
        return []
    found = [Said(text, probability, exact=True)]
    others = at_places[kept, :BLANK].copy()
    others[np.arange(len(kept)), best[kept]] = 0.0
    where = int((others.max(axis=1) / sure[kept]).argmax())
    other = int(others[where].argmax())
    changed = text[:where] + CHARACTERS[other] + text[where + 1 :]
    if fits(changed, forms):
        found.append(Said(changed, probability * float(others[where, other] / sure[kept][where])))
    return found


def _searched(at_places: Chances, forms: tuple[tuple[str, ...], ...]) -> list[Said]:
    beams: dict[str, tuple[float, float]] = {"": (1.0, 0.0)}  # text -> (paths that end in a blank, that do not)
    scale = 1.0  # beams are scaled anew at each place, so that a long row of doubtful places does not come to nothing
    likely = at_places[:, :BLANK] > LEAST
    for place, row in enumerate(at_places.tolist()):
        empty = row[BLANK]
        if empty > EMPTY:
            beams = {text: ((blank + letter) * empty, 0.0) for text, (blank, letter) in beams.items()}
            continue
        followed = sorted(likely[place].nonzero()[0].tolist(), key=lambda index: -row[index])[:FOLLOWED]
        grown: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
        for text, (blank, letter) in beams.items():
            both = blank + letter
            kept = grown[text]
            kept[0] += both * empty
            allowed = follows(text, forms)
            last = INDEX[text[-1]] if text else -1
            if last >= 0:
                kept[1] += letter * row[last]
            for index in followed:
                if index in allowed:
                    grown[text + CHARACTERS[index]][1] += (blank if index == last else both) * row[index]
        best = sorted(grown.items(), key=lambda entry: -sum(entry[1]))[:BEAMS]
        total = sum(sum(each) for _, each in best) or 1.0
        scale *= total
        beams = {text: (blank / total, letter / total) for text, (blank, letter) in best}
    whole = [Said(text, (blank + letter) * scale) for text, (blank, letter) in beams.items() if fits(text, forms)]
    return sorted(whole, key=lambda said: -said.probability)[:TEXTS]


def likelihood(at_places: Chances, text: str) -> float:
    """The probability of a text: the sum over all paths that spell it."""
    labels = [BLANK]
    for letter in text:
        labels += [INDEX[letter], BLANK]
    skip = np.array([labels[i] != BLANK and labels[i] != labels[i - 2] for i in range(2, len(labels))], np.float64)
    said = at_places[:, labels]
    paths = np.zeros(len(labels))
    paths[:2] = said[0, :2]
    for row in said[1:]:
        moved = paths.copy()
        moved[1:] += paths[:-1]
        moved[2:] += skip * paths[:-2]
        moved *= row
        paths = moved
    return float(paths[-1] + (paths[-2] if text else 0.0))


def letters(at_places: Chances, text: str) -> tuple[float, ...]:
    """How sure each character is: its highest probability in the order of the text, found by the best path."""
    sure, start = [], 0
    best = at_places.argmax(axis=1)
    for letter in text:
        index = INDEX[letter]
        found = next((place for place in range(start, len(best)) if best[place] == index), None)
        if found is None:
            sure.append(float(at_places[start:, index].max()) if start < len(best) else 0.0)
            continue
        end = found
        while end + 1 < len(best) and best[end + 1] == index:
            end += 1
        sure.append(float(at_places[found : end + 1, index].max()))
        start = end + 1
    return tuple(sure)
