"""The append-only store of events, the ledger of holders and the kept state, in one file: `journal.db`.

The controller holds a `Journal`; everybody else reads the file with `search`, `verify` and `export`.
"""

from firmware.journal.errors import JournalDamaged, JournalError, JournalUnreachable, QueryRefused, QueryTooLong
from firmware.journal.export import export, export_head
from firmware.journal.heads import SignedHead, Signer, read_head, write_head
from firmware.journal.journal import Journal
from firmware.journal.ledger import Ledger, LedgerEntry
from firmware.journal.limits import Limits
from firmware.journal.rows import Head, Row
from firmware.journal.search import search
from firmware.journal.verify import Flaw, Verdict, verify

__all__ = [
    "Flaw",
    "Head",
    "Journal",
    "JournalDamaged",
    "JournalError",
    "JournalUnreachable",
    "Ledger",
    "LedgerEntry",
    "Limits",
    "QueryRefused",
    "QueryTooLong",
    "Row",
    "SignedHead",
    "Signer",
    "Verdict",
    "export",
    "export_head",
    "read_head",
    "search",
    "verify",
    "write_head",
]
