"""The formats once more, as pictures in the way makers publish them: the independent statement the table is held to.

F facility, N number, I issue, M maker's code (oem), U serial number, P parity, 0/1 constant, `.` unused. A row per
parity in the order of encoding: E or O at the parity's own place, X at the bits it covers.
"""

from __future__ import annotations


def _pair(length: int, front: int, back: int) -> list[str]:
    """Even parity in front, odd parity behind."""
    return [("E" + "X" * front).ljust(length, "."), ("X" * back + "O").rjust(length, ".")]


PICTURES: dict[str, tuple[str, list[str]]] = {
    # rfideas.com, "Proximity card formats", prints this one so.
    "H10301": (
        "PFFFFFFFFNNNNNNNNNNNNNNNNP",
        ["EXXXXXXXXXXXX.............", ".............XXXXXXXXXXXXO"],
    ),
    "IND26": ("P" + "F" * 12 + "N" * 12 + "P", _pair(26, 12, 12)),
    "IND27": ("F" * 13 + "N" * 14, []),
    "2804W": (
        "P.P." + "F" * 8 + "N" * 15 + "P",
        ["..O." + "XX." * 7 + "XX" + ".", "E" + "X" * 13 + "." * 14, "X" * 27 + "O"],
    ),
    "IND29": ("F" * 13 + "N" * 16, []),
    "ATSW30": ("P" + "F" * 12 + "N" * 16 + "P", _pair(30, 12, 16)),
    "ADT31": ("." + "F" * 4 + "N" * 23 + "...", []),
    "HCP32": ("." + "N" * 24 + "." * 7, []),
    "HPP32": ("." + "F" * 12 + "N" * 19, []),
    "KASTLE": ("P1" + "I" * 5 + "F" * 8 + "N" * 16 + "P", _pair(32, 16, 17)),
    "KANTECH": ("." * 7 + "F" * 8 + "N" * 16 + ".", []),
    "WIE32": ("." * 4 + "F" * 12 + "N" * 16, []),
    "D10202": ("P" + "F" * 7 + "N" * 24 + "P", _pair(33, 16, 16)),
    "H10306": ("P" + "F" * 16 + "N" * 16 + "P", _pair(34, 16, 16)),
    "N10002": ("P" + "F" * 16 + "N" * 16 + "P", _pair(34, 16, 16)),
    "OPTUS34": ("." + "N" * 16 + "." * 5 + "F" * 11 + ".", []),
    "SMP34": ("." + "F" * 13 + "III" + "N" * 16 + ".", []),
    "BQT34": ("P" + "F" * 8 + "N" * 24 + "P", _pair(34, 16, 16)),
    "C1K35S": (
        "PP" + "F" * 12 + "N" * 20 + "P",
        [".E" + ("XX." * 11)[:32] + ".", "." + "XX." * 11 + "O", "O" + "X" * 34],
    ),
    "C15001": ("P" + "M" * 10 + "F" * 8 + "N" * 16 + "P", _pair(36, 17, 17)),
    "S12906": (
        "P" + "F" * 8 + "II" + "N" * 24 + "P",
        ["O" + "X" * 17 + "." * 18, "." * 17 + "X" * 18 + "O"],
    ),
    "SIE36": (
        "P" + "F" * 18 + "N" * 16 + "P",
        ["O" + "X.X" * 11 + "X.", "." + "XX." * 11 + "XE"],
    ),
    "H10320": (
        "N" * 32 + "PPPP",
        ["X..." * 8 + "E...", ".X.." * 8 + ".O..", "..X." * 8 + "..E.", "...X" * 8 + "...E"],
    ),
    "H10302": ("P" + "N" * 35 + "P", _pair(37, 18, 18)),
    # ooaccess.com, "37 Bit Card Format (with facility code)", prints this one so.
    "H10304": (
        "PFFFFFFFFFFFFFFFFNNNNNNNNNNNNNNNNNNNP",
        ["EXXXXXXXXXXXXXXXXXX..................", "..................XXXXXXXXXXXXXXXXXXO"],
    ),
    "HGEN37": (
        "P.PP" + "N" * 32 + "1",
        ["E..." + "X..." * 8 + ".", "..O." + "..X." * 8 + ".", "...E" + "...X" * 8 + "."],
    ),
    "MDI37": ("P.." + "F" * 4 + "N" * 29 + "P", _pair(37, 18, 18)),
    "BQT38": ("P" + "N" * 19 + "IIII" + "F" * 13 + "P", _pair(38, 18, 18)),
    "ISCS38": ("P" + "MMMM" + "F" * 10 + "N" * 22 + "P", _pair(38, 18, 18)),
    "PW39": ("P" + "F" * 17 + "N" * 20 + "P", _pair(39, 18, 19)),
    "P10001": (
        "1111" + "F" * 12 + "N" * 16 + "P" * 8,
        [("." * b + "X" + "." * (7 - b)) * 4 + "." * b + "E" + "." * (7 - b) for b in range(8)],
    ),
    "CASI40": ("." + "N" * 38 + ".", []),
    "BC40": ("M" * 7 + "F" * 12 + "N" * 20 + "P", ["." * 19 + "X" * 20 + "O"]),
    "C1K48S": (
        "PP" + "F" * 22 + "N" * 23 + "P",
        [".E" + ".XX" * 15 + ".", "." + ".XX" * 15 + ".O", "O" + "X" * 47],
    ),
    "RAW42P": ("P" + "U" * 40 + "P", _pair(42, 20, 20)),
    "RAW50P": ("P" + "U" * 48 + "P", _pair(50, 24, 24)),
    "RAW58P": ("P" + "U" * 56 + "P", _pair(58, 28, 28)),
    "RAW66P": ("P" + "U" * 64 + "P", _pair(66, 32, 32)),
    "RAW56": ("U" * 56, []),
    "RAW64": ("U" * 64, []),
}

