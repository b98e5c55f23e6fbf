"""Why a decision came out as it did: every reason, once, and ONVIF's words for those of a denial."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why a decision came out as it did, in the order in which rules were tried. An argument may follow a colon."""

    KNOWN = "credential_known"
    NOT_FOUND = "credential_not_found"
    SUSPENDED = "credential_suspended"
    LOST = "credential_lost"
    NOT_YET_VALID = "credential_not_yet_valid"
    EXPIRED = "credential_expired"
    USED_UP = "credential_used_up"
    VALID = "credential_valid"
    CLOCK_UNKNOWN_REFUSED = "clock_unknown_refused"
    CLOCK_UNKNOWN_PASSED = "clock_unknown_passed"
    NO_PROFILE = "profile_missing"
    PROFILE = "profile"
    NOT_IN_PROFILE = "profile_without_access_point"
    OUTSIDE_SCHEDULE = "schedule_outside"
    INSIDE_SCHEDULE = "schedule_inside"
    FACTOR_MISSING = "factor_missing"
    FACTOR_NOT_ACCEPTED = "factor_not_accepted"
    FACTORS_COMPLETE = "factors_complete"
    PIN_WRONG = "pin_wrong"
    PIN_LOCKED_OUT = "pin_locked_out"
    ANTIPASSBACK_HARD = "antipassback_hard"
    ANTIPASSBACK_SOFT = "antipassback_soft"
    ANTIPASSBACK_TIMED = "antipassback_timed"
    ANTIPASSBACK_PASSED = "antipassback_passed"
    EXEMPT = "exempt"
    AREA_FULL = "area_full"
    QUOTA_FULL = "quota_full"
    SECOND_PERSON_NEEDED = "second_person_needed"
    SECOND_PERSON_SAME = "second_person_same"
    SECOND_PERSON = "second_person"
    ESCORT_NEEDED = "escort_needed"
    ESCORTED = "escorted"
    DURESS_WITHOUT_RECEIVER = "duress_without_receiver"
    LOCKDOWN = "lockdown"
    OUT_OF_SERVICE = "out_of_service"
    LOCKED_BY_OPERATOR = "locked_by_operator"
    INTERLOCK = "interlock"
    FAULT_LATCHED = "fault_latched"
    EVACUATION = "evacuation"
    FIRE = "fire"
    STALE = "sighting_stale"
    DIALOG_EXPIRED = "dialog_expired"
    SCHEDULE_UNLOCKED = "schedule_unlocked"
    DOUBLE_SWIPE = "double_swipe"
    OPERATOR = "operator"
    REQUEST_TO_EXIT = "request_to_exit"
    NOT_CONFIRMED = "not_confirmed"
    NOT_FOUND_PORTAL = "portal_not_found"
    NOT_ALLOWED = "not_allowed"
    NOT_FOUND_HOLDER = "holder_not_found"
    NOT_FOUND_READER = "reader_not_found"
    ALREADY_ISSUED = "credential_already_issued"  # with the holder
    OVERLAY_FULL = "overlay_full"
    SAID_BY_ROSTER = "said_by_roster"  # the authority says so: change it there
    NOT_SAVED = "not_saved"  # in force, and gone after a power cut
    LOCAL = "local_entry"  # the credential rests on a local entry
    PEERS_CUT_OFF = "peers_cut_off"
    LOOKS_ALIKE = "plate_looks_alike"  # one look-alike character away from a known plate, and so not that plate
    NO_VEHICLE = "no_vehicle"  # a plate or tag without a vehicle on the lane's loop
    SCHEDULE_CLOSED = "schedule_closed"
    QUEUE_FULL = "queue_full"
    BARRED = "barrier_barred"  # stop, service key, latched fault, or its position is not proven
    LANE_NOT_CLEAR = "lane_not_clear"  # with the device that stands against it
    NO_CALL = "no_call"  # nobody calls there, or not any more
    NOT_IN_SIGHT = "not_in_sight"
    NOT_FROM_AFAR = "not_from_afar"  # the portal's or the site's `remote` does not name it
    IN_SERVICE = "in_service"  # with the portal that has to be out of service first
    OUTPUT_NOT_FOUND = "output_not_found"
    OUTPUT_TRIED = "output_tried"  # somebody holds it on, to see that it works
    OUTPUT_ON = "output_on"  # already
    OUTPUT_LOST = "output_lost"
    LOCAL_KEY_ONLY = "local_key_only"  # R9; with the key
    GREEN_NOT_PROVEN = "green_not_proven"
    LET_GO = "let_go"
    NOT_RENEWED = "not_renewed"
    HELD_TOO_LONG = "held_too_long"
    CONNECTION_LOST = "connection_lost"
    READER_BUSY = "reader_busy"  # a change of its key runs
    NO_SECURE_CHANNEL = "no_secure_channel"
    READER_REFUSED_KEY = "reader_refused_key"
    TOO_LATE = "too_late"
    KEY_FILE = "key_file"  # with what is wrong with it
    FACE_NOT_IN_ROSTER = "face_not_in_roster"  # the roster has to give the holder a face first, and something else
    FACE_ONLY = "face_only"  # a face is never the only way in
    FACE_PICTURES = "face_pictures"  # too few, too alike, or not of one person
    FACE_MODEL = "face_model"  # the templates are another model's
    FACE_CONSENT = "face_consent"  # with what is wrong with it
    FACE_STORE = "face_store"  # what is enrolled cannot be read: nobody matches
    FACES_OFF = "faces_off"  # not switched on at this site
    FACES_FULL = "faces_full"
    CAMERA_NOT_FOUND = "camera_not_found"
    VIEWING_OFF = "viewing_off"  # this site shows no pictures at the page
    VIEWING_CAMERAS = "viewing_cameras"  # more at once than the site allows
    VIEWINGS_FULL = "viewings_full"  # so many people look already
    VIEWING_OVER = "viewing_over"
    VIEWING_PURPOSE = "viewing_purpose"  # a guard's shift has another purpose, and no incident was stated
    FACE_BUSY = "face_busy"  # somebody is being enrolled, or compared, at this camera
    GRANTED = "granted"


# ONVIF Access Control Service Specification, DenyReason: the words of reports to other systems.
ONVIF_REASON: dict[Reason, str] = {
    Reason.SUSPENDED: "CredentialNotEnabled",
    Reason.LOST: "CredentialNotEnabled",
    Reason.NOT_YET_VALID: "CredentialNotActive",
    Reason.EXPIRED: "CredentialExpired",
    Reason.PIN_WRONG: "InvalidPIN",
    Reason.OUTSIDE_SCHEDULE: "NotPermittedAtThisTime",
    Reason.CLOCK_UNKNOWN_REFUSED: "NotPermittedAtThisTime",
    Reason.NO_PROFILE: "Unauthorized",
    Reason.NOT_IN_PROFILE: "Unauthorized",
}
