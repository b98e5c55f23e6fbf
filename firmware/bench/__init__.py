"""Measurements: each figure that Menshen promises, by `menshen bench NAME`."""
