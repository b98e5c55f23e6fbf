"""The network process ends when the controller has begun anew from another site file, and for nothing else."""

from __future__ import annotations

from pathlib import Path

from firmware.network.live import Live
from firmware.network.site_file import SiteFile
from tests.network.fake_controller import health, welcome


def test_it_ends_for_another_site_file_of_another_run_only(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text("as it was")
    ended: list[str] = []
    live = Live(0.0)
    live.watch(SiteFile(path, live, lambda: ended.append("ended")).look)
    live.heard(welcome(boot="boot-1"), 1.0)
    live.heard(welcome(boot="boot-2"), 2.0)
    path.write_text("as a restore has it")
    live.heard(health(), 3.0)
    live.heard(welcome(boot="boot-2"), 4.0)
    live.lost("gone")
    assert ended == [], "the controller still runs by the old one, or it is the same run"
    live.heard(welcome(boot="boot-3"), 5.0)
    assert ended == ["ended"]


def test_a_site_file_that_went_is_another_one(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text("as it was")
    ended: list[str] = []
    live = Live(0.0)
    live.watch(SiteFile(path, live, lambda: ended.append("ended")).look)
    live.heard(welcome(boot="boot-1"), 1.0)
    path.unlink()
    live.heard(welcome(boot="boot-2"), 2.0)
    assert ended == ["ended"]
