"""The tables of the source. An SQLite file that only this package writes; every change leaves a row in `change`.

Times are UTC seconds; flags are the bits of `firmware.roster.schema.FLAGS`, status the index into `STATUSES`, kind the
number in `firmware.roster.keys.KIND`. A PIN never stands here: only `digest:KEY_ID:DIGITS:HEX`, made with the digest
key whose id is KEY_ID, of a PIN of DIGITS digits (salted with the holder's id, or with nothing where it is a credential
of its own). Lists are JSON arrays. Empty text stands nowhere: what is not known is NULL.

The history is written by triggers, so that no statement changes anything without it: they note each row's `before` and
`after` under the batch that stands in `open_batch`, and refuse every write while none stands there.
"""

from __future__ import annotations

from collections.abc import Iterator

APPLICATION_ID = 0x4D6E536F  # "MnSo"
FORMAT = 1  # PRAGMA user_version

TABLES = (
    "CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE household (id TEXT PRIMARY KEY, label TEXT, spaces INTEGER, note TEXT) STRICT, WITHOUT ROWID",
    "CREATE TABLE holder (id TEXT PRIMARY KEY, household TEXT, name TEXT, phone TEXT, relation TEXT,"
    " profiles TEXT NOT NULL, flags INTEGER NOT NULL DEFAULT 0, pin_with TEXT, duress_pin_with TEXT, note TEXT)"
    " STRICT, WITHOUT ROWID",
    "CREATE TABLE credential (kind INTEGER NOT NULL, key TEXT NOT NULL, holder TEXT NOT NULL,"
    " status INTEGER NOT NULL DEFAULT 0, duress INTEGER NOT NULL DEFAULT 0, valid_from_s INTEGER,"
    " valid_until_s INTEGER, use_limit INTEGER, printed TEXT, PRIMARY KEY (kind, key)) STRICT, WITHOUT ROWID",
    # A vehicle's plate is a credential of its holder; it stands here and not in `credential`.
    "CREATE TABLE vehicle (plate TEXT PRIMARY KEY, holder TEXT NOT NULL, kind TEXT, description TEXT,"
    " status INTEGER NOT NULL DEFAULT 0, valid_from_s INTEGER, valid_until_s INTEGER, use_limit INTEGER)"
    " STRICT, WITHOUT ROWID",
    "CREATE TABLE profile (name TEXT PRIMARY KEY, rules TEXT NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE schedule (name TEXT PRIMARY KEY, week TEXT NOT NULL, special TEXT NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE special_day (day INTEGER PRIMARY KEY, kind TEXT NOT NULL) STRICT",
    "CREATE TABLE area (id TEXT PRIMARY KEY, label TEXT, places INTEGER) STRICT, WITHOUT ROWID",
    "CREATE INDEX holder_household ON holder (household)",
    "CREATE INDEX credential_holder ON credential (holder)",
    "CREATE INDEX vehicle_holder ON vehicle (holder)",
    # History: a batch is what one person did at once; `hash` chains it to the one before (source/history.py).
    # `why` and `file` may name a person: they are hashed by way of a salt, and go with an erasure.
    "CREATE TABLE batch (id INTEGER PRIMARY KEY, at_s INTEGER NOT NULL, kind TEXT NOT NULL, who TEXT NOT NULL,"
    " why TEXT, file TEXT, sha256 TEXT, undoes INTEGER, first INTEGER NOT NULL, changes INTEGER NOT NULL,"
    " salt BLOB, commitment BLOB, hash BLOB NOT NULL) STRICT",
    # `place` gives the order in the batch's hash; batch.first is that of its first change. An erased change has lost
    # id, before, after and salt, and has kept its commitment.
    "CREATE TABLE change (place INTEGER PRIMARY KEY, batch INTEGER NOT NULL, entity TEXT NOT NULL, id TEXT,"
    " before TEXT, after TEXT, salt BLOB, commitment BLOB) STRICT",
    "CREATE UNIQUE INDEX change_of ON change (entity, id, batch)",
    # The batch that is being made: one row, and only inside its transaction. While `whole` is 1 a statement that
    # changes thousands of rows is being carried out, whose history is written by one statement too (source/batch.py: a
    # trigger for each of 650,000 rows costs 25 s on an ordinary machine, that one 3 s).
    "CREATE TABLE open_batch (one INTEGER PRIMARY KEY CHECK (one = 1), id INTEGER NOT NULL, kind TEXT NOT NULL,"
    " whole INTEGER NOT NULL DEFAULT 0) STRICT",
    # Which rosters were built from it: no change and no history, written outside of batches (roster/build.py).
    "CREATE TABLE built (version INTEGER PRIMARY KEY, batch INTEGER NOT NULL, sha256 TEXT NOT NULL,"
    " signer TEXT NOT NULL) STRICT",
)

