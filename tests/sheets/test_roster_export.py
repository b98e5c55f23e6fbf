"""An export holds everything, says who took it, and comes back equal through the import."""

from __future__ import annotations

import json
import stat
import zoneinfo
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware.core.access import Factor
from firmware.roster import command, understood
from firmware.roster.errors import RosterError
from firmware.roster.exporting import COLUMNS, export, time_text
from firmware.roster.importing import planning
from firmware.roster.importing.applying import apply
from firmware.roster.importing.headers import TITLES, recognise
from firmware.roster.importing.mapping import Mapping
from firmware.roster.keys import KIND
from firmware.roster.rules import parse_rules
from firmware.roster.sheets.opening import open_table
from firmware.roster.source.history import verify_history
from firmware.roster.source.rules import read_rulebook, write_rules
from firmware.roster.source.store import Source

ZONE = "Asia/Shanghai"
RULES = 'time_zone = "Asia/Shanghai"\n[[profile]]\nname = "residents"\n[[profile]]\nname = "staff"\n'
