"""Mistakes in the demo gate's vehicle lane: what to change, where `menshen check` finds it, and by which rule.

Each is the only problem of its file. They are written from FIELD.md, section 3, not from what the check printed.
"""

from tests.config.site_files import append, demo_site, device_put, drop, every, put

P = 3  # the lane's place among the portals
LANE = ("portal", P)
DEVICES = [device["id"] for device in demo_site()["device"]]


def key(*path):
    """The path of a key of the lane's table: key("drive", 0, "open") is portal[3].drive[0].open."""
    return f"portal[{P}]" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)


def at(name, of):
    return f"device[{DEVICES.index(name)}].{of}"


def lane(*keys_and_value):
    return put(*LANE, *keys_and_value)


def without(*keys):
    return every(*(drop(*LANE, *(each if isinstance(each, tuple) else (each,))) for each in keys))


def contact(name, line, level="high", **more):
    return append("device", {"id": name, "kind": "contact", "line": line, "active_level": level, **more})


def relay(name, line, **more):
    return append("device", {"id": name, "kind": "relay", "line": line, **more})


# A lane that only the local key closes, without anything that an automatic close needs; and one that drives.
BY_KEY = every(
    without("entry", "exit", "safety", "photocell", "warning", "sounder", "loops_mm", "speed_kmh_max", "light",
            "emergency_close"),
    lane("closing", "hold_to_run"), drop("area", 3, "quota"),
)  # fmt: skip
DRIVING = every(lane("mode", "driving"), lane("drops_ms", 500), lane("limits_cut", True))
EDGE = every(lane("edge_closing", [{"input": "edge", "fault": "edge_fault"}]), contact("edge", "Y40", prompt=True),
             contact("edge_fault", "Y41", prompt=True))  # fmt: skip
SECOND_DRIVE = every(
    append(*LANE, "drive", {"open": "open_2", "close": "close_2", "opened": ["is_open_2"], "closed": ["is_closed_2"],
                            "permit": "permit_2"}),
    relay("open_2", "Y37"), relay("close_2", "Y38"), relay("permit_2", "Y39"),
    contact("is_open_2", "Y40", "low"), contact("is_closed_2", "Y41", "low"),
)  # fmt: skip
GATE = every(lane("mover", "sliding_gate"), without("pit_water"))
WIRE_HIGH = ("loop_entry", "loop_safety", "loop_exit", "beam", "stop", "service_key", "cover", "fire_key", "mains",
             "drive_fault")  # fmt: skip
WIRE_LOW = ("is_down", "is_up", "reset", "key_open", "key_close", "emergency")
PROMPT = ("loop_safety", "beam", "stop", "service_key", "cover", "drive_fault")
SPANS = {  # least and most of each figure, as FIELD.md and the agreed ranges have them
    "travel_ms_max": (1_000, 180_000), "dead_ms": (100, 5_000), "warning_ms": (1_000, 30_000),
    "clear_ms": (1_000, 60_000), "test_ms": (50, 5_000), "pulse_ms": (100, 5_000), "back_off_ms": (100, 3_000),
    "passage_ms_max": (5_000, 600_000), "gap_ms_max": (500, 60_000), "leave_ms_max": (1_000, 600_000),
    "queue_ms_max": (10_000, 3_600_000), "queue_max": (1, 32), "beam_ms_max": (1_000, 20_000),
    "proof_ms_max": (60_000, 604_800_000), "loops_mm": (300, 50_000), "speed_kmh_max": (3, 60),
    "cycles_service": (100, 10_000_000), "tests_days": (1, 366), "budget_ms": (5, 500), "drops_ms": (10, 1_000),
}  # fmt: skip
BY = {"travel_ms_max", "dead_ms", "warning_ms", "clear_ms", "test_ms", "back_off_ms", "passage_ms_max", "gap_ms_max",
      "leave_ms_max", "beam_ms_max", "proof_ms_max", "cycles_service", "tests_days"}  # fmt: skip

