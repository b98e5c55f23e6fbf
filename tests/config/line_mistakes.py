"""A sound site on a Raspberry Pi's own pins, and mistakes of lines: what to change, where it is found, rule, meant."""

from tests.config.site_files import device_put, put, sound_site

ON_PI = {
    "hall_in_release": "GPIO9", "hall_out_release": "GPIO10", "hall_drop": "GPIO11", "hall_pulse": "GPIO12",
    "spare": "GPIO18",
}  # fmt: skip
PI, HAT = "raspberry_pi_header", "waveshare_rpi_relay_board"


def pi_site(board=PI):
    """The sound site with its wires on the header. The arms drop by a low line: that is what it is at boot."""
    site = sound_site()
    site["board"] = {"kind": board}
    for name, line in ON_PI.items():
        device_put(name, line=line)(site)
    device_put("hall_drop", on_level="low")(site)
    if board == HAT:  # which has taken its lines
        device_put("front_out_reader", d0="GPIO7", d1="GPIO8")(site)
    return site


# On the bare header.
ALONE = [
    (device_put("spare", line="BOARD11"), "spare", "line", "line_twice_named", ""),
    (device_put("spare", line="J8:11"), "spare", "line", "line_twice_named", ""),
    (device_put("spare", line="BCM17"), "spare", "line", "line_twice_named", ""),
    (device_put("spare", line="17"), "spare", "line", "line_twice_named", ""),
    (device_put("spare", line="GPIO17"), "spare", "line", "line_twice", ""),
    (device_put("front_reader", d1="WPI0"), "front_reader", "d1", "line_twice_named", ""),
    (device_put("front_reader", led_red="BOARD33"), "front_lock", "line", "line_twice_named", ""),
    (device_put("spare", line="BORAD12"), "spare", "line", "line_unknown", "BOARD12"),
    (device_put("spare", line="GPIO117"), "spare", "line", "line_unknown", "GPIO17"),
    (device_put("spare", line="CH1"), "spare", "line", "line_unknown", ""),
    (device_put("spare", line="BOARD9"), "spare", "line", "line_unknown", None),  # ground; whatever is near it
    (device_put("spare", line="GPIO0"), "spare", "line", "line_reserved", ""),
    (device_put("spare", line="BOARD28"), "spare", "line", "line_reserved", ""),
    (device_put("spare", line="J8:3"), "spare", "line", "line_reserved", ""),
    (device_put("spare", line="J8:5"), "spare", "line", "line_reserved", ""),
    (device_put("spare", line="GPIO14"), "spare", "line", "line_reserved", ""),
    (device_put("spare", line="BOARD10"), "spare", "line", "line_reserved", ""),
    (device_put("front_lock", line="BOARD26"), "front_lock", "line", "on_at_boot", ""),
    (device_put("front_lock", on_level="low"), "front_lock", "line", "on_at_boot", ""),
    (device_put("side_lock", on_level="high"), "side_lock", "line", "line_falls", ""),
    (device_put("hall_drop", on_level="high"), "hall_drop", "line", "line_falls", ""),
    (put("board", "pull", {"GPIO71": "up"}), None, "board.pull.GPIO71", "line_unknown", "GPIO7"),
    (put("board", "pull", {"GPIO6": "upp"}), None, "board.pull.GPIO6", "word", "up"),
    (put("board", "kind", "rasberry_pi_header"), None, "board.kind", "word", PI),
]
# With the relay board on it.
ALONE_ON_HAT = [
    (device_put("front_lock", line="CH1"), "front_lock", "line", "on_at_boot", ""),  # high is off, and so at boot
    (device_put("spare", line="CH2"), "spare", "line", "line_output_only", ""),
    (device_put("spare", line="GPIO21"), "spare", "line", "line_output_only", ""),
    (device_put("front_reader", d0="CH3"), "front_reader", "d0", "line_output_only", ""),
    (device_put("side_lock", line="CH3"), "side_lock", "line", "line_falls", ""),
]
NO_CHIP = [
    (put("board", "chip", "/dev/gpiochip0"), None, "board.chip", "board_without_chip", ""),
    (put("board", "pull", {"GPIO6": "up"}), None, "board.pull", "board_without_chip", ""),
]
SOLDERED = {
    "line_input_only",
    "line_without_edges",
}  # no board that we have is so: by themselves in test_check_lines.py
RULES = {rule for *_, rule, _ in (*ALONE, *ALONE_ON_HAT, *NO_CHIP)} | SOLDERED
