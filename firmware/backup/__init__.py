"""Backup and restore: one encrypted file that gets a new board going, and a swap that a power cut leaves whole."""
