"""The characters that the reader of plates knows, in the order of its outputs; the blank of CTC comes last."""

from __future__ import annotations

PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
SPECIAL = "学警港澳使领挂"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIGITS = "0123456789"
CHARACTERS = PROVINCES + LETTERS + DIGITS + SPECIAL
BLANK = len(CHARACTERS)
INDEX = {letter: index for index, letter in enumerate(CHARACTERS)}
