"""Small steps with files that survive a power cut."""

from __future__ import annotations

import os
from pathlib import Path


def remove(path: Path) -> None:
    """Delete the file if it is there."""
    path.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable: renames and links before this survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