# Entity -> its columns, the key's first. The id of a change is the key's text; a credential's is "KIND:KEY".
COLUMNS: dict[str, tuple[str, ...]] = {
    "setting": ("name", "value"),
    "household": ("id", "label", "spaces", "note"),
    "holder": (
        "id",
        "household",
        "name",
        "phone",
        "relation",
        "profiles",
        "flags",
        "pin_with",
        "duress_pin_with",
        "note",
    ),
    "credential": (
        "kind",
        "key",
        "holder",
        "status",
        "duress",
        "valid_from_s",
        "valid_until_s",
        "use_limit",
        "printed",
    ),
    "vehicle": (
        "plate",
        "holder",
        "kind",
        "description",
        "status",
        "valid_from_s",
        "valid_until_s",
        "use_limit",
    ),
    "profile": ("name", "rules"),
    "schedule": ("name", "week", "special"),
    "special_day": ("day", "kind"),
    "area": ("id", "label", "places"),
}
ENTITIES = tuple(COLUMNS)
KEYS: dict[str, tuple[str, ...]] = {
    entity: columns[: 2 if entity == "credential" else 1] for entity, columns in COLUMNS.items()
}

NO_BATCH = "the source changes inside of a batch only"  # what the triggers say; store.py tells people more
FIXED_KEY = "the id of an entity never changes"


def id_sql(entity: str, row: str) -> str:
    """SQL for the id of a change, of the table or alias `row`."""
    if entity == "credential":
        return f"{row}.kind || ':' || {row}.key"
    return f"CAST({row}.{KEYS[entity][0]} AS TEXT)"


def key_sql(entity: str, id: str) -> str:
    """SQL for the key columns of the row whose change has the id `id`, itself SQL."""
    if entity == "credential":
        return f"CAST(substr({id}, 1, instr({id}, ':') - 1) AS INTEGER), substr({id}, instr({id}, ':') + 1)"
    return f"CAST({id} AS INTEGER)" if entity == "special_day" else id


def json_sql(entity: str, row: str) -> str:
    """SQL for the JSON of all columns of `row`: what `before` and `after` hold."""
    return "json_object(" + ", ".join(f"'{column}', {row}.{column}" for column in COLUMNS[entity]) + ")"


def _noting(entity: str) -> Iterator[str]:
    """The triggers that write the history of one entity. The outer statement's conflict clause reaches into a trigger:
    so the refusal is a RAISE of its own, and a batch's second change of a row is an UPDATE, not a conflict."""
    refusal = f"SELECT RAISE(ABORT, '{NO_BATCH}') WHERE NOT EXISTS (SELECT 1 FROM open_batch);"
    for event, row, before, after in (
        ("INSERT", "NEW", "NULL", json_sql(entity, "NEW")),
        ("UPDATE", "NEW", json_sql(entity, "OLD"), json_sql(entity, "NEW")),
        ("DELETE", "OLD", json_sql(entity, "OLD"), "NULL"),
    ):
        name = id_sql(entity, row)
        when = "NOT EXISTS (SELECT 1 FROM open_batch WHERE whole = 1)"
        if event == "UPDATE":
            differs = " OR ".join(f"OLD.{column} IS NOT NEW.{column}" for column in COLUMNS[entity])
            when = f"{when} AND ({differs})"
        yield (
            f"CREATE TRIGGER {entity}_{event.lower()} AFTER {event} ON {entity} WHEN {when} BEGIN {refusal}"
            f" UPDATE change SET after = {after}"
            f" WHERE entity = '{entity}' AND id = {name} AND batch = (SELECT id FROM open_batch);"
            " INSERT INTO change (batch, entity, id, before, after, salt)"
            f" SELECT open_batch.id, '{entity}', {name}, {before}, {after}, randomblob(16) FROM open_batch"
            " WHERE changes() = 0; END"
        )
    fixed = " OR ".join(f"OLD.{column} IS NOT NEW.{column}" for column in KEYS[entity])
    yield (
        f"CREATE TRIGGER {entity}_fixed BEFORE UPDATE ON {entity} WHEN {fixed}"
        f" BEGIN SELECT RAISE(ABORT, '{FIXED_KEY}'); END"
    )


_KEEPING = (
    "CREATE TRIGGER change_added BEFORE INSERT ON change WHEN NEW.batch IS NOT (SELECT id FROM open_batch)"
    f" BEGIN SELECT RAISE(ABORT, '{NO_BATCH}'); END",
    "CREATE TRIGGER change_changed BEFORE UPDATE ON change WHEN NOT EXISTS"
    " (SELECT 1 FROM open_batch WHERE id = OLD.batch OR kind = 'erase')"
    " BEGIN SELECT RAISE(ABORT, 'history only grows'); END",
    "CREATE TRIGGER change_removed BEFORE DELETE ON change"
    " WHEN NOT EXISTS (SELECT 1 FROM open_batch WHERE id = OLD.batch)"
    " BEGIN SELECT RAISE(ABORT, 'history only grows'); END",
    "CREATE TRIGGER batch_added BEFORE INSERT ON batch WHEN NOT EXISTS (SELECT 1 FROM open_batch WHERE id = NEW.id)"
    f" BEGIN SELECT RAISE(ABORT, '{NO_BATCH}'); END",
    "CREATE TRIGGER batch_changed BEFORE UPDATE ON batch"
    " WHEN NOT EXISTS (SELECT 1 FROM open_batch WHERE kind = 'erase')"
    " BEGIN SELECT RAISE(ABORT, 'history only grows'); END",
    "CREATE TRIGGER batch_removed BEFORE DELETE ON batch BEGIN SELECT RAISE(ABORT, 'history only grows'); END",
)
TRIGGERS = (*(trigger for entity in ENTITIES for trigger in _noting(entity)), *_KEEPING)