# Formats whose bits lie scattered, most significant bit first, by position: a picture would not show the order.
SCATTERED: dict[str, tuple[int, dict[str, str]]] = {
    "INDASC27": (
        27,
        {
            "facility": "9 4 6 5 0 7 19 8 10 16 24 12 22",
            "number": "26 1 3 15 14 17 20 13 25 2 18 21 11 23",
        },
    ),
    "TECOM27": (
        27,
        {
            "facility": "15 19 24 23 22 18 6 10 14 3 2",
            "number": "0 1 13 12 9 26 20 16 17 21 25 7 8 11 4 5",
        },
    ),
}

LETTERS = {"F": "facility", "N": "number", "I": "issue", "M": "oem", "U": "uid"}
DECIMAL = {"H10320"}


def widths(name: str) -> dict[str, int]:
    """Field -> bits."""
    if name in SCATTERED:
        return {field: len(places.split()) for field, places in SCATTERED[name][1].items()}
    picture = PICTURES[name][0]
    return {field: picture.count(letter) for letter, field in LETTERS.items() if letter in picture}


def drawn(name: str, fields: dict[str, int]) -> str:
    """The bits of a card as text, computed on characters from the picture."""
    if name in SCATTERED:
        length, places = SCATTERED[name]
        bits = ["0"] * length
        for field, order in places.items():
            value = f"{fields[field]:0{len(order.split())}b}"
            for place, bit in zip(order.split(), value, strict=True):
                bits[int(place)] = bit
        return "".join(bits)
    picture, rows = PICTURES[name]
    bits = list(picture.replace(".", "0").replace("P", "0"))
    for letter, field in LETTERS.items():
        places = [at for at, sign in enumerate(picture) if sign == letter]
        if not places:
            continue
        if name in DECIMAL:
            text = "".join(f"{int(digit):04b}" for digit in f"{fields[field]:0{len(places) // 4}d}")
        else:
            text = f"{fields[field]:0{len(places)}b}"
        for place, bit in zip(places, text, strict=True):
            bits[place] = bit
    for row in rows:
        assert len(row) == len(picture), (name, row)
        ones = sum(bits[at] == "1" for at, sign in enumerate(row) if sign == "X")
        own = row.index("E") if "E" in row else row.index("O")
        wanted = 0 if "E" in row else 1
        bits[own] = str((ones + wanted) % 2)
    return "".join(bits)


def guarded(name: str) -> list[bool]:
    """For each bit: does a parity or a constant notice when it alone is turned?"""
    if name in SCATTERED:
        return [False] * SCATTERED[name][0]
    picture, rows = PICTURES[name]
    return [sign in "01" or any(row[at] != "." for row in rows) for at, sign in enumerate(picture)]
