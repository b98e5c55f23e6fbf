"""An example of each body and answer of backups, as the OpenAPI document has them."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from firmware.network.backup import api_state as shapes

_AT = datetime(2026, 11, 27, 3, 10, 0, tzinfo=UTC)
_CODE = "0123-4567-89AB"
_CONTENTS = shapes.BackupContents(
    site="north_gate",
    site_name="North gate",
    made=_AT,
    menshen="0.1.0",
    controller="5216554d880d9343",
    parts=(shapes.BackupPart("source", "", 30_146, {"holders": 1200}, "roster source", "1200 holders"),),
)
BACKUP_EXAMPLES: tuple[msgspec.Struct, ...] = (
    shapes.BackupState(
        job=None,
        made=shapes.BackupMade(24_810, "1b" * 32, _CONTENTS),
        looked=None,
        failed=None,
        last=shapes.BackupLast(False, "Li Na", "the board died", _AT),
        without_texts=("face templates: they stay on the controller, people enrol again",),
    ),
    shapes.BackupMaking("monthly", "four words of nobody", _CODE),
    shapes.BackupRestoring("the board died", "1b" * 32, "four words of nobody", _CODE, "yes"),
    shapes.BackupUndoing("the wrong one", _CODE, "yes"),
    shapes.BackupForgetting("it works as it is", _CODE, "yes"),
)
