"""`menshen evaluate plates|scenes|vehicles|faces DIR`: how well the models do on a folder of labelled pictures.

With --json one JSON object; what its figures mean stands in firmware/vision/evaluation.py, and of faces in
firmware/vision/evaluate_faces.py.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from firmware.config import escaped
from firmware.terminal import (
    DONE,
    MISUSED,
    SAID_NO,
    Progress,
    a_path,
    add_language,
    complain,
    language_of,
    prepare_output,
    table,
)
from firmware.texts import Texts
from firmware.vision import evaluate_faces, evaluation
from firmware.vision.clock import now_ns
from firmware.vision.evaluate_faces import EvaluationError, NoFaceError
from firmware.vision.labels import LabelError, Problem
from firmware.vision.model_words import in_words
from models.calibration import Curve
from models.interpreter import RUNTIMES, runtimes
from models.manifest import ModelError
from models.pictures import PictureError
from models.recogniser import Recogniser, Stages, reader_of, stages_of

WHATS = ("plates", "scenes", "vehicles", "faces")
FIGURES = (
    "plates",
    "pictures",
    "exact",
    "exact_ignoring_province",
    "characters",
    "exact_in_boxes",
    "recall",
    "precision",
    "false_per_picture",
    "false_read_per_picture",
    "certainty_error",
    "ms",
)
SHOWN_MAX = 80  # characters of a cell
PERCENT = ("exact", "exact_ignoring_province", "characters", "exact_in_boxes", "recall", "precision")

Load = Callable[[str, str | None], Stages]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=WHATS, help="plates: cut out; scenes: plates in pictures, found and read")
    parser.add_argument(
        "folder", type=a_path, metavar="DIR", help="with pictures and labels.csv (faces: and pairs.csv)"
    )
    parser.add_argument("--wrong", action="store_true", help="tell each plate that was missed, misread or is none")
    parser.add_argument(
        "--calibration", action="store_true", help="measure how often what is so certain is right, for the manifest"
    )
    parser.add_argument("--runtime", choices=sorted(RUNTIMES), help="of the models (default: the first that is here)")
    add_language(parser)


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0: measured; 1: labels, pictures or models are not as they should be; 2: misused."""
    return evaluate(arguments, stages_for)


def stages_for(what: str, runtime: str | None) -> Stages:
    """The stages that are measured. Raises ModelError."""
    if what == "plates":
        reading, read = reader_of(runtime)
        return Stages(reading=reading, read=read)
    return stages_of(("plates",) if what == "scenes" else ("vehicles",), runtime)


def evaluate(arguments: argparse.Namespace, load: Load) -> int:
    """As `run`, with stages that `load` has for what is measured."""
    prepare_output()
    texts = language_of(arguments)
    folder: Path = arguments.folder
    if not folder.is_dir():
        complain("evaluate", texts.say("evaluate.no_folder", folder=escaped(str(folder))))
        return MISUSED
    if arguments.calibration and arguments.what not in ("plates", "scenes"):
        complain("evaluate", texts.say("evaluate.no_calibration"))
        return MISUSED
    progress = Progress()
    try:
        measured = _measure(arguments, load, progress)
    except LabelError as error:
        for problem in error.problems:
            complain("evaluate", _problem(texts, error.file, problem))
        return SAID_NO
    except EvaluationError as error:
        complain("evaluate", texts.say(f"evaluate.faces.{error.word}"))
        for name, why in error.unread.items():
            complain("evaluate", _unread(texts, folder / name, why))
        return SAID_NO
    except ModelError as error:
        complain("evaluate", in_words(texts, error))
        return SAID_NO
    finally:
        progress.end()
    report = {"folder": str(folder), "runtime": arguments.runtime or runtimes()[0], **measured.report}
    unread = report["unread"]
    report["unread"] = {name: str(why) for name, why in unread.items()}
    if arguments.wrong:
        report["wrong"] = list(measured.wrong[: evaluation.WORST_MAX])
    if arguments.calibration:
        report["calibration"] = [list(each) for each in zip(measured.curve.said, measured.curve.true, strict=True)]
    if arguments.json:
        print(json.dumps(report, ensure_ascii=True, indent=2))
    else:
        for line in _lines(texts, report):
            print(line, flush=True)
    for name, why in unread.items():
        complain("evaluate", _unread(texts, folder / name, why))
    return SAID_NO if unread else DONE


