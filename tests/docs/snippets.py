"""The snippets of the wiring guide, and how one is put into the example site: as an installer would, table by table."""

import copy
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
SITE = ROOT / "provisioning/sites/door_and_bollard.toml"
GUIDES = {"en": ROOT / "drivers/WIRING.md", "zh": ROOT / "drivers/WIRING.zh.md"}
KEYS = "/var/lib/menshen/keys"  # of the example's OSDP readers


def snippets(language):
    """Every TOML block of a guide, read."""
    blocks = re.findall(r"^```toml\n(.*?)^```", GUIDES[language].read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return [tomllib.loads(block) for block in blocks]


def example(keys):
    """The example site, with the keys of its readers in this folder."""
    return tomllib.loads(SITE.read_text(encoding="utf-8").replace(KEYS, str(keys)))


def merged(site, snippet):
    """The site with what the snippet says: tables by their id, or by their place, and else key by key."""
    site = copy.deepcopy(site)
    _put(site, snippet)
    return site


def _put(into, table):
    for key, value in table.items():
        if isinstance(value, dict):
            _put(into.setdefault(key, {}), value)
        elif isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
            _put_list(into.setdefault(key, []), value)
        else:
            into[key] = value


def _put_list(into, tables):
    for place, table in enumerate(tables):
        if "id" in table:
            there = next((each for each in into if each.get("id") == table["id"]), None)
        else:
            there = into[place] if place < len(into) else None
        if there is None:
            into.append(copy.deepcopy(table))
        else:
            _put(there, table)
