"""Why a model cannot be had, in the language of whoever reads it."""

from __future__ import annotations

from firmware.texts import Texts
from models.manifest import ModelError


def in_words(texts: Texts, why: object) -> str:
    """What people read of an error; of one that is no ModelError, or for which there are no words, its own text."""
    if isinstance(why, ModelError) and why.word:
        return texts.say(f"recognise.model.{why.word}", **why.values)
    return str(why)
