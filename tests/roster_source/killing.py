"""A process that changes a source in large batches until it is killed, and says on its output what it committed."""

from __future__ import annotations

import sys
from pathlib import Path

from firmware.roster.source.store import Source
from tests.roster_source.conftest import AT_S

HOLDERS = 2_000  # of one batch: enough for the kill to fall into each part of it


def main() -> None:
    path = Path(sys.argv[1])
    with Source.open(path) as source:
        source.db.execute("CREATE TEMP TABLE given (id)")
        while True:
            number = source.head.batch + 1
            source.db.execute("DELETE FROM temp.given")
            rows = ((f"b{number}-{holder}",) for holder in range(HOLDERS))
            source.db.executemany("INSERT INTO temp.given VALUES (?)", rows)
            with source.batch("import", "office", f"batch {number}", AT_S) as batch:
                print("begun", number, flush=True)
                batch.put("household", "SELECT id, NULL, NULL, NULL FROM temp.given")
                batch.put("holder", "SELECT id, id, 'a name', NULL, NULL, '[]', 0, NULL, NULL, NULL FROM temp.given")
                for (id,) in batch.db.execute("SELECT id FROM temp.given LIMIT 500").fetchall():
                    batch.db.execute("INSERT INTO credential (kind, key, holder) VALUES (1, ?, ?)", (f"r:{id}", id))
            print("committed", number, flush=True)


if __name__ == "__main__":
    main()
