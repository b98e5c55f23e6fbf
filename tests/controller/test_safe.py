"""`menshen safe` with a site file that somebody has just spoiled: what can still be read is made safe."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.bench.rig import LOCK, Rig
from firmware.controller.errors import WiringError
from firmware.controller.safe import SafeError, make_safe


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("slip", ["bogus = 1\n", "[stroe]\nretention_days = 3\n"])
def test_a_slip_elsewhere_in_the_file_leaves_no_lock_released(rig: Rig, slip: str):
    rig.site.write_text(slip + rig.site.read_text())
    assert "lock" in make_safe(rig.site, rig.wires)
    assert rig.far_end.wait_driven(LOCK, False, 0)


def test_a_slip_in_one_device_is_told_after_the_others_were_made_safe(rig: Rig):
    text = rig.site.read_text()
    assert text.count('id = "reader"\nkind = "wiegand"') == 1
    rig.site.write_text(text.replace('id = "reader"\nkind = "wiegand"', 'id = "reader"\nkind = "wigand"'))
    with pytest.raises(SafeError, match="reader may still be released"):
        make_safe(rig.site, rig.wires)
    assert rig.far_end.wait_driven(LOCK, False, 0)


@pytest.mark.parametrize("text", ["", "not toml", "[site]\n"])
def test_a_file_without_devices_is_misuse(rig: Rig, text: str):
    rig.site.write_text(text)
    with pytest.raises(WiringError, match="no device that could be made safe"):
        make_safe(rig.site, rig.wires)
