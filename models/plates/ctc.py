"""From scores at places to a text: a beam search over CTC's paths that keeps only beginnings of plates.

After A. Graves et al., Connectionist Temporal Classification, ICML 2006: a text is as probable as all of its paths.
"""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.plates.alphabet import BLANK, CHARACTERS
from models.plates.syntax import FORMS, fits, follows, plausible

BEAMS = 8
LEAST = 1e-4  # a character less probable than this at a place is not followed there
EMPTY = 0.999  # a place that is so surely between characters holds none
FOLLOWED = 8  # at most so many at one place: a blur where all letters are a little likely would take ten times as long


class Read(NamedTuple):
    """What a plate says. `probability`: of this text among all that are plates, 0..1, not calibrated yet.

    `letters`: for each character how sure it is, 0..1; `second`: the next best text, empty where there is none.
    """

    text: str
    probability: float
    letters: tuple[float, ...]
    second: str


NOTHING = Read("", 0.0, (), "")


def probabilities(scores: NDArray[np.float32]) -> NDArray[np.float64]:
    """Softmax over the last axis."""
    shifted = scores.astype(np.float64) - scores.max(axis=-1, keepdims=True)
    grown = np.exp(shifted)
    return np.asarray(grown / grown.sum(axis=-1, keepdims=True))


def decode(scores: NDArray[np.float32], forms: tuple[tuple[str, ...], ...] = FORMS) -> Read:
    """The most probable plate for scores f32[places, characters + 1]; NOTHING where none is probable at all."""
    at_places = probabilities(scores)
    beams: dict[str, tuple[float, float]] = {"": (1.0, 0.0)}  # text -> (paths that end in a blank, that do not)
    for row in at_places:
        if row[BLANK] > EMPTY:
            beams = {text: ((blank + letter) * row[BLANK], 0.0) for text, (blank, letter) in beams.items()}
            continue
        likely = [int(each) for each in np.argsort(-row[:BLANK])[:FOLLOWED] if row[each] > LEAST]
        grown: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
        for text, (blank, letter) in beams.items():
            both = blank + letter
            kept = grown[text]
            kept[0] += both * row[BLANK]
            allowed = follows(text, forms)
            last = CHARACTERS.index(text[-1]) if text else -1
            if last >= 0:
                kept[1] += letter * row[last]
            for index in likely:
                if index in allowed:
                    grown[text + CHARACTERS[index]][1] += (blank if index == last else both) * row[index]
        best = sorted(grown.items(), key=lambda entry: -sum(entry[1]))[:BEAMS]
        total = sum(sum(each) for _, each in best) or 1.0
        # Scaled anew at each place, so that a long row of doubtful places does not come to nothing.
        beams = {text: (blank / total, letter / total) for text, (blank, letter) in best}
    whole = [(text, (blank + letter) * plausible(text)) for text, (blank, letter) in beams.items() if fits(text, forms)]
    if not whole:
        return NOTHING
    whole.sort(key=lambda entry: -entry[1])
    text = whole[0][0]
    probability = likelihood(at_places, text)
    return Read(text, probability, _letters(at_places, text), whole[1][0] if len(whole) > 1 else "")


def likelihood(at_places: NDArray[np.float64], text: str) -> float:
    """The probability of a text: the sum over all paths that spell it."""
    labels = [BLANK]
    for letter in text:
        labels += [CHARACTERS.index(letter), BLANK]
    skip = np.array([False, False, *(labels[i] != BLANK and labels[i] != labels[i - 2] for i in range(2, len(labels)))])
    paths = np.zeros(len(labels))
    paths[0] = at_places[0, BLANK]
    if text:
        paths[1] = at_places[0, labels[1]]
    for row in at_places[1:]:
        moved = paths.copy()
        moved[1:] += paths[:-1]
        moved[2:] += np.where(skip[2:], paths[:-2], 0.0)
        paths = moved * row[labels]
    return float(paths[-1] + (paths[-2] if text else 0.0))


def _letters(at_places: NDArray[np.float64], text: str) -> tuple[float, ...]:
    """How sure each character is: its highest probability in the order of the text, found by the best path."""
    sure, start = [], 0
    best = at_places.argmax(axis=1)
    for letter in text:
        index = CHARACTERS.index(letter)
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
