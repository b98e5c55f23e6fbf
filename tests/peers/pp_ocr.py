"""PP-OCRv4 as a reader of plates, in an environment of its own: asked by lines of JSON, answers by lines of JSON.

Its recognition network as rapidocr-onnxruntime ships it, one thread, its own way of scaling; of its 6,623 characters
only those of plates count (greedy CTC under that mask), which makes it a better reader of plates than it is by itself.

    PYTHON pp_ocr.py CHARACTERS        then a path per line on standard input
"""

import json
import sys
import time  # noqa: TID251  a measurement, in a process of its own
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import rapidocr_onnxruntime

HEIGHT, WIDTH = 48, 320
MODEL = "ch_PP-OCRv4_rec_infer.onnx"


def session():
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    path = Path(rapidocr_onnxruntime.__file__).parent / "models" / MODEL
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def scaled(picture):
    """As wide as its height of 48 makes it, at least 320: the rest is nothing."""
    high, wide = picture.shape[:2]
    whole = max(WIDTH, int(np.ceil(HEIGHT * wide / high)))
    used = min(whole, int(np.ceil(HEIGHT * wide / high)))
    values = cv2.resize(picture, (used, HEIGHT)).astype(np.float32).transpose(2, 0, 1) / 255 * 2 - 1
    padded = np.zeros((1, 3, HEIGHT, whole), np.float32)
    padded[0, :, :, :used] = values
    return padded


def main():
    cv2.setNumThreads(1)
    network = session()
    given = network.get_inputs()[0].name
    # The blank, the characters that the file lists, and a space.
    known = ["", *network.get_modelmeta().custom_metadata_map["character"].splitlines(), " "]
    wanted = [place for place, letter in enumerate(known) if not letter or letter in sys.argv[1]]
    print(json.dumps({"ready": len(wanted)}), flush=True)
    for line in sys.stdin:
        picture = cv2.imdecode(np.fromfile(line.rstrip("\n"), np.uint8), cv2.IMREAD_COLOR)
        began = time.perf_counter()
        (scores,) = network.run(None, {given: scaled(picture)})
        best = scores[0][:, wanted].argmax(axis=1)
        kept = [place for n, place in enumerate(best) if place and (n == 0 or place != best[n - 1])]
        text = "".join(known[wanted[place]] for place in kept)
        print(json.dumps({"text": text, "ms": (time.perf_counter() - began) * 1e3}), flush=True)


if __name__ == "__main__":
    main()