MISTAKES = [
    # how it is written
    (without("mover"), key("mover"), "missing"),
    (without("drive"), key("drive"), "missing"),
    (lane("mover", "bollards"), key("mover"), "word"),
    (lane("mode", "automatic"), key("mode"), "word"),
    (without(("drive", 0, "open")), key("drive", 0, "open"), "missing"),
    (lane("drive", 0, "opened", "lane_is_down"), key("drive", 0, "opened"), "list"),
    (lane("light", 0, "direction", "inn"), key("light", 0, "direction"), "direction"),
    (lane("priority", "both"), key("priority"), "direction"),
    (lane("fire_open", True), key("fire_open"), "unknown_key"),
    (without("power_loss"), key("power_loss"), "missing"),
    (lane("power_loss", "closes"), key("power_loss"), "barrier_power_loss"),
    (without("by_wire"), key("by_wire"), "missing"),
    (lane("by_wire", ["stop", "safety", "fire", "loops"]), key("by_wire", 3), "barrier_by_wire"),
    (lane("drive", 0, "permit", "lane_permt"), key("drive", 0, "permit"), "no_device"),
    (put("site", "fire_inputs", ["fire_panl"]), "site.fire_inputs[0]", "no_device"),
    (lane("safety", 0, "fault", "lane_loop_falt"), key("safety", 0, "fault"), "no_device"),
    (every(lane("stop", "lamp"), relay("lamp", "Y40")), key("stop"), "wrong_role"),
    (every(lane("drive", 0, "open", "probe"), contact("probe", "Y40")), key("drive", 0, "open"), "wrong_role"),
    (lane("mains", "lane_stop"), key("mains"), "used_twice"),
    (lane("drive", 0, "close", "lane_down"), key("drive", 0, "close"), "used_twice"),
    (device_put("lane_up", line="Y1"), at("lane_up", "line"), "line_twice"),
    (lane("temperature", "lane_battery"), key("temperature"), "wrong_role"),
    (lane("drive", []), key("drive"), "list_length"),
    # R0, R6, R12, R19: it can be stopped, its ends are proven
    (without("stop"), key("stop"), "lane_stop"),
    (without("reset"), key("reset"), "lane_reset"),
    (every(BY_KEY, without("key_close")), key("key_close"), "lane_key_close"),
    (every(BY_KEY, without("stop")), key("stop"), "lane_stop"),
    (every(BY_KEY, without("reset")), key("reset"), "lane_reset"),
    (lane("drive", 0, "opened", []), key("drive", 0, "opened"), "lane_end_proof"),
    (lane("drive", 0, "closed", []), key("drive", 0, "closed"), "lane_end_proof"),
    (every(lane("command", "pulse"), without(("drive", 0, "permit"))), key("drive", 0, "permit"), "lane_pulse_permit"),
    (every(SECOND_DRIVE, lane("command", "pulse"), without(("drive", 1, "permit"))), key("drive", 1, "permit"),
     "lane_pulse_permit"),
    (every(SECOND_DRIVE, lane("drive", 1, "open", "lane_down")), key("drive", 1, "open"), "used_twice"),
    (every(BY_KEY, lane("emergency_close", "lane_emergency")), key("emergency_close"), "lane_emergency"),
    (every(lane("arm_detached", "arm"), contact("arm", "Y40")), key("arm_detached"), "lane_mover"),
    (lane("mover", "boom"), key("pit_water"), "lane_mover"),
    (lane("by_wire", ["safety", "fire"]), key("by_wire"), "lane_by_wire"),
    (lane("by_wire", ["stop", "fire"]), key("by_wire"), "lane_by_wire"),
    (lane("by_wire", ["stop", "safety"]), key("by_wire"), "lane_by_wire"),
    # R7, R8, R11: what an automatic close needs
    *((without(each), key(each), f"lane_automatic_{each}") for each in ("entry", "safety", "exit", "warning",
                                                                        "sounder")),
    (without("light"), key("light"), "lane_automatic_light"),
    (without(("light", 1)), key("light"), "lane_automatic_light"),
    (without(("light", 0, "green")), key("light", 0, "green"), "lane_automatic_green"),
    (without("photocell"), key("pedestrians"), "lane_two_principles"),
    (every(without("photocell"), append(*LANE, "safety", {"input": "loop_2"}), contact("loop_2", "Y40", prompt=True)),
     key("pedestrians"), "lane_two_principles"),
    # R1: what cannot be proven healthy
    (every(EDGE, without(("edge_closing", 0, "fault"))), key("edge_closing", 0, "test"), "lane_edge_proof"),
    (lane("safety", 0, "supervised", True), key("safety", 0, "supervised"), "lane_supervised"),
    (every(device_put("lane_beam", debounce_ms=200), lane("test_ms", 200)), at("lane_beam", "debounce_ms"), "below"),
    *((device_put(f"lane_{each}", active_level="low"), at(f"lane_{each}", "active_level"), "lane_wire_break")
      for each in WIRE_HIGH),
    (device_put("fire_panel", active_level="low"), at("fire_panel", "active_level"), "lane_wire_break"),
    *((device_put(f"lane_{each}", active_level="high"), at(f"lane_{each}", "active_level"), "lane_wire_break_idle")
      for each in WIRE_LOW),
    *((device_put(f"lane_{each}", prompt=None), at(f"lane_{each}", "prompt"), "lane_prompt") for each in PROMPT),
    # R5: nothing moves because nobody commands, or because the board starts
    *((device_put(f"lane_{each}", on_lost="on"), at(f"lane_{each}", "on_lost"), "lane_on_lost")
      for each in ("down", "up", "permit", "green_in", "green_out")),
    *((device_put(f"lane_{each}", on_level="low"), at(f"lane_{each}", "line"), "on_at_boot")
      for each in ("down", "up", "permit", "green_in")),
    (every(lane("drive", 0, "brake", "brake"), relay("brake", "GPIO2")), f"device[{len(DEVICES)}].line",
     "line_reserved"),
    # R14
    (every(put("site", "fire_inputs", []), without("fire_key")), key("fire_opens"), "lane_fire_input"),
    (lane("fire_opens", False), key("fire_key"), "lane_fire_key"),
    # the way out
    (lane("escape", True), key("escape"), "barrier_escape"),
    (GATE, key("egress"), "barrier_egress"),
    (every(GATE, lane("egress", "credential")), key("egress"), "barrier_egress"),
    (every(GATE, lane("egress_by", "frontdoor")), key("egress_by"), "no_portal"),
    (every(GATE, lane("egress_by", "front_door"), drop("portal", 0, "escape")), key("egress_by"),
     "egress_by_no_escape"),
    (every(GATE, lane("egress_by", "hall")), key("egress_by"), "egress_by_no_escape"),
    # the roadway
    (every(BY_KEY, lane("loops_mm", 5_000)), key("loops_mm"), "lane_loops_mm"),
    (every(without("loops_mm"), drop("portal", P, "speed_kmh_max"), lane("speed_kmh_max", 15)), key("speed_kmh_max"),
     "lane_speed"),
    (lane("access_point", 1, "direction", "in"), key("priority"), "lane_priority"),
    (every(lane("unlock_schedule", "day"), lane("closed_schedule", "day")), key("closed_schedule"),
     "lane_same_schedule"),
    (lane("light", 1, "direction", "in"), key("light", 1, "direction"), "lane_light_twice"),
    (every(lane("warning_ms", 1_000), lane("dead_ms", 1_001)), key("warning_ms"), "not_below"),
    (every(lane("warning_ms", 1_000), lane("test_ms", 500)), key("test_ms"), "lane_test_ms"),
    (every(lane("cold", [{"celsius": -5, "factor": 1.5}])), key("temperature"), "lane_cold_temperature"),
    *((every(lane(each, figure)), key(each), "whole_number_by" if each in BY else "whole_number")
      for each, (least, most) in SPANS.items() for figure in (least - 1, most + 1)),
    # FIELD.md, section 3: driving
    (every(DRIVING, without("drops_ms")), key("drops_ms"), "lane_driving_drops"),
    (every(DRIVING, lane("limits_cut", False)), key("limits_cut"), "lane_driving_limits"),
    (every(DRIVING, lane("command", "pulse")), key("command"), "lane_driving_held"),
    (every(DRIVING, SECOND_DRIVE, GATE, lane("egress", "mechanical")), key("drive"), "lane_driving_leaves"),
]  # fmt: skip

# In a driving lane the relays of the demo have no time limit of their own.
ENDLESS = {(at(f"lane_{each}", "on_ms_max"), "lane_on_ms_max") for each in ("down", "up")}
# What test_check_lanes.py and test_check_buses.py plant beside these.
BESIDE = {"lane_on_ms_max", "lane_cold_order", "lane_wire_break_point", "lane_wire_break_idle_point", "lane_bus_round",
          "lane_bus_budget"}  # fmt: skip
RULES = {rule for _, _, rule in MISTAKES} | BESIDE
