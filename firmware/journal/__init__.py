"""The append-only store of events, the ledger of holders and the kept state, in one file: `journal.db`.

The controller holds a `Journal`; everybody else reads the file with `search`, `verify` and `export`.
"""

from firmware.journal.counting import count
from firmware.journal.errors import JournalDamaged, JournalError, JournalUnreachable, QueryRefused, QueryTooLong
from firmware.journal.exports import export, export_head, export_pieces, newest_head, purpose_line
from firmware.journal.heads import SignedHead, Signer, head_file, head_of, read_head, write_head
from firmware.journal.journal import Journal
from firmware.journal.ledger import Ledger, LedgerEntry, read_ledger
from firmware.journal.limits import Limits
from firmware.journal.proof import Flaw, Verdict, verify
from firmware.journal.query import search
from firmware.journal.rows import Head, Row

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
    "count",
    "export",
    "export_head",
    "export_pieces",
    "head_file",
    "head_of",
    "newest_head",
    "purpose_line",
    "read_head",
    "read_ledger",
    "search",
    "verify",
    "write_head",
]
