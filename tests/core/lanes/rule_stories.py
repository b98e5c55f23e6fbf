"""Ordinary days at a lane, written by hand: nothing in them breaks a rule. The words are those of rule_traces.py."""

from __future__ import annotations

from typing import NamedTuple

from tests.core.lanes.rule_traces import (
    BACK,
    CLOSED,
    ONCE_MORE,
    OPENED,
    RAISED,
    RAISING,
    TESTED,
    TRIP,
    TRIP_AGAIN,
)


class Story(NamedTuple):
    what: str
    barrier: str
    trace: str
    events: bool = False


CLOSES = TESTED + "10200 warn+ sound+; 12200 raise+; 12300 down=0" + RAISED
LIT = CLOSED + "10 red_in+ red_out+"
STORIES: tuple[Story, ...] = (
    Story(
        "a car drives in",
        "bollard",
        LIT
        + """
900 entry=1
1000 @in brake+ lower+
1100 up=0
3000 down=1 lower- brake-
3000 red_in- green_in+
4500 loop=1
4500 green_in- red_in+
4600 beam=1
5500 entry=0
6000 exit=1
6500 beam=0
7000 loop=0
8000 exit=0
9000 beam_test+
9030 beam=1 beam_test-
9060 beam=0 warn+ sound+
11060 brake+ raise+
11160 down=0
13000 up=1 raise- warn- sound- brake-
""",
    ),
    Story(
        "a car turns back after it had left the entry loop",
        "bollard",
        OPENED
        + """
3500 entry=1
4500 loop=1
5500 entry=0
6500 entry=1
7000 loop=0
8000 entry=0
"""
        + CLOSES,
    ),
    Story(
        "a bicycle, whose wheels the loops see one after the other",
        "bollard",
        OPENED
        + """
3500 entry=1; 3700 entry=0
5500 loop=1; 5700 loop=0; 6000 loop=1; 6200 loop=0
9200 exit=1; 9400 exit=0
"""
        + CLOSES,
    ),
    Story(
        "a lorry whose trailer stands too high for the loops between its axles",
        "bollard",
        OPENED
        + """
3500 entry=1
4000 loop=1
4500 exit=1
5000 entry=0
5500 loop=0
6000 exit=0
6100 loop=1; 6600 loop=0
9600 exit=1; 9900 exit=0
"""
        + CLOSES,
    ),
    Story(
        "a tailgater comes while the warning runs, and is let through",
        "bollard",
        OPENED
        + """
3500 entry=1
4000 loop=1
4500 exit=1 entry=0
5000 loop=0
6000 exit=0
8000 beam_test+
8050 beam=1 beam_test-
8100 beam=0 warn+ sound+
9000 entry=1
9500 loop=1 warn- sound-
9500 #lane.tailgate
9600 beam=1
9700 beam=0
9800 exit=1 entry=0
9900 loop=0
9950 exit=0
13000 beam_test+
13050 beam=1 beam_test-
13100 beam=0 warn+ sound+
15100 raise+
15200 down=0
17000 up=1 raise- warn- sound-
""",
    ),
    Story(
        "a child runs through the beam while it closes, and again; a guard looks and resets",
        "bollard",
        RAISING
        + TRIP
        + TRIP_AGAIN.replace("17500 beam=1", "17500 beam=1 #barrier.obstructed_again")
        + "19000 !close?; 19500 !reset"
        + ONCE_MORE,
        events=True,
    ),
    Story(
        "stop is pressed while it closes, pulled, reset; a new credential opens it",
        "bollard",
        RAISING
        + """
13000 stop=1 raise- warn- sound-
13100 @in?
15000 stop=0
15100 fire=0
16000 reset=1
16200 reset=0
17000 @in lower+
18000 down=1 lower-
""",
    ),
    Story(
        "fire while the power comes back",
        "bollard",
        """
0 power fire=1 drive_fault=0 stop=0 service=0 cover=0 loop=0 loop_fault=0 beam=0 edge=0 mains=0
0 up=0 down=0
0 lower+ red_in+ red_out+
2000 down=1 lower-
9000 !close?
""",
    ),
    Story(
        "a guard closes by the key, lets go, and closes again, with a broken edge",
        "by_hand",
        CLOSED
        + """
1000 edge=open
2000 key_open=1 lower+
2100 up=0
4000 down=1 lower-
4100 key_open=0
20000 key_close=1 warn+ sound+
21000 raise+
21100 down=0
21500 key_close=0 raise- warn- sound-
25000 key_close=1 warn+ sound+
26000 raise+
27000 up=1 raise- warn- sound-
28000 key_close=0
""",
    ),
    Story(
        "the power goes while it closes; nothing moves before a person opens it, and then it closes by itself",
        "bollard",
        RAISING.replace("12300 down=0", "12300 down=0; 12301 .")
        + BACK.replace("5000", "12500")
        + """
12500 up=0 down=0 key_close=0
12500 red_in+ red_out+
12600 @in? !close?
60000 !open_once lower+
61000 down=1 lower-
62000 entry=1
62500 loop=1
63000 exit=1 entry=0
63500 loop=0
64000 exit=0
66000 beam_test+
66050 beam=1 beam_test-
66100 beam=0 warn+ sound+
68100 raise+
68200 down=0
70000 up=1 raise- warn- sound-
""",
    ),
    Story(
        "the mains are lost: a close ends, an opening is finished",
        "bollard",
        RAISING
        + """
12500 mains=1 raise- warn- sound-
13500 @in lower+
14500 down=1 lower-
50000 !close?
""",
    ),
    Story(
        "a gate opens against somebody, backs off, and waits for a person",
        "gate",
        CLOSED
        + """
1000 @in lower+
1100 up=0
1500 back=1 lower-
2000 raise+
2200 back=0
2500 raise-
9000 fire=1
20000 reset=1 lower+
20100 reset=0
22000 down=1 lower-
""",
    ),
    Story(
        "a pulsed drive with a permit opens, closes, meets somebody and goes back",
        "pulsed",
        CLOSED
        + """
1000 @in permit+ lower+
1100 up=0
1500 lower-
3000 down=1 permit-
"""
        + TESTED
        + """
10200 warn+ sound+
12200 permit+ raise+
12300 down=0
12700 raise-
13000 beam=1 permit- warn- sound-
13500 permit+ lower+
14000 lower- beam=0
14500 down=1 permit-
""",
    ),
    Story(
        "two bollards, one slower than the other",
        "pair",
        CLOSED
        + """
0 up_b=1 down_b=0
1000 @in lower+ lower_b+
1100 up=0
1200 up_b=0
3000 down=1 lower-
3300 down_b=1 lower_b-
3300 green_in+
9990 green_in-
"""
        + TESTED
        + """
10200 warn+ sound+
12200 raise+
12300 raise_b+
12400 down=0
12500 down_b=0
14000 up=1 raise-
14400 up_b=1 raise_b- warn- sound-
""",
    ),
    Story(
        "an emergency close waits until the car has gone; only the fire brigade opens after it",
        "bollard",
        OPENED
        + """
4000 entry=1
4500 loop=1
5000 emergency=1
5500 exit=1 entry=0
6000 loop=0
6500 exit=0
6600 emergency=0
7000 emergency=1
7100 beam_test+
7150 beam=1 beam_test-
7200 beam=0 warn+ sound+
9200 raise+
9300 down=0
11000 up=1 raise- warn- sound-
12000 emergency=0
13000 @in?
20000 fire_key=1 lower+
20100 up=0
22000 down=1 lower-
""",
    ),
    Story(
        "evacuation, and its end",
        "bollard",
        CLOSED
        + """
1000 !evacuation lower+
1100 up=0
3000 down=1 lower-
3000 green_out+
90000 !end_evacuation
90000 green_out-
91000 beam_test+
91050 beam=1 beam_test-
91100 beam=0 warn+ sound+
93100 raise+
93200 down=0
95000 up=1 raise- warn- sound-
""",
    ),
    Story(
        "two cars with credentials, one behind the other, and one from inside that waits for its turn",
        "bollard",
        OPENED
        + """
3500 entry=1
4000 loop=1 beam=1
4200 @in
4500 exit=1 entry=0
4900 beam=0
5000 loop=0
5100 entry=1
6000 exit=0 @out
6500 loop=1 beam=1
6800 exit=1 entry=0
6900 beam=0
7000 loop=0
8000 exit=0
"""
        + TESTED
        + "10200 warn+ sound+; 12200 raise+; 12300 down=0"
        + RAISED
        + """
20000 exit=1
20000 lower+
20100 up=0
22000 down=1 lower-
""",
    ),
    Story(
        "two safety loops, and the output device of the drive is lost on the way",
        "two_loops",
        OPENED
        + """
3500 entry=1
4000 loop=1
4300 loop_b=1
4600 exit=1 entry=0
4900 loop=0
5000 beam=1
5200 loop_b=0
5300 beam=0
5600 exit=0
"""
        + TESTED
        + """
10200 warn+ sound+
12200 raise+
12300 down=0
12600 lost:raise lost:lower
12600 warn- sound-
15000 recovered:raise recovered:lower
20000 @in lower+
21000 down=1 lower-
""",
    ),
    Story(
        "a beam is blocked before the closed bollard, a loop reports a fault, lockdown comes and goes",
        "bollard",
        CLOSED
        + """
1000 beam=1
21000 #barrier.beam_blocked
30000 beam=0
31000 loop_fault=1 #barrier.sensor_fault
40000 !lockdown
41000 @in? !hold_open?
42000 @out lower+
42100 up=0
44000 down=1 lower-
50000 !end_lockdown
""",
        events=True,
    ),
)
