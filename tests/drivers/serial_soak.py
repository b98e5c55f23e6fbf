"""Random frames into every codec of serial readers: `python -m tests.drivers.serial_soak --frames 1000000`.

Says, for each protocol, how many of them were a code or a tag. A protocol with a checksum must read none of them. Plain
lines have none: what is printable between two ends is a code there, and one that nobody has (`reads`). Where the
installer says what codes look like here, it must read none either (`reads_of_a_form`).
"""

from __future__ import annotations

import argparse
import json
import random
import sys

from drivers.reports import NoiseKind
from drivers.serial_protocol import Said, Understanding, load_protocol, protocol_names
from drivers.text_form import TextForm
from drivers.wire.serial_frames import Check, Counted, framer_of

SEED = 20261126
FRAME_BYTES = (1, 64)
HELD_BYTES_MAX = 1024
FORM = TextForm(characters="0-9A-Za-z_-", least=12)  # of a visitor's code, say; most are longer


def soak(name: str, frames: int, seed: int) -> dict[str, object]:
    """Feed them, each with a silence behind it or without, by chance."""
    protocol = load_protocol(name)
    framing = protocol.framing
    framer, understanding = framer_of(framing), Understanding(protocol)
    rng = random.Random(seed)
    reads, of_form, noise, fed = 0, 0, 0, 0
    for _ in range(frames):
        frame = rng.randbytes(rng.randint(*FRAME_BYTES))
        fed += len(frame)
        found = framer.feed(frame)
        if rng.random() < 0.5:
            found += framer.silence()
        for each in found:
            said = each if isinstance(each, NoiseKind) else understanding.of(each)
            reads += isinstance(said, Said) and bool(said.text)
            of_form += isinstance(said, Said) and bool(said.text) and FORM.fits(said.text)
            noise += isinstance(said, NoiseKind)
        assert len(framer._held) <= HELD_BYTES_MAX, f"{name}: seed {seed}"
    checked = isinstance(framing, Counted) and framing.check is not Check.NONE
    counted = {"frames": frames, "bytes": fed, "noise": noise, "reads": reads, "reads_of_a_form": of_form}
    return {"protocol": name, **counted, "checked": checked}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=SEED)
    arguments = parser.parse_args()
    failed = 0
    for name in protocol_names():
        said = soak(name, arguments.frames, arguments.seed)
        print(json.dumps(said), flush=True)
        failed += bool(said["checked"] and said["reads"]) or bool(said["reads_of_a_form"])
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
