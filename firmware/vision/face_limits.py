"""What an ask and an enrolment ask for, beside the likeness of firmware/faces/likeness.py."""

TRIES_MAX = 12  # frames of somebody else, then an ask has its answer: no
ANGLES_MIN, ANGLES_MAX = 3, 5  # templates of one person
TURN_APART = 0.12  # so far apart two pictures of an enrolment are turned to be two angles
SAME_MIN = 0.55  # the pictures of one enrolment are of one person: each so like the first
