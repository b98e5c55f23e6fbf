"""Every rule about faces, planted: what stands in [faces], what the camera's access point accepts, and what is said."""

from __future__ import annotations

# ([faces] on, further keys of [faces], accept of the access point, problems: path -> rule)
MISTAKES = (
    (False, "", '[["card", "face"]]', {"device[*].wanted": "faces_off"}),
    (True, "", '[["face"]]', {"portal[*].access_point[0].requirement[0].accept": "face_alone"}),
    (True, "", '[["card"], ["face"]]', {"portal[*].access_point[0].requirement[0].accept": "face_alone"}),
    (
        True,
        'challenge = ["front_in", "hall_in", "nowhere"]\n',
        '[["card", "face"]]',
        {
            "faces.challenge[0]": "faces_challenge_unseen",
            "faces.challenge[1]": "faces_point",
            "faces.challenge[2]": "faces_point",
            "reader[0].factor_ms": "faces_challenge_time",
        },
    ),
    (True, 'one_of_many = ["front_in"]\n', '[["face"]]', {"faces.evaluation": "faces_evaluation"}),
    (
        True,
        'one_of_many = ["front_in"]\nevaluation = "none.json"\n',
        '[["face"]]',
        {"faces.one_of_many": "faces_one_of_many"},
    ),
)
RULES = {rule for *_, problems in MISTAKES for rule in problems.values()}
