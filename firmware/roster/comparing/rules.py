"""Which rules of two rosters are the same, with everything that they rest on."""

from __future__ import annotations

from collections.abc import Collection

from firmware.core.access import Rulebook, Schedule
from firmware.core.site import AccessPoint


class SameRules:
    """Profiles and schedules by name that mean the same in both rosters."""

    def __init__(self, old: Rulebook, new: Rulebook) -> None:
        days = old.special_days == new.special_days
        names = {*old.schedules, *new.schedules}
        self._other_schedules = {
            name for name in names if not _same(old.schedules.get(name), new.schedules.get(name), days)
        }
        self._other_profiles = {
            name
            for name in {*old.profiles, *new.profiles}
            if (profile := old.profiles.get(name)) != new.profiles.get(name)
            or profile is None
            or any(rule.schedule in self._other_schedules for rule in profile.rules)
        }

    def cover(self, profiles: Collection[str], point: AccessPoint) -> bool:
        """Whether nothing differs for a holder of these profiles at this access point."""
        return self._other_profiles.isdisjoint(profiles) and not any(
            requirement.schedule in self._other_schedules for requirement in point.requirements
        )


def _same(old: Schedule | None, new: Schedule | None, days: bool) -> bool:
    """Whether a schedule means the same; special days are the same in both or it has none."""
    return old is not None and old == new and (days or not old.special)
