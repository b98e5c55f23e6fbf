"""Every model of the manifest on both runtimes: the same answers; ours too, each bit of which is proven first."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from models.drawn.kinds import KINDS
from models.drawn.plate import draw
from models.interpreter import RUNTIMES, load_interpreter
from models.manifest import ModelError, manifest, path_of, proven
from models.recogniser import stages_of
from tests.models.weights import demand

OURS = sorted(name for name, model in manifest().items() if model.source.kind == "ours")
APART = {True: 0.15, False: 1e-4}  # of an answer's range; in int8 each layer rounds, and runtimes round differently


@pytest.mark.parametrize("name", sorted(manifest()))
def test_both_runtimes_answer_alike(name):
    demand(name)
    answers = []
    for runtime in sorted(RUNTIMES):
        pytest.importorskip(RUNTIMES[runtime])
        model = load_interpreter(name, runtime)
        assert model.runtime == runtime
        answers.append(model.run(np.random.default_rng(1).random(model.shape, dtype=np.float32)))
    for one, other in zip(*answers, strict=True):
        assert one.shape == other.shape
        assert np.isfinite(one).all()
        assert np.abs(one - other).max() <= APART[name in OURS] * max(1.0, float(np.ptp(one)))


@pytest.mark.parametrize("runtime", sorted(RUNTIMES))
@pytest.mark.parametrize("text", ["粤B54321", "京A8K731"])
def test_a_drawn_plate_is_found_and_read_on_both(runtime, text):
    pytest.importorskip(RUNTIMES[runtime])
    picture = np.full((384, 640, 3), 96, np.uint8)
    plate = draw(KINDS["blue"], text, np.random.default_rng(3), 0.4).picture
    high, wide = plate.shape[:2]
    picture[180 : 180 + high, 200 : 200 + wide] = plate
    stages = stages_of(("plates",), runtime)
    assert stages.plates is not None
    assert stages.reading is not None
    (found,) = stages.plates(picture)
    left, top, right, low = found.box
    assert abs(left - 200) < 12
    assert abs(top - 180) < 12
    assert abs(right - 200 - wide) < 12
    assert abs(low - 180 - high) < 12
    assert stages.reading(picture, found.quad)[0] == text


@pytest.mark.parametrize("name", OURS)
def test_a_flipped_bit_of_our_own_is_refused(tmp_path, name):
    model = manifest()[name]
    path = tmp_path / "model.tflite"
    content = bytearray(path_of(model).read_bytes())
    moved = msgspec.structs.replace(model, source=msgspec.structs.replace(model.source, file=str(path)))
    path.write_bytes(content)
    assert proven(moved) == bytes(content)
    for bit in (0, 4 * len(content) + 3, 8 * len(content) - 1):
        content[bit // 8] ^= 1 << bit % 8
        path.write_bytes(content)
        with pytest.raises(ModelError, match="damaged") as caught:
            proven(moved)
        assert caught.value.word == "damaged_own"  # nothing that could be fetched
        content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content[:-1])
    with pytest.raises(ModelError, match="damaged"):
        proven(moved)
