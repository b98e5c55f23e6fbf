"""`python -m firmware.people`: the property office's desk, as a service manager or `menshen run` starts it."""

from __future__ import annotations

import sys

from firmware.people.program import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
