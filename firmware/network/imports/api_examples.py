"""An example of each body and answer of imports, as the OpenAPI document has them."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from firmware.network.imports import api_sheets as shapes
from firmware.people_words.imports import SHEET_BYTES_MAX

_AT = datetime(2026, 11, 27, 3, 10, 0, tzinfo=UTC)
_WAITING = shapes.ImportWaiting("pX3kQ0aYw9Zt", "owners.csv", 21_504, "0f" * 32, "client:Property office", _AT, True)
_DONE = shapes.ImportDone(41, _AT, "Li Na", "owners.csv", "0f" * 32, 12, "the list of November", False, False)
IMPORT_EXAMPLES: tuple[msgspec.Struct, ...] = (
    shapes.Imports((_WAITING,), (_DONE,), True, True, SHEET_BYTES_MAX),
    shapes.ImportSheet(
        waiting=_WAITING,
        parts=(
            shapes.ImportPart(
                name="",
                hidden=False,
                taken=True,
                header_row=1,
                columns=(shapes.ImportColumn("A", "Card No", "card", ("0012345678",)),),
                card_style="ten-digits",
                has_cards=True,
                twice=(),
            ),
        ),
        choices=shapes.ImportChosen({"Card No": "card"}, (), "", "", False, False, "", "", None, "", {}),
        profiles=("residents",),
        formats=("H10301",),
        preview=shapes.ImportPreview(
            number="9d0c6a1be24f7780",
            rows=300,
            counts=(shapes.ImportCount("holder", 12, 0, 0, 288, 0),),
            assumptions=(),
            samples=(),
            bad=(shapes.ImportWrong("row 298, column profiles", "tenants", "There is no such profile", "residents"),),
            bad_count=1,
            warnings=(),
            warnings_count=0,
            removed=0,
            removes_many=False,
            stale=False,
            unknown_profiles=("tenants",),
        ),
        needs="",
        needs_text="",
    ),
    shapes.ImportChoices(columns={"Card No": "card"}, profile_words={"tenants": "residents"}),
    shapes.ImportTaking(number="9d0c6a1be24f7780", why="the list of November", good_rows=True),
    _DONE,
    shapes.ImportUndoing("it was the list of last year"),
    shapes.ImportProblems(
        (shapes.ImportProblem("", 298, "profiles", "tenants", "There is no such profile"),), "en-10240", False
    ),
)
