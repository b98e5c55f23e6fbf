"""Several looks at one plate: what all of them together say it is."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from models.plates.ctc import NOTHING, Chances, Read, Said, Scores, letters, likelihood, probabilities, texts
from models.plates.syntax import CHINESE, FORMS, plausible

SURE = 0.9  # a look that is so sure of a text of a usual shape is the last one


class Looks:
    """Collects the scores of one look after the other. `sure`: no further one is needed.

    `highest`: how probable the most probable text of a look was yet, of whatever shape.
    """

    def __init__(self, forms: tuple[tuple[str, ...], ...] = FORMS) -> None:
        self.sure = False
        self.highest = 0.0
        self._forms = forms
        self._weights: dict[str, float] = defaultdict(float)  # of each text: how probable it is over all looks
        self._best: dict[str, tuple[Said, Chances]] = {}  # of each text: the look that shows it best

    def add(self, scores: Scores) -> None:
        """One more look, f32[places, characters + 1]; one that is no numbers says nothing."""
        if not np.isfinite(scores).all():
            return
        at_places = probabilities(scores)
        for said in texts(at_places, self._forms):
            text, probability, _ = said
            counts = plausible(text)
            self._weights[text] += probability * counts
            if text not in self._best or probability > self._best[text][0].probability:
                self._best[text] = (said, at_places)
            self.highest = max(self.highest, probability)
            self.sure = self.sure or (probability >= SURE and counts >= CHINESE)

    def answer(self) -> Read:
        """The text that is most probable over all looks, as the best of them shows it; NOTHING where there is none."""
        if not self._weights:
            return NOTHING
        text, *others = sorted(self._weights, key=lambda each: -self._weights[each])
        said, at_places = self._best[text]
        probability = said.probability if said.exact else likelihood(at_places, text)
        return Read(text, probability, letters(at_places, text), others[0] if others else "")


def decode(scores: Scores, forms: tuple[tuple[str, ...], ...] = FORMS) -> Read:
    """What one look says, f32[places, characters + 1]."""
    looks = Looks(forms)
    looks.add(scores)
    return looks.answer()
