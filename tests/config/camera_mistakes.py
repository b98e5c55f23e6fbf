"""Every rule about cameras, planted: what is changed in a sound table, at which key it is found, and what is said."""

from __future__ import annotations

ALONE = [
    ({"source": "http://10.0.0.7/lane"}, "source", "camera_source"),
    ({"source": "rtsp://admin:hunter2@10.0.0.7/lane"}, "source", "camera_password"),
    ({"source": "rtsp://10.0.0.7/lane?user=a&password=hunter2"}, "source", "camera_password"),
    ({"password_file": "secret", "user": "a"}, "password_file", "camera_password_file"),
    ({"user": "a"}, "user", "camera_user"),
    ({"user": "a", "password_file": "/s", "source": "picamera2"}, "user", "camera_user_stream"),
    ({"masks": [[[0, 0], [1.2, 0], [1, 0.2]]]}, "masks[0]", "camera_outside"),
    ({"masks": [[[0, 0], [1, 0]]]}, "masks[0]", "camera_polygon"),
    ({"masks": [[[0, 0], [0.5, 0.5], [1, 1]]]}, "masks[0]", "camera_polygon"),
    ({"zone": [[0, 0], [1, 0], [1, -0.1]]}, "zone", "camera_outside"),
    ({"line": [[0, 0.5]]}, "line", "device"),
    ({"line": [[0, 0.5], [0, 0.5]]}, "line", "device"),
    ({"line": [[0, 0.5], [1, 1.5]]}, "line", "camera_outside"),
    ({"evidence_hours": 73}, "evidence_why", "camera_evidence_why"),
    ({"vehicles": False}, "vehicles", "camera_vehicles"),
    ({"vehicles": False, "vehicle_needed": False, "wanted": ["plate", "object"]}, "vehicles", "camera_vehicles"),
    ({"evidence_hours": 100_000}, "evidence_hours", "device"),
    ({"frames_per_s": 0}, "frames_per_s", "device"),
    ({"frames_per_s": 31}, "frames_per_s", "device"),
    ({"reads_min": 1}, "reads_min", "device"),
    ({"read_min": 0.3}, "read_min", "device"),
    ({"found_min": 1.1}, "found_min", "device"),
    ({"size": [1279, 720]}, "size[0]", "device"),
    ({"size": [1280, 100_000]}, "size[1]", "device"),
    ({"repeat_ms": 0}, "repeat_ms", "device"),
    ({"repeat_ms": 500}, "repeat_ms", "camera_repeat"),
]

# Said of more than one table: test_check_cameras.py.
RULES = {rule for _, _, rule in ALONE} | {"camera_at_door", "camera_many"}
