"""`menshen selftest verify FILE`: whose report of a self-test it is, and that nobody has changed it since."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from firmware.selftest.messages import REPORT_BYTES_MAX
from firmware.selftest.report import ReportError, proven
from firmware.terminal import quoted

SAID_NO, MISUSED = 1, 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=["verify"], help="what to do")
    parser.add_argument("file", type=Path, help="the report, as it was downloaded")
    parser.add_argument(
        "--fingerprint", metavar="HEX", help="of the controller's key, as on its label: it must be this"
    )
    parser.add_argument("--json", action="store_true", help="for programs")


def run(arguments: argparse.Namespace) -> int:
    """0: signed by the controller that it names; 1: not; 2: it cannot be read."""
    try:
        with open(arguments.file, "rb") as file:
            report = file.read(REPORT_BYTES_MAX + 1)
    except OSError as error:
        print(f"menshen: {arguments.file}: {error.strerror}", file=sys.stderr)
        return MISUSED
    try:
        if len(report) > REPORT_BYTES_MAX:
            raise ReportError(f"it is larger than {REPORT_BYTES_MAX} bytes: it is no report of a self-test")
        signer = proven(report)
        wanted = "".join(arguments.fingerprint.lower().replace(":", " ").split()) if arguments.fingerprint else ""
        if wanted and wanted != signer.fingerprint:
            raise ReportError(f"it is signed by another controller, {signer.controller} ({signer.fingerprint})")
    except ReportError as error:
        told: dict[str, object] = {"valid": False, "why": str(error)}
        print(json.dumps(told) if arguments.json else f"{quoted(str(arguments.file))}: {error}")
        return SAID_NO
    if arguments.json:
        print(json.dumps({"valid": True, "controller": signer.controller, "fingerprint": signer.fingerprint}))
    else:
        print(f"Signed by the controller {signer.controller}, and unchanged.")
        print(f"Fingerprint of its key: {signer.fingerprint}")
        if not wanted:
            print("Compare it with the label: anybody can sign with a key of their own.")
    return 0
