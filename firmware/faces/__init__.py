"""Enrolled faces: consent, encrypted templates, receipts, and when one may be looked for among many. Off by default."""
