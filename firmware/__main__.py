"""The `menshen` command: parses and hands over."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line; exit status 0 done, 1 said no, 2 misused."""
    print("menshen: no subcommand is there yet", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
