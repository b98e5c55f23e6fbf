"""The pages of the journal: search, purposes, counts, exports, proof. Everything here reads; the controller writes."""
