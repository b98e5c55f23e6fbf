"""R5-R9: for each rule a trace that breaks it and one that breaks none; the words are those of rule_traces.py."""

from __future__ import annotations

from tests.core.lanes.rule_traces import (
    BACK,
    CLOSED,
    OPENED,
    QUIET,
    RAISED,
    RAISING,
    TESTED,
    TRIP,
    TRIP_AGAIN,
    WARNED,
    Case,
)

MOTION_CASES: tuple[Case, ...] = (
    # R5, R6, R7: motion
    Case(
        "R5a",
        "bollard",
        CLOSED + "1000 @in lower+; 1500 raise+",
        CLOSED + "1000 @in lower+; 1100 up=0; 3000 down=1 lower-",
    ),
    Case(
        "R5b", "bollard", RAISING + "12500 beam=1 raise-; 12999 lower+", RAISING + "12500 beam=1 raise-; 13000 lower+"
    ),
    Case(  # a drive with a permit still moves after its pulse
        "R5b",
        "pulsed",
        CLOSED + "1000 @in permit+ lower+; 1100 up=0; 1500 lower-; 2500 raise+",
        CLOSED + "1000 @in permit+ lower+; 1100 up=0; 1500 lower-; 3000 down=1 permit-",
    ),
    Case(
        "R6a",
        "bollard",
        CLOSED + "1000 @in lower+; 1100 up=0; 16001 lower-",
        CLOSED + "1000 @in lower+; 1100 up=0; 16000 lower-",
    ),
    Case(
        "R6a",
        "cold",
        CLOSED + "1000 @in lower+; 1100 up=0; 31001 lower-",
        CLOSED + "1000 @in lower+; 1100 up=0; 30000 lower-",
    ),
    Case(
        "R6a",
        "pulsed",
        CLOSED + "1000 @in permit+ lower+; 1500 lower-; 16001 permit-",
        CLOSED + "1000 @in permit+ lower+; 1500 lower-; 16000 permit-",
    ),
    Case(
        "R6b",
        "pair",
        CLOSED
        + "0 up_b=1 down_b=0; 1000 @in lower+ lower_b+; 1100 up_b=0; 1200 down_b=1 lower_b-; 1300 up_b=1; 1301 .",
        CLOSED + "0 up_b=1 down_b=0; 1000 @in lower+ lower_b+; 1100 up_b=0; 1200 down_b=1 lower_b-; 1300 up_b=1 lower-",
    ),
    Case(
        "R6c",
        "bollard",
        CLOSED + "1000 @in lower+; 1500 down=lost; 1501 lower-",
        CLOSED + "1000 @in lower+; 1500 down=lost lower-",
    ),
    Case(
        "R6c",  # not reported since power
        "bollard",
        "0 power up=1" + QUIET + "1000 @in lower+; 1001 .",
        "0 power up=1" + QUIET + "1000 @in down=0 lower+; 1001 .",
    ),
    Case(
        "R6d",
        "bollard",
        CLOSED + "1000 @in lower+; 1500 drive_fault=1; 1501 lower-",
        CLOSED + "1000 @in lower+; 1500 drive_fault=1 lower-",
    ),
    Case(
        "R6e",  # not by the key either
        "bollard",
        CLOSED + "1000 @in lower+; 1500 drive_fault=1 lower-; 2000 drive_fault=0; 3000 key_open=1 lower+; 3001 .",
        CLOSED
        + "1000 @in lower+; 1500 drive_fault=1 lower-; 2000 drive_fault=0; 2500 !reset; 3000 key_open=1 lower+; 3001 .",
    ),
    Case(
        "R6e",  # no retry after a travel that took too long
        "bollard",
        CLOSED + "1000 @in lower+; 1100 up=0; 16000 lower-; 20000 @in lower+; 20001 .",
        CLOSED + "1000 @in lower+; 1100 up=0; 15999 lower-; 20000 @in lower+; 20001 .",
    ),
    Case(
        "R6e",  # a limit that was lost on the way, and is back
        "bollard",
        CLOSED + "1000 @in lower+; 1100 up=0; 1500 down=lost lower-; 1600 down=0; 3000 fire=1; 3000 lower+; 3001 .",
        CLOSED + "1000 @in lower+; 1100 up=0; 1500 down=lost lower-; 1600 down=0; 3000 fire=1; 3001 !reset lower+",
    ),
    Case(
        "R6e",  # over power
        "bollard",
        CLOSED + "1000 drive_fault=1; " + BACK.replace("5000", "2000") + "2000 up=1 down=0; 3000 @in lower+; 3001 .",
        CLOSED
        + "1000 drive_fault=1; "
        + BACK.replace("5000", "2000")
        + "2000 up=1 down=0; 2500 !reset; 3000 @in lower+; 3001 .",
    ),
    Case(  # it has let go once, and is believed again
        "R6f",
        "bollard",
        OPENED
        + TESTED
        + "10200 warn+ sound+; 11200 raise+; 11300 down=0; 11500 raise-; 12000 @in lower+; 12300 down=1; 12301 .",
        OPENED + TESTED + "10200 warn+ sound+; 11200 raise+; 11500 raise-; 12000 @in lower+; 12301 .",
    ),
    Case("R6f", "bollard", CLOSED + "1000 @in lower+; 1100 up=0; 3000 down=1; 3001 lower-", OPENED + "3001 ."),
    Case(  # an eighth of 15 s
        "R6g",
        "bollard",
        OPENED + TESTED + "10200 warn+ sound+; 11200 raise+; 13076 raise-",
        OPENED + TESTED + "10200 warn+ sound+; 11200 raise+; 13000 down=0; 13076 .",
    ),
    Case(
        "R6e",
        "bollard",
        OPENED + TESTED + "10200 warn+ sound+; 11200 raise+; 13075 raise-; 14000 @in lower+; 14001 .",
        OPENED + TESTED + "10200 warn+ sound+; 11200 raise+; 13075 raise-; 13500 !reset; 14000 @in lower+; 14001 .",
    ),
    Case(
        "R7a",
        "bollard",
        OPENED + TESTED + "10200 warn+; 11201 sound+; 12200 raise+; 12201 .",
        OPENED + TESTED + "10200 warn+; 11200 sound+; 12200 raise+; 12201 .",
    ),
    Case(  # the key warns too
        "R7a",
        "by_hand",
        OPENED + "6000 key_close=1 raise+; 6001 .",
        OPENED + "6000 key_close=1 warn+ sound+; 7000 raise+; 7001 .",
    ),
    Case("R7b", "bollard", RAISING + "12500 warn-; 12501 .", RAISING + "13000 ." + RAISED),
    Case(
        "R7c",
        "bollard",
        CLOSED + "1000 @in lower+; 1100 up=0; 2900 green_in+; 3000 down=1 lower-",
        OPENED + "3000 green_in+; 3001 .",
    ),
    Case(
        "R7c",
        "bollard",
        OPENED + "3000 green_in+" + TESTED + WARNED + "10201 .",
        OPENED + "3000 green_in+" + TESTED + "10200 green_in-" + WARNED + "10201 .",
    ),
    Case(
        "R7c",
        "bollard",
        OPENED + "3000 green_out+; 4000 down=lost; 4001 .",
        OPENED + "3000 green_out+; 4000 down=lost green_out-; 4001 .",
    ),
    Case(  # it may stand anywhere: its limit did not let go
        "R7c",
        "bollard",
        OPENED + TESTED + "10200 warn+ sound+; 11200 raise+; 12000 raise- sound-; 12500 @in green_in+; 12501 .",
        OPENED + TESTED + "10200 warn+ sound+; 11200 raise+; 11300 down=0; 12000 raise- sound-; 12100 down=1; "
        "12500 @in green_in+; 12501 .",
    ),
    Case(
        "R7c",
        "bollard",
        OPENED
        + TESTED
        + "10200 warn+ sound+; 11200 raise+; 12000 raise- sound-; 12500 @in lower+; 14099 lower- green_in+; 14100 .",
        OPENED
        + TESTED
        + "10200 warn+ sound+; 11200 raise+; 12000 raise- sound-; 12500 @in lower+; 14100 lower- green_in+; 14101 .",
    ),
    Case(
        "R7d",
        "bollard",
        OPENED + "3000 red_in+; 3000 green_in+; 3001 .",
        OPENED + "3000 red_out+; 3000 green_in+; 3001 .",
    ),
    # R8, R9: who may close
    Case(
        "R8a",
        "by_hand",
        RAISING,
        OPENED + "5000 key_close=1 warn+ sound+; 7000 raise+; 7100 down=0; 8800 up=1 raise- warn- sound-",
    ),
    Case(
        "R8a",
        "by_hand",
        OPENED + "4000 !close" + TESTED + WARNED + "12200 raise+; 12201 .",
        OPENED + "4000 !close?; 12201 .",
    ),
    Case(
        "R8b",
        "one_eyed",
        OPENED + WARNED + "12200 raise+; 12201 .",
        OPENED + WARNED + "12200 raise+; 12201 .",
        "nobody_walks",
    ),
    Case("R8c", "bollard", OPENED + WARNED + "12200 raise+; 12201 .", RAISING + RAISED),
    Case(  # a beam that does not answer its test
        "R8c",
        "bollard",
        OPENED + "10000 beam_test+; 10300 beam_test-" + WARNED.replace("10200", "10300") + "12300 raise+; 12301 .",
        OPENED + "10000 beam_test+; 10300 beam=1 beam_test-; 10600 beam=0 warn+ sound+; 12600 raise+; 12601 .",
    ),
    Case(  # nor is a test of before the last motion one
        "R8c",
        "bollard",
        RAISING + TRIP + "15200 warn+ sound+; 17200 raise+; 17201 .",
        RAISING + TRIP + TRIP_AGAIN,
    ),
    Case(
        "R9a",
        "by_hand",
        OPENED + "6000 key_close=1 warn+ sound+; 8000 raise+; 8100 down=0; 8500 key_close=0; 8501 raise-",
        OPENED + "6000 key_close=1 warn+ sound+; 8000 raise+; 8100 down=0; 8500 key_close=0 raise-",
    ),
    Case(  # a key that was turned already when the power came is not held
        "R8a",
        "by_hand",
        OPENED + BACK + "5000 up=0 down=1 key_close=1; " + "6000 !open_once; 7000 warn+ sound+; 9000 raise+; 9001 .",
        OPENED
        + BACK
        + "5000 up=0 down=1 key_close=1; "
        + "6000 !open_once key_close=0; 7000 key_close=1 warn+ sound+; 9000 raise+; 9001 .",
    ),
    Case(
        "R9b",
        "bollard",
        CLOSED + "1000 key_open=1 lower+; 1100 up=0; 1500 key_open=0; 1501 lower-",
        CLOSED + "1000 key_open=1 lower+; 1100 up=0; 1500 key_open=0 lower-",
    ),
    Case(  # fire has taken over
        "R9b",
        "bollard",
        CLOSED + "1000 key_open=1 lower+; 1100 up=0; 1500 key_open=0; 1501 fire=1; 3000 down=1 lower-",
        CLOSED + "1000 key_open=1 lower+; 1100 up=0; 1400 fire=1; 1500 key_open=0; 3000 down=1 lower-",
    ),
)
