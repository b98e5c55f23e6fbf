"""Scripts that go wrong, each in its own way: what the rig must report as failed. Not run by `make rig`."""

from __future__ import annotations

import os
import signal

from says import arguments, check


def main() -> None:
    match arguments()["fault"]:
        case "raises":
            check("something is right", True)
            raise RuntimeError("on purpose")
        case "refuted":
            check("one and one are three", 1 + 1 == 3, 1 + 1)
        case "checks nothing":
            print("all is well")
        case "hangs":
            check("something is right", True)
            signal.pause()
        case "dies":
            check("something is right", True)
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
