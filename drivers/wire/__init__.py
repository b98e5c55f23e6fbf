"""Codecs without input or output."""
