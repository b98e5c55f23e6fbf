"""Makes the signed report of a self-test: what this controller observed, under its own key. Blocks; use a thread."""

from __future__ import annotations

import sys
import zoneinfo
from collections.abc import Mapping, Sequence

import firmware
from firmware.config import Config
from firmware.controller.selftest_shelf import Shelf, board_serial, sha256_of
from firmware.identity import Identity
from firmware.selftest.machine import Stage
from firmware.selftest.messages import ReportEntry
from firmware.selftest.report import LANGUAGES, About, Writer, sealed
from firmware.selftest.run import Run


class Press:
    """Has the key, and what stands in every report of this controller."""

    def __init__(self, config: Config, identity: Identity, shelf: Shelf, boot: str) -> None:
        self._config = config
        self._identity = identity
        self._shelf = shelf
        self.boot = boot

    def report(
        self,
        run: Run,
        ended_utc_ms: int | None,
        lines: Mapping[str, Sequence[str]],
        left_out: Sequence[str],
        issuer: str,
    ) -> ReportEntry:
        """Write it in every language, and keep it. Raises OSError."""
        about = About(
            self._config.site.id,
            self._config.name,
            self._identity.id,
            self._identity.fingerprint,
            firmware.__version__,
            board_serial(),
            sha256_of(self._config.file),
            ended_utc_ms,
            zoneinfo.ZoneInfo(self._config.time_zone),
            lines,
            self._config.portal_names,
            left_out,
        )
        pages = {language: Writer(language, about).html(run) for language in LANGUAGES}
        reports = {name: sealed(page, self._identity.public_key, self._identity.sign) for name, page in pages.items()}
        passed, failed, skipped = (run.count(each) for each in (Stage.PASSED, Stage.FAILED, Stage.SKIPPED))
        waiting = len(run.entries) - passed - failed - skipped
        entry = ReportEntry(run.id, ended_utc_ms, issuer, run.portals, passed, failed, skipped, waiting)
        return self._shelf.put(entry, reports)

    def complain(self, why: str) -> None:
        """To whoever keeps our log."""
        sys.stderr.write(f"menshen: {why}\n")
