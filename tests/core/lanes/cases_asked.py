"""R10-R19: for each rule a trace that breaks it and one that breaks none; the words are those of rule_traces.py."""

from __future__ import annotations

from tests.core.lanes.rule_traces import (
    BACK,
    BETWEEN,
    CAR_IN,
    CLOSED,
    OPENED,
    RAISED,
    RAISING,
    TESTED,
    WARNED,
    Case,
)

ASKED_CASES: tuple[Case, ...] = (
    # R10, R11: who may open
    Case(
        "R10",
        "bollard",
        CLOSED + "1000 @out; 190000 entry=1; 190000 lower+; 190001 .",
        CLOSED + "1000 @out; 190000 entry=1; 190000 lower+ @in; 190001 .",
    ),
    Case(
        "R10",  # once fully up, loops do not lower it
        "bollard",
        RAISING + RAISED + "200000 loop=1 beam=1; 200000 lower+; 200001 .",
        RAISING + RAISED + "200000 loop=1 beam=1; 200100 fire=1; 200100 lower+; 200101 .",
    ),
    Case(
        "R11a",
        "bollard",
        RAISING + RAISED + "20000 entry=1; 20100 lower+; 20101 .",
        RAISING + RAISED + "20000 entry=1; 20100 @in lower+; 20101 .",
    ),
    Case(  # two that waited, one after the other
        "R11a",
        "bollard",
        RAISING + RAISED + "20000 @in lower+; 20100 up=0; 20200 lower-; 20800 up=1; 21000 lower+; 21001 .",
        RAISING.replace("3000 down", "2000 @in; 3000 down") + RAISED + "20000 lower+; 20100 up=0; 22000 down=1 lower-",
    ),
    Case(
        "R11b",
        "bollard",
        OPENED + "48101 .",
        OPENED
        + "33000 beam_test+; 33050 beam=1 beam_test-; 33150 beam=0 warn+ sound+; 35200 raise+; 35300 down=0; 36000 .",
    ),
    Case("R11b", "bollard", OPENED + CAR_IN + "53101 .", OPENED + "4000 entry=1; 99000 ."),
    # R12, R13: stop and power
    Case(
        "R12a",
        "bollard",
        CLOSED + "1000 @in lower+; 1500 stop=1; 1501 lower-",
        CLOSED + "1000 @in lower+; 1500 stop=1 lower-",
    ),
    Case(
        "R12a",
        "bollard",
        CLOSED + "1000 @in lower+ brake+; 1500 stop=open lower-; 1501 brake-",
        CLOSED + "1000 @in lower+ brake+; 1500 stop=open lower- brake-",
    ),
    Case(
        "R12a",
        "pulsed",
        CLOSED + "1000 @in permit+ lower+; 1500 lower-; 1600 stop=lost; 1601 permit-",
        CLOSED + "1000 @in permit+ lower+; 1500 lower-; 1600 stop=lost permit-",
    ),
    Case(  # not known to be closed is not closed
        "R12a",
        "bollard",
        CLOSED.replace("stop=0 ", "") + "1000 @in lower+; 1001 .",
        CLOSED.replace("stop=0 ", "") + "1000 @in stop=0 lower+; 1001 .",
    ),
    Case(
        "R12b",
        "bollard",
        CLOSED + "1000 @in lower+; 1500 stop=1 lower-; 1600 reset=1; 1700 reset=0; 2000 stop=0; 3000 lower+; 3001 .",
        CLOSED + "1000 @in lower+; 1500 stop=1 lower-; 2000 stop=0; 2600 reset=1; 2700 reset=0; 3000 lower+; 3001 .",
    ),
    Case(  # fire does not overrule a stop, nor a command from afar, nor the power
        "R12b",
        "bollard",
        CLOSED + "1000 stop=1; 2000 stop=0 !reset; 3000 fire=1; 3000 lower+; 3001 .",
        CLOSED + "1000 stop=1; 2000 stop=0 !reset; 3000 fire=1; 9000 reset=1; 9000 lower+; 9001 .",
    ),
    Case(
        "R12b",
        "bollard",
        CLOSED + "1000 stop=1; " + BACK.replace("5000", "2000") + "2000 up=1 down=0; 3000 @in lower+; 3001 .",
        CLOSED
        + "1000 stop=1; "
        + BACK.replace("5000", "2000")
        + "2000 up=1 down=0; 2500 reset=1; 3000 @in lower+; 3001 .",
    ),
    Case("R13a", "bollard", RAISING + "12500 mains=1; 12501 raise-", RAISING + "12500 mains=1 raise-"),
    Case(
        "R13a",
        "bollard",
        RAISING + "12500 mains=open; 12501 raise-",
        CLOSED + "500 mains=1; 1000 @in lower+; 1100 up=0; 3000 down=1 lower-",
    ),
    Case(
        "R13b",
        "bollard",
        BETWEEN + "50 red_in+ red_out+; 1000 lower+; 1001 .",
        BETWEEN + "50 red_in+ red_out+; 1000 @in lower+; 1001 .",
    ),
    Case(  # fire at boot is a fact
        "R13b",
        "bollard",
        BETWEEN + "50 red_in+ red_out+; 1000 !reset lower+; 1001 .",
        BETWEEN + "0 fire=open; 0 lower+; 1001 .",
    ),
    Case(
        "R13c",
        "bollard",
        BETWEEN + "50 red_in+ red_out+; 1000 !close" + TESTED + WARNED + "12200 raise+; 12201 .",
        BETWEEN
        + "50 red_in+ red_out+; 1000 @in lower+; 3000 down=1 lower-"
        + TESTED
        + WARNED
        + "12200 raise+; 12201 .",
    ),
    Case("R13d", "bollard", BETWEEN + "50 red_in+; 101 .", BETWEEN + "50 red_in+ red_out+; 101 ."),
    # R14, R15: fire, emergency
    Case("R14a", "bollard", CLOSED + "1000 fire=1; 1601 lower+", CLOSED + "1000 fire=1; 1600 lower+"),
    Case("R14a", "bollard", CLOSED + "1000 fire_key=1; 1601 .", CLOSED + "900 service=1; 1000 fire_key=1; 9999 ."),
    Case(  # a broken wire of the fire input is fire; and it is not broken off
        "R14a",
        "bollard",
        CLOSED + "1000 fire=open; 1000 lower+; 1100 up=0; 2500 lower-; 3101 .",
        CLOSED + "1000 fire=open; 1000 lower+; 1100 up=0; 2500 lower-; 3000 lower+; 4000 down=1 lower-",
    ),
    Case(
        "R14a",  # an evacuation opens too
        "bollard",
        CLOSED + "1000 !evacuation; 1601 .",
        CLOSED + "1000 !evacuation?; 9999 .",
    ),
    Case("R14b", "bollard", RAISING + "12500 fire=1; 12501 raise-", RAISING + "12500 fire=1 raise-; 13000 lower+"),
    Case(  # not by key either
        "R14b",
        "by_hand",
        OPENED + "5000 fire=1; 6000 key_close=1 warn+ sound+; 8000 raise+; 8001 .",
        OPENED + "5000 fire=1; 5500 fire=0; 6000 key_close=1 warn+ sound+; 8000 raise+; 8001 .",
    ),
    Case(
        "R15",
        "bollard",
        OPENED
        + "9000 !emergency_close"
        + TESTED
        + WARNED
        + "12200 raise+; 12300 down=0"
        + RAISED
        + "20000 @in lower+; 20001 .",
        OPENED
        + "9000 !emergency_close"
        + TESTED
        + WARNED
        + "12200 raise+; 12300 down=0"
        + RAISED
        + "19000 !reset; 20000 @in lower+; 20001 .",
    ),
    Case(
        "R15",
        "bollard",
        OPENED
        + "9000 emergency=1"
        + TESTED
        + WARNED
        + "12200 raise+; 12300 down=0"
        + RAISED
        + "20000 !open_once lower+; 20001 .",
        OPENED
        + "9000 emergency=1"
        + TESTED
        + WARNED
        + "12200 raise+; 12300 down=0"
        + RAISED
        + "20000 fire_key=1 lower+; 20001 .",
    ),
    # R16, R17, R19
    Case(
        "R16a",
        "bollard",
        CLOSED + "1000 beam=1; 21101 .",
        CLOSED + "1000 beam=1; 21100 #barrier.beam_blocked; 99000 .",
        events=True,
    ),
    Case(
        "R16b",
        "bollard",
        OPENED + "4000 loop=1; 604101 .",
        OPENED + "4000 loop=1; 604000 #barrier.sensor_fault; 900000 .",
        events=True,
    ),
    Case("R17", "bollard", OPENED + "5000 loop=1; 6000 !close", OPENED + "5000 loop=1; 6000 !close?"),
    Case("R17", "bollard", OPENED + "5000 edge=open; 6000 !close", OPENED + "5000 edge=open; 6000 edge=0; 6000 !close"),
    Case(
        "R17",
        "bollard",
        OPENED + "5000 loop=1; 6000 loop=0; 9500 !emergency_close",
        OPENED + "5000 loop=1; 6000 loop=0 exit=1; 9500 !emergency_close",
    ),
    Case(
        "R19a",
        "bollard",
        CLOSED + "1000 @in lower+; 1500 cover=1; 1501 lower-",
        CLOSED + "1000 @in lower+; 1500 cover=1 lower-",
    ),
    Case(
        "R19a",
        "bollard",
        CLOSED + "900 service=1; 1000 fire=1; 1000 lower+; 1001 .",
        CLOSED + "900 service=1; 1000 fire=1; 9999 .",
    ),
    Case(
        "R19b",
        "bollard",
        CLOSED + "900 service=1; 1000 service=0; 2000 !reset; 2000 @in lower+; 2001 .",
        CLOSED + "900 service=1; 1000 service=0; 1900 reset=1; 2000 @in lower+; 2001 .",
    ),
)