class _Measured(NamedTuple):
    report: dict[str, Any]
    wrong: Sequence[dict[str, Any]] = ()
    curve: Curve = Curve()


def _measure(arguments: argparse.Namespace, load: Load, progress: Progress) -> _Measured:
    """Raises LabelError, ModelError, EvaluationError."""
    if arguments.what == "faces":
        return _Measured(evaluate_faces.run(arguments.folder, progress.rows, arguments.runtime))
    recogniser = Recogniser(load(arguments.what, arguments.runtime), now_ns)
    if arguments.what == "plates":
        return _Measured(*evaluation.evaluate_plates(arguments.folder, recogniser, progress.rows))
    if arguments.what == "scenes":
        return _Measured(*evaluation.evaluate_scenes(arguments.folder, recogniser, progress.rows))
    return _Measured(*evaluation.evaluate_vehicles(arguments.folder, recogniser, progress.rows))


def _problem(texts: Texts, file: Path, problem: Problem) -> str:
    values = {name: escaped(str(value), SHOWN_MAX) for name, value in problem.values.items()}
    said = texts.say(f"evaluate.labels.{problem.word}", **values)
    where = "whole" if not problem.row else "cell" if problem.column else "row"
    return texts.say(
        f"evaluate.where.{where}", file=escaped(str(file)), row=problem.row, column=problem.column, said=said
    )


def _unread(texts: Texts, path: Path, why: object) -> str:
    if isinstance(why, PictureError):
        why = texts.say(f"recognise.error.{why.word}", **why.values)
    elif isinstance(why, NoFaceError):
        why = texts.say("evaluate.faces.no_face", why="; ".join(texts.say(f"faces.why.{word}") for word in why.why))
    return texts.say("recognise.error", file=escaped(str(path)), why=escaped(str(why)))


def _lines(texts: Texts, report: dict[str, Any]) -> Iterator[str]:
    """The figures, of all and of each group; what was wrong; a calibration as the manifest has it."""
    if "tar_at_far" in report:
        yield from _face_lines(texts, report)
    else:
        shown = [name for name in FIGURES if name in report]
        groups = report["groups"]
        head = [texts.say("evaluate.figure"), texts.say("evaluate.all"), *(escaped(name) for name in groups)]
        rows = [
            [texts.say(f"evaluate.figure.{name}"), _shown(name, report[name])]
            + [_shown(name, each.get(name)) for each in groups.values()]
            for name in shown
        ]
        yield from table([head, *rows])
        yield texts.say("evaluate.one_thread")
    for each in report.get("wrong", ()):
        values = {"row": "", "plate": "", "text": "", "read": 0.0, "box": "", "found": 0.0, **each}
        yield texts.say(
            f"evaluate.wrong.{each['why']}", **{name: escaped(str(value)) for name, value in values.items()}
        )
    if "calibration" in report:
        yield texts.say("evaluate.calibration") if report["calibration"] else texts.say("evaluate.too_few")
        yield f"calibration = {json.dumps(report['calibration'])}"


def _face_lines(texts: Texts, report: dict[str, Any]) -> Iterator[str]:
    at = report["tar_at_far"]
    rows = [
        [texts.say("evaluate.figure.pictures"), str(report["pictures"])],
        [texts.say("evaluate.faces.pairs"), f"{at['pairs_same']} + {at['pairs_different']}"],
        [texts.say("evaluate.faces.tar"), f"{100 * at['tar']:.2f} % (>= {100 * at['tar_lower_95']:.2f} %)"],
        [texts.say("evaluate.faces.far"), f"<= {100 * at['far_upper_95']:.2f} %"],
        [texts.say("evaluate.faces.auc"), f"{report['auc']:.4f}"],
        *([texts.say("evaluate.faces.ms", stage=escaped(name)), f"{value} ms"] for name, value in report["ms"].items()),
    ]
    yield from table(rows)


def _shown(name: str, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:g} %" if name in PERCENT else f"{value:g} ms" if name == "ms" else f"{value:g}"
