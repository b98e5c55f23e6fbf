"""What happened: the append-only, hash-chained store of events, with the ledger and kept state beside it."""
