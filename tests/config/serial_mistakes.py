"""Mistakes in the tables of readers and displays on serial ports, and the rule that finds each."""

from tests.config.site_files import append, every, put

PORT = "/dev/ttyUSB0"
LANE = 3  # of the demo gate's portals


def serial(name="lane_tags", protocol="sid_ur_series", port=PORT, **more):
    return {"id": name, "kind": "serial_reader", "port": port, "protocol": protocol, **more}


def at_lane(*tables, accept=(("card",), ("tag",))):
    """These readers beside the lane's own."""
    names = [table["id"] for table in tables]
    return every(
        *(append("device", table) for table in tables),
        append_readers(names),
        put("portal", LANE, "access_point", 0, "requirement", 0, "accept", [list(each) for each in accept]),
    )


def append_readers(names):
    def change(site):
        site["portal"][LANE]["access_point"][0]["readers"] += names

    return change


def sign(name="lane_sign", protocol="plain_text", port="/dev/ttyUSB5", **more):
    return {"id": name, "kind": "text_display", "port": port, "protocol": protocol, **more}


def with_sign(table, *, point=0, language="zh"):
    return every(
        append("device", table),
        put("portal", LANE, "access_point", point, "display", table["id"]),
        put("site", "language", language),
    )


# (table, rule, key) of a reader of tags, and of a display of a site that speaks Chinese
READERS = [
    (serial(protocol="nobody"), "device", "protocol"),
    (serial(port="ttyUSB0"), "device", "port"),
    (serial(baud=12_345), "device", "baud"),
    (serial(stop_bits=3), "device", "stop_bits"),
    (serial(parity="strange"), "word", "parity"),
    (serial(repeat_ms=50), "device", "repeat_ms"),
    (serial(repeat_ms=500), "tag_repeat", "repeat_ms"),  # as the guard's own repeat_ms
    (serial(silent_ms_max=5), "device", "silent_ms_max"),
    (serial(speed=9_600), "unknown_key", "speed"),
    (serial(text_characters="9-0"), "device", "text_characters"),
    (serial(text_starts="E2", text_characters="0-9"), "device", "text_characters"),
    (serial(text_min=0), "device", "text_min"),
    (serial(text_min=20, text_max=10), "device", "text_min"),
    (serial(text_max=513), "device", "text_max"),
    (serial(text_starts="a" * 65), "device", "text_starts"),
]
DISPLAYS = [
    (sign(protocol="nobody"), "device", "protocol"),
    (sign(port="COM3"), "device", "port"),
    (sign(baud=1), "device", "baud"),
    (sign(data_bits=5), "device", "data_bits"),
    (sign(rows=0), "device", "rows"),
    (sign(columns=500), "device", "columns"),
    (sign(languages=["fr"]), "device", "languages"),
    (sign(encoding="koi8-r"), "device", "encoding"),
    (sign(protocol="alpha_sign"), "display_letters", "protocol"),  # Chinese in ASCII
    (sign(encoding="ascii"), "display_letters", "protocol"),
    (sign(languages=["en", "zh"], encoding="ascii"), "display_letters", "languages"),
    (sign(columns=8), "display_columns", "columns"),
    (sign(port="/dev/ttyUSB5", colour="red"), "unknown_key", "colour"),
]
# What two tables contradict each other in: (change, path, rule)
BETWEEN = [
    (at_lane(serial(), serial("lane_more")), "lane_more.port", "port_twice"),
    (append("device", sign()), "lane_sign.id", "display_unused"),
]
RULES = {rule for _, rule, _ in (*READERS, *DISPLAYS)} | {rule for _, _, rule in BETWEEN}
