"""`make peers`: our reader of plates and PP-OCRv4 on the same crops in the same run, one thread each.

    python -m tests.peers.plates [--json] [--limit N] [DIR ...]

DIR: folders with pictures and labels.csv (file, plate), as those of ../shared/data/dev. The two take turns, crop by
crop, so that what else the machine does strikes both. Each crop is read once before it is timed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path
from time import perf_counter  # noqa: TID251  a measurement

import numpy as np
from PIL import Image

from firmware.core.plates import normal
from firmware.vision.evaluation import right_characters, without_province
from firmware.vision.labels import LabelError, labels
from models.interpreter import load_interpreter
from models.manifest import ModelError, folder
from models.plates.alphabet import CHARACTERS
from models.plates.reader import read_at
from models.warp import box_of

HERE = Path(__file__).parent
CROPS = [
    HERE.parents[2] / "shared" / "data" / "dev" / name
    for name in ("plate_crops_cn", "plate_crops_easypr", "plate_crops_ccpd", "plate_crops_us")
]
PEER = "PP-OCRv4"
OURS = "menshen"
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def environment() -> Path:
    """The Python of the peer's own environment, made where it is not there; nothing of it gets into ours."""
    place = folder().parent / "peers" / "rapidocr-onnxruntime-1.4.4"
    python = place / "bin" / "python"
    stamp = place / ".ready"
    lock = HERE / "requirements.lock"
    if stamp.is_file() and stamp.read_bytes() == lock.read_bytes():
        return python
    uv = shutil.which("uv")
    print(f"making the peer's environment at {place}", file=sys.stderr, flush=True)
    if uv is not None:
        make = [uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, place]
        install = [uv, "pip", "install", "--quiet", "--python", python]
    else:
        make = [sys.executable, "-m", "venv", place]
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for command in (make, [*install, "--require-hashes", "-r", lock]):
        if subprocess.run(command, check=False).returncode != 0:
            raise SystemExit(
                f"{PEER} cannot be set up at {place}: what went wrong stands above. Is the network there? Nothing was "
                "measured; run it again"
            )
    stamp.write_bytes(lock.read_bytes())
    return python


class Peer:
    """PP-OCRv4 in its own process."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [environment(), HERE / "pp_ocr.py", CHARACTERS],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **ONE_THREAD},
        )
        self._answer()

    def read(self, path: Path) -> tuple[str, float]:
        self._process.stdin.write(f"{path}\n")
        self._process.stdin.flush()
        answer = self._answer()
        return answer["text"], answer["ms"]

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait(timeout=30)

    def _answer(self) -> dict[str, object]:
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(
                f"{PEER} has ended (exit status {self._process.wait(timeout=30)}); its own words are above"
            )
        return json.loads(line)


class Ours:
    """The reader of this project."""

    def __init__(self) -> None:
        self._model = load_interpreter("plate_reader")

    def read(self, path: Path) -> tuple[str, float]:
        picture = np.asarray(Image.open(path).convert("RGB"))
        began = perf_counter()
        text = read_at(self._model, picture, box_of(0, 0, picture.shape[1], picture.shape[0])).text
        return text, (perf_counter() - began) * 1e3


def measured(rows: list[tuple[str, str, float]]) -> dict[str, float]:
    """Figures of (label, text, ms) as `menshen evaluate plates` defines them, and the middle's ms."""
    count = len(rows)
    apart = [(normal(label), normal(text)) for label, text, _ in rows]
    bare = [without_province(*each) for each in apart]
    return {
        "plates": count,
        "exact": round(100 * sum(label == text for label, text in apart) / count, 1),
        "exact_ignoring_province": round(100 * sum(label == text for label, text in bare) / count, 1),
        "characters": round(100 * sum(right_characters(*each) for each in apart) / count, 1),
        "ms": round(statistics.median(ms for *_, ms in rows), 2),
    }


def compare(place: Path, readers: dict[str, Peer | Ours], limit: int) -> dict[str, dict[str, float]]:
    """Every reader over one folder, taking turns."""
    labelled = [(each.path, each.plate) for each in labels(place, boxes=False)][:limit]
    rows: dict[str, list[tuple[str, str, float]]] = {name: [] for name in readers}
    for path, label in labelled:
        for name, reader in readers.items():
            reader.read(path)
            text, ms = reader.read(path)
            rows[name].append((label, text, ms))
    return {name: measured(each) for name, each in rows.items()}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.peers.plates", description="Compare readers of plates.")
    parser.add_argument("folder", nargs="*", type=Path, help="with pictures and labels.csv")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--limit", type=int, default=10_000, help="crops of each folder at most")
    asked = parser.parse_args()
    places = asked.folder or [each for each in CROPS if (each / "labels.csv").is_file()]
    missing = [each for each in places if not (each / "labels.csv").is_file()]
    if missing or not places:
        parser.error(
            f"no labels.csv in {missing[0]}"
            if missing
            else "there are no pictures in ../shared/data/dev: name a folder"
        )
    readers: dict[str, Peer | Ours] = {}
    try:
        readers[OURS] = Ours()
    except ModelError as error:
        print(f"!! ours is not measured: {error}", file=sys.stderr, flush=True)
    peer = readers[PEER] = Peer()
    answer = {}
    if not asked.json:
        print(f"{'folder':22}{'reader':12}{'plates':>7}{'exact %':>9}{'no prov. %':>12}{'characters %':>14}{'ms':>8}")
    try:
        for place in places:
            answer[place.name] = compare(place, readers, asked.limit)
            for name, each in ({} if asked.json else answer[place.name]).items():
                shown = zip(each.values(), (7, 9, 12, 14, 8), strict=True)
                print(f"{place.name:22}{name:12}" + "".join(f"{value:{wide}}" for value, wide in shown), flush=True)
    except LabelError as error:
        raise SystemExit(str(error)) from error
    finally:
        peer.close()
    if asked.json:
        print(json.dumps(answer, indent=2, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
