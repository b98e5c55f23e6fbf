"""The page's words as the catalogues have them: key -> (English, Chinese)."""

from __future__ import annotations

from firmware.network.words import PREFIX
from tests.texts.test_catalogues import messages


def page_words(*beginnings: str) -> dict[str, tuple[str, str]]:
    """Those that begin so."""
    chinese = messages("zh_CN")
    return {
        key.removeprefix(PREFIX): (message.string, chinese[key].string)
        for key, message in messages("en").items()
        if key.startswith(tuple(PREFIX + beginning for beginning in beginnings))
    }
