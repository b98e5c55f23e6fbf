"""`python -m firmware.network`: the status page and the announcement."""

from __future__ import annotations

import sys

from firmware.network.program import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
