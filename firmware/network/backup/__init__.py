"""Backup, restore and what a factory reset takes, as an installer sees them on the page."""
