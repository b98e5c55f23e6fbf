"""R0-R4: for each rule a trace that breaks it and one that breaks none; the words are those of rule_traces.py."""

from __future__ import annotations

from tests.core.lanes.rule_traces import (
    BACK,
    CAR_IN,
    CLOSED,
    ONCE_MORE,
    OPENED,
    PAIR_RAISING,
    RAISED,
    RAISING,
    READY,
    TESTED,
    TRIP,
    TRIP_AGAIN,
    WARNED,
    Case,
)

DEVICE_CASES: tuple[Case, ...] = (
    Case("R0a", "bollard", CLOSED + "1000 !lockdown; 2000 @in", CLOSED + "1000 !lockdown; 2000 @in?; 3000 @out lower+"),
    Case(
        "R0a",
        "bollard",
        CLOSED + "1000 !lockdown; 2000 power; 3000 @in",
        CLOSED + "1000 !lockdown; 2000 !end_lockdown; 3000 @in",
    ),
    Case("R0b", "bollard", CLOSED + "1000 !lock; 2000 @in", CLOSED + "1000 !lock; 2000 @in?; 3000 !release; 4000 @in"),
    Case("R0c", "bollard", CLOSED + "1000 !lockdown; 2000 !hold_open", CLOSED + "1000 !lockdown; 2000 !hold_open?"),
    # R1: devices
    Case("R1a", "bollard", RAISING + "12500 beam=1; 12501 raise-", RAISING + "12500 beam=1 raise-; 13000 lower+"),
    Case("R1a", "bollard", RAISING + "12500 edge=1; 12501 raise-", RAISING + "12500 edge=1 raise-; 13000 lower+"),
    Case(
        "R1a",
        "bollard",
        READY + "12000 beam=1; 12200 raise+; 12201 .",
        READY + "12000 beam=1; 12200 raise+ raise-; 12201 .",
    ),
    Case(  # the key overrides no active device
        "R1a",
        "by_hand",
        OPENED + "5000 loop=1; 6000 key_close=1; 6000 warn+ sound+; 8000 raise+; 8001 .",
        OPENED + "6000 key_close=1; 6000 warn+ sound+; 8000 raise+; 8100 down=0; 8500 loop=1 raise-; 9000 lower+",
    ),
    Case(
        "R1b",
        "bollard",
        RAISING + "12500 loop_fault=1; 12501 raise-",
        RAISING + "12500 loop_fault=1 raise-; 14000 loop_fault=0",
    ),
    Case("R1b", "bollard", RAISING + "12500 edge=short; 12501 raise-", RAISING + "12500 edge=open raise-"),
    Case(  # the key does override a device that is reported faulty
        "R1b",
        "bollard",
        READY + "12000 edge=open; 12200 raise+; 12201 .",
        OPENED + "5000 edge=open; 6000 key_close=1 warn+ sound+; 8000 raise+; 8100 down=0; 9900 up=1 raise-",
    ),
    Case(
        "R1c",
        "mute",
        OPENED + WARNED + "12200 raise+; 12201 raise-",
        OPENED + CAR_IN + WARNED + "12200 raise+; 12300 down=0" + RAISED,
    ),
    Case(
        "R1c",  # a day and more after the last change
        "mute",
        OPENED + "3500 !hold_open" + CAR_IN + "86408000 warn+ sound+; 86410000 raise+; 86410001 .",
        OPENED + "3500 !hold_open" + CAR_IN + "86404000 warn+ sound+; 86406500 raise+; 86406501 .",
    ),
    Case("R1d", "bollard", RAISING + "12500 beam_test+; 12501 .", RAISING + "12500 .; 13999 ." + RAISED),
    Case(  # the detector let go, and nobody saw the car leave
        "R1e",
        "bollard",
        OPENED + "4000 entry=1; 4500 loop=1; 5500 entry=0; 7000 loop=0" + TESTED + WARNED + "12200 raise+; 12201 .",
        OPENED + CAR_IN + TESTED + WARNED + "12200 raise+; 12300 down=0" + RAISED,
    ),
    Case(  # too late to be the same car; a person looks
        "R1e",
        "bollard",
        OPENED + "4500 loop=1; 7000 loop=0; 10001 exit=1; 10010 exit=0" + WARNED + "12200 raise+; 12201 .",
        OPENED
        + "4500 loop=1; 7000 loop=0; 10009 !confirm_clear"
        + TESTED.replace("10000", "10010")
        + WARNED
        + "12200 raise+",
    ),
    Case(  # a person far away who resets has not looked; one at the lane has
        "R1e",
        "bollard",
        OPENED + "4500 loop=1; 7000 loop=0; 9900 !reset" + TESTED + WARNED + "12200 raise+; 12201 .",
        OPENED + "4500 loop=1; 7000 loop=0; 9900 reset=1; 9950 reset=0" + TESTED + WARNED + "12200 raise+; 12201 .",
    ),
    Case(
        "R1e",  # still within the time in which it may appear on the exit loop
        "bollard",
        OPENED + TESTED + WARNED + "10300 loop=1; 11000 loop=0; 12200 raise+; 12201 .",
        OPENED + TESTED + WARNED + "10300 loop=1; 11000 loop=0; 11500 exit=1; 11900 exit=0; 12200 raise+; 12201 .",
    ),
    Case(
        "R1e",  # doubt outlasts the power
        "bollard",
        OPENED
        + "4500 loop=1; 5000 loop=0; "
        + BACK.replace("5000", "9000")
        + "9000 down=1 up=0 key_close=0; 9500 !open_once"
        + TESTED
        + WARNED
        + "12200 raise+; 12201 .",
        OPENED
        + "4500 loop=1; 5000 loop=0; "
        + BACK.replace("5000", "9000")
        + "9000 down=1 up=0 key_close=0; 9500 !open_once !confirm_clear"
        + TESTED
        + WARNED
        + "12200 raise+; 12201 .",
    ),
    Case(
        "R1f",
        "bollard",
        OPENED + "4500 loop=1; 7000 loop=0; 10101 .",
        OPENED + "4500 loop=1; 7000 loop=0; 10000 #lane.doubted; 20000 .",
        events=True,
    ),
    Case(
        "R2",
        "bollard",
        READY + "10300 loop=1; 11300 exit=1 loop=0; 12299 raise+; 12300 .",
        READY + "10300 loop=1; 11300 exit=1 loop=0; 12300 raise+; 12301 .",
    ),
    Case(
        "R2", "bollard", READY + "10300 edge=lost; 11300 edge=0; 12200 raise+; 12201 .", READY + "12200 raise+; 12201 ."
    ),
    # R3: what follows an obstruction
    Case(
        "R3a", "bollard", RAISING + "12500 beam=1 raise-; 13101 lower+", RAISING + "12500 beam=1 raise-; 13100 lower+"
    ),
    Case(  # each drive that closed has to go back
        "R3a",
        "pair",
        PAIR_RAISING + "12500 beam=1 raise- raise_b-; 13000 lower+; 13101 .",
        PAIR_RAISING + "12500 beam=1 raise- raise_b-; 13000 lower+; 13100 lower_b+; 13101 .",
    ),
    Case(  # after a stop nothing has to open
        "R3a",
        "bollard",
        RAISING + "12500 beam=1 raise-; 13000 lower+ lower-; 13101 .",
        RAISING + "12500 beam=1 raise-; 12700 stop=1; 20000 .",
    ),
    Case(  # a gate may stand after the second; a bollard may not
        "R3a",
        "bollard",
        RAISING + TRIP + TRIP_AGAIN.split("18000")[0] + "18101 .",
        RAISING + TRIP + TRIP_AGAIN.split("18000")[0] + "18101 .",
        "gate",
    ),
    Case(
        "R3b",
        "gate",
        CLOSED + "1000 @in lower+; 1100 up=0; 1500 back=1; 1501 lower-",
        CLOSED + "1000 @in lower+; 1100 up=0; 1500 back=1 lower-",
    ),
    Case(  # edges over fire
        "R3b",
        "gate",
        CLOSED + "1000 back=1; 1500 fire=1; 1500 lower+; 1501 .",
        CLOSED + "1000 back=1; 1500 fire=1; 5000 back=0; 5000 lower+; 5001 .",
    ),
    Case(
        "R3c",
        "gate",
        CLOSED + "1000 @in lower+; 1100 up=0; 1500 back=1 lower-; 1600 back=0; 1600 fire=1; 1700 lower+; 1701 .",
        CLOSED + "1000 @in lower+; 1100 up=0; 1500 back=1 lower-; 1600 back=0; 1600 fire=1; 1700 !reset lower+; 1701 .",
    ),
    Case(
        "R3d",
        "gate",
        CLOSED + "1000 @in lower+; 1100 up=0; 1500 back=1 lower-; 2000 raise+; 2601 raise-",
        CLOSED + "1000 @in lower+; 1100 up=0; 1500 back=1 lower-; 2000 raise+; 2500 raise-",
    ),
    Case(
        "R4",
        "bollard",
        RAISING + TRIP + TRIP_AGAIN + ONCE_MORE,
        RAISING + TRIP + TRIP_AGAIN + "19000 !reset" + ONCE_MORE,
    ),
    Case(  # not by command either; but by the key, in sight
        "R4",
        "gate",
        RAISING + TRIP + TRIP_AGAIN + "19000 !close" + ONCE_MORE,
        RAISING + TRIP + TRIP_AGAIN + "19000 key_close=1" + ONCE_MORE,
    ),
    Case(
        "R4b",
        "bollard",
        RAISING + TRIP + TRIP_AGAIN,
        RAISING + TRIP + TRIP_AGAIN.replace("17500 beam=1", "17500 beam=1 #barrier.obstructed_again"),
        events=True,
    ),
)
