"""Every bad row of a sheet as a CSV file, in each language, written while they are found: memory holds the first."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from firmware.roster.importing.problems import Bad, BadRows
from firmware.roster.sheets.text_table import armoured
from firmware.texts import texts

COLUMNS = ("sheet", "row", "column", "found", "reason")
LISTED_MAX = (
    50_000  # rows of the list, 15 MB in each language: nobody corrects more by hand, and the disk is the gate's
)
MORE = "…"  # the last row of a list that ends before
_MODE = 0o600


class ProblemList(BadRows):
    """Use it in a `with`, which writes the files anew. A cell never begins a formula (FIELD.md, section 4)."""

    def __init__(self, paths: Mapping[str, Path]) -> None:
        super().__init__()
        self._paths = paths
        self._stack = ExitStack()
        self._writers: dict[str, Any] = {}

    def __enter__(self) -> Self:
        for language, path in self._paths.items():
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, _MODE)
            file = self._stack.enter_context(open(descriptor, "w", encoding="utf-8-sig", newline=""))
            self._writers[language] = csv.writer(file)
            self._writers[language].writerow([texts(language).say(f"roster.import.csv.{name}") for name in COLUMNS])
        return self

    def __exit__(self, *_error: object) -> None:
        if self.count > LISTED_MAX:
            for writer in self._writers.values():
                writer.writerow([MORE] * len(COLUMNS))
        self._stack.close()

    def add(self, bad: Bad) -> None:
        super().add(bad)
        if self.count > LISTED_MAX:
            return
        for language, writer in self._writers.items():
            row = "" if bad.row is None else str(bad.row)
            cells = [bad.sheet, row, bad.column, bad.found, bad.reason(texts(language))]
            writer.writerow([armoured(cell) for cell in cells])
