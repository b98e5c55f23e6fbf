"""From which likeness on two faces are one person's, and what an enrolment asks for."""

THRESHOLD = 0.5  # the cosine. On the pairs at hand those of one person have 0.65 to 0.91, those of two at most 0.24
MARGIN = 0.06  # of many: by so much it must be more like one holder than like any other
TRIES_MAX = 12  # frames of somebody else, then an ask has its answer: no
ANGLES_MIN, ANGLES_MAX = 3, 5  # templates of one person
TURN_APART = 0.12  # so far apart two pictures of an enrolment are turned to be two angles
SAME_MIN = 0.55  # the pictures of one enrolment are of one person: each so like the first
