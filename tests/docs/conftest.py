"""What the tests of the guide and of its pictures share: keys for the OSDP readers of the example site."""

import pytest

from firmware.__main__ import main
from tests.config.site_files import write
from tests.docs.snippets import example

KEYED = ("lane_in_reader", "lane_out_reader")


@pytest.fixture
def keys(tmp_path):
    """A folder with a key for each OSDP reader of the example, made by the command that an installer uses."""
    folder = tmp_path / "keys"
    folder.mkdir(mode=0o700)
    site = write(tmp_path, example(folder))
    for reader in KEYED:
        assert main(["osdp", "new-key", str(site), reader, "--language", "en"]) == 0
    return folder
