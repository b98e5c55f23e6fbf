"""Every event code, once: its name, its ONVIF topic where one exists, its severity and its class of retention.

Topics (tns1:...) are those of ONVIF's Access Control, Door Control and Core specifications. Reasons: reasons.py.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from firmware.core.reasons import ONVIF_REASON as ONVIF_REASON
from firmware.core.reasons import Reason as Reason


class Severity(StrEnum):
    INFO = "info"
    NOTICE = "notice"  # somebody did something that is looked at later
    WARNING = "warning"  # maintenance
    ALARM = "alarm"  # a person is needed now


class Code(StrEnum):
    """What happened. The value is what stands in journal, search and API; it never changes."""

    # access
    GRANTED = "access.granted"
    DENIED = "access.denied"
    UNKNOWN_CREDENTIAL = "access.unknown_credential"
    DENIED_SUM = "access.denied_sum"  # a flood, in one event
    TAKEN = "access.taken"  # a proven passage
    NOT_TAKEN = "access.not_taken"
    DURESS = "access.duress"
    EXIT_REQUESTED = "access.exit_requested"
    CALLED = "access.called"  # by the call button of an entrance
    CALL_ANSWERED = "access.call_answered"
    CALL_ENDED = "access.call_ended"
    CALL_MISSED = "access.call_missed"  # nobody answered in time
    CALL_STUCK = "access.call_stuck"  # the button
    CALL_UNSTUCK = "access.call_unstuck"
    ANTIPASSBACK_SOFT = "access.antipassback_soft"
    PIN_LOCKED_OUT = "access.pin_locked_out"
    PIN_LOCKOUT_ENDED = "access.pin_lockout_ended"
    FORGIVEN = "access.forgiven"
    # doors and turnstiles
    OPENED = "door.opened"
    CLOSED = "door.closed"
    FORCED = "door.forced"
    HELD_WARNING = "door.held_warning"
    HELD = "door.held"
    HELD_ENDED = "door.held_ended"
    UNLOCKED = "door.unlocked"
    LOCKED = "door.locked"
    REX_STUCK = "door.rex_stuck"
    REX_RELEASED = "door.rex_released"
    CONTACT_FAULT = "door.contact_fault"
    CONTACT_HEALTHY = "door.contact_healthy"
    FAULT = "portal.fault"
    FAULT_RESET = "portal.fault_reset"
    OUT_OF_SERVICE = "portal.out_of_service"
    IN_SERVICE = "portal.in_service"
    TURNED_UNRELEASED = "turnstile.turned_unreleased"
    PASSAGE_PULSE_FAULT = "turnstile.pulse_fault"
    DROPPED = "turnstile.dropped"
    RESTORED = "turnstile.restored"
    # barriers: what moves
    BARRIER_OPENED = "barrier.opened"  # proven by its limits
    BARRIER_CLOSED = "barrier.closed"
    BARRIER_BETWEEN = "barrier.between"  # it stands between its ends
    BARRIER_HALTED = "barrier.halted"  # stopped on its way, with the reason
    OBSTRUCTED = "barrier.obstructed"  # it met somebody while it closed, and went back (R3)
    OBSTRUCTED_AGAIN = "barrier.obstructed_again"  # and once more: it closes no more by itself (R4)
    STOP_PRESSED = "barrier.stop"  # or the wire of the stop circuit is broken (R12)
    STOP_RESET = "barrier.stop_reset"
    ISOLATED = "barrier.isolated"  # service key, crank, open cover (R19)
    ISOLATION_ENDED = "barrier.isolation_ended"
    HELD_TO_RUN = "barrier.held_to_run"  # somebody moves it by the local key (R9)
    EMERGENCY_CLOSE = "barrier.emergency_close"  # emergency fast raise (R15)
    EMERGENCY_ENDED = "barrier.emergency_ended"
    FIRE_KEY = "barrier.fire_key"
    FIRE_KEY_ENDED = "barrier.fire_key_ended"
    BARRIER_WAITS = "barrier.waits"  # it should close and may not, until a person comes
    SENSOR_FAULT = "barrier.sensor_fault"
    SENSOR_HEALTHY = "barrier.sensor_healthy"
    SENSOR_UNPROVEN = "barrier.sensor_unproven"  # it did not notice what it must have noticed
    SENSOR_FLICKERS = "barrier.sensor_flickers"
    BEAM_BLOCKED = "barrier.beam_blocked"  # while closed (R16)
    ARM_DETACHED = "barrier.arm_detached"
    PIT_WATER = "barrier.pit_water"
    TRAVEL_SLOW = "barrier.travel_slow"  # against its own history
    TRAVEL_SLOWER = "barrier.travel_slower"  # week after week
    SERVICE_DUE = "barrier.service_due"  # by cycles
    DEVICE_TESTED = "barrier.device_tested"  # forces and devices, by a person (R18)
    DEVICE_TEST_DUE = "barrier.device_test_due"
    ON_BATTERY = "barrier.on_battery"
    MAINS_BACK = "barrier.mains_back"
    BATTERY_LOW = "barrier.battery_low"
    # lanes: who drives through
    TURNED_BACK = "lane.turned_back"
    TAILGATE = "lane.tailgate"
    WRONG_WAY = "lane.wrong_way"
    OVERSPEED = "lane.overspeed"
    PASSED_UNASKED = "lane.passed_unasked"  # nobody had asked, and it stood open for everybody
    LANE_DOUBTED = "lane.doubted"  # a loop cleared without its exit sequence: a person has to look (R1)
    LANE_CONFIRMED = "lane.confirmed"
    # the site
    FIRE = "site.fire"
    FIRE_ENDED = "site.fire_ended"
    FIRE_INPUT_FAULT = "site.fire_input_fault"
    FIRE_INPUT_HEALTHY = "site.fire_input_healthy"
    LOCKDOWN = "site.lockdown"
    LOCKDOWN_ENDED = "site.lockdown_ended"
    EVACUATION = "site.evacuation"
    EVACUATION_ENDED = "site.evacuation_ended"
    OCCUPANCY_FULL = "area.full"
    # commands
    COMMANDED = "command.done"
    COMMAND_REFUSED = "command.refused"
    ACKNOWLEDGED = "command.acknowledged"
    # devices
    DEVICE_LOST = "device.lost"
    DEVICE_RECOVERED = "device.recovered"
    OUTPUT_FAILED = "device.output_failed"
    OUTPUT_TRIED = "device.output_tried"  # an installer holds it on, while its portal is out of service
    OUTPUT_TRY_ENDED = "device.output_try_ended"  # with why, and how long it was on
    TAMPER = "device.tamper"
    TAMPER_ENDED = "device.tamper_ended"
    READER_NOISE = "reader.noise"
    READER_MUTED = "reader.muted"
    READER_UNMUTED = "reader.unmuted"
    READER_UNTRUSTED = "reader.untrusted"  # it does not prove its key, with why
    READER_KEY_CHANGED = "reader.key_changed"
    READER_KEY_KEPT = "reader.key_kept"  # a change was asked for and not proven
    READER_INSTALLING = "reader.installing"
    READER_INSTALLED = "reader.installed"
    READER_INSTALL_OVER = "reader.install_over"
    # the roster's source, edited at the page
    ROSTER_EDITED = "roster.edited"
    ROSTER_EDIT_NOT_DONE = "roster.edit_not_done"  # what was told before is not so
    ROSTER_HANDED_IN = "roster.handed_in"  # built of the source, on its way into service
    ROSTER_LOOKED_UP = "roster.looked_up"  # people, for what needs a purpose
    SELFTEST_BEGUN = "selftest.begun"  # by an installer at the page; its portals are out of service meanwhile
    SELFTEST_PAUSED = "selftest.paused"
    SELFTEST_ENDED = "selftest.ended"  # with its signed report
    SELFTEST_DROPPED = "selftest.dropped"  # without one
    # accounts of the page
    ACCOUNT_CLAIMED = "account.claimed"  # the first one, by the claim code
    ACCOUNT_MADE = "account.made"
    ACCOUNT_ROLES = "account.roles_changed"
    ACCOUNT_RESET = "account.reset"  # its passphrase is dead, and it is invited anew
    ACCOUNT_DELETED = "account.deleted"
    ACCOUNT_JOINED = "account.joined"  # whoever was invited has chosen a passphrase
    ACCOUNT_RECOVERED = "account.recovered"  # by a code of the console
    ACCOUNT_PASSPHRASE = "account.passphrase_changed"
    ACCOUNT_FACTOR_ON = "account.second_factor_on"
    ACCOUNT_FACTOR_OFF = "account.second_factor_off"
    ACCOUNT_SESSIONS_ENDED = "account.sessions_ended"
    ACCOUNT_NOT_DONE = "account.not_done"  # what was told before could not be kept: it is not so
    LOGGED_IN = "account.logged_in"
    LOGGED_OUT = "account.logged_out"
    LOGIN_FAILED = "account.login_failed"
    CLIENT_MADE = "account.client_made"  # a program that uses the API by a token
    CLIENT_REVOKED = "account.client_revoked"
    CLIENT_USED = "account.client_first_used"
    LOGIN_LOCKED_OUT = "account.login_locked_out"
    VIEWING_BEGUN = "camera.viewing_begun"  # somebody looks through it at the page, with the purpose
    VIEWING_ENDED = "camera.viewing_ended"
    JOURNAL_SEARCHED = "journal.searched"  # for what tells who it was, with the purpose
    JOURNAL_EXPORTED = "journal.exported"
    # controller
    STARTED = "controller.started"
    RESTART_ASKED = "controller.restart_asked"  # of one process, at the page
    FACTORY_RESET = "controller.factory_reset"  # by the button on the board, as it started
    BACKUP_MADE = "backup.made"
    BACKUP_RESTORED = "backup.restored"  # what was there before is kept aside
    BACKUP_UNDONE = "backup.undone"  # back to what was there before a restore
    BACKUP_FORGOTTEN = "backup.forgotten"  # what was there before a restore is gone for good
    STOPPED = "controller.stopped"
    UNCLEAN_START = "controller.unclean_start"
    KEPT_UNREADABLE = "controller.kept_unreadable"
    CLOCK_SET = "clock.set"
    CLOCK_STEPPED = "clock.stepped"
    CLOCK_LOST = "clock.lost"
    ROSTER_REPLACED = "roster.replaced"
    ROSTER_REFUSED = "roster.refused"
    SUSPENDED = "roster.suspended"
    SUSPENSION_LIFTED = "roster.suspension_lifted"
    HOLDER_LEFT = "roster.holder_left"
    ENROLMENT_BEGUN = "roster.enrolment_begun"
    ENROLMENT_ENDED = "roster.enrolment_ended"  # without a credential
    ENROLLED = "roster.enrolled"
    VISITOR_INVITED = "roster.visitor_invited"
    LOCAL_REVOKED = "roster.local_revoked"
    LOCAL_EXPIRED = "roster.local_expired"
    LOCAL_ABSORBED = "roster.local_absorbed"
    LOCAL_CONFLICT = "roster.local_conflict"
    LOCAL_FAILED = "roster.local_failed"
    LOCAL_REFUSED = "roster.local_refused"
    FACE_TAKING = "face.taking"  # somebody before a camera has consented to be enrolled
    FACE_ENROLLED = "face.enrolled"  # by consent; told without anything of the face
    FACE_WITHDRAWN = "face.withdrawn"
    FACE_EXPIRED = "face.expired"  # the consent's time is over
    FACE_DROPPED = "face.dropped"  # the roster has the holder, or the holder's face, no more
    FACE_OUTDATED = "face.outdated"  # enrolled with other weights: to be enrolled anew
    FACE_REFUSED = "face.refused"
    FACE_FAILED = "face.failed"  # what is enrolled cannot be kept, or not be trusted: nobody matches
    PEERS_LOST = "area.peers_lost"
    PEERS_HEARD = "area.peers_heard"
    STORE_FAILED = "journal.failed"
    STORE_RECOVERED = "journal.recovered"
    INBOX_OVERFLOWED = "inbox.overflowed"
    RETENTION_CUT = "journal.retention_cut"
    ERASED = "journal.erased"  # tombstone
    EPOCH_BEGUN = "journal.epoch_begun"  # the first row of a journal, which says why it is the first


class Meaning(NamedTuple):
    topic: str | None  # ONVIF
    severity: Severity


_I, _N, _W, _A = Severity.INFO, Severity.NOTICE, Severity.WARNING, Severity.ALARM

MEANING: dict[Code, Meaning] = {
    Code.GRANTED: Meaning("tns1:AccessControl/AccessGranted/Credential", _I),
    Code.DENIED: Meaning("tns1:AccessControl/Denied/Credential", _N),
    Code.UNKNOWN_CREDENTIAL: Meaning("tns1:AccessControl/Denied/CredentialNotFound/Card", _N),
    Code.DENIED_SUM: Meaning(None, _W),
    Code.TAKEN: Meaning("tns1:AccessControl/AccessTaken/Credential", _I),
    Code.NOT_TAKEN: Meaning("tns1:AccessControl/AccessNotTaken/Credential", _I),
    Code.DURESS: Meaning("tns1:AccessControl/Duress", _A),
    Code.EXIT_REQUESTED: Meaning("tns1:AccessControl/Request/Anonymous", _I),
    Code.CALLED: Meaning(None, _N),
    Code.CALL_ANSWERED: Meaning(None, _N),
    Code.CALL_ENDED: Meaning(None, _I),
    Code.CALL_MISSED: Meaning(None, _N),
    Code.CALL_STUCK: Meaning(None, _W),
    Code.CALL_UNSTUCK: Meaning(None, _I),
    Code.ANTIPASSBACK_SOFT: Meaning(None, _N),
    Code.PIN_LOCKED_OUT: Meaning(None, _A),
    Code.PIN_LOCKOUT_ENDED: Meaning(None, _I),
    Code.FORGIVEN: Meaning(None, _N),
    Code.OPENED: Meaning("tns1:Door/State/DoorPhysicalState", _I),
    Code.CLOSED: Meaning("tns1:Door/State/DoorPhysicalState", _I),
    Code.FORCED: Meaning("tns1:Door/State/DoorAlarm", _A),
    Code.HELD_WARNING: Meaning(None, _N),
    Code.HELD: Meaning("tns1:Door/State/DoorAlarm", _A),
    Code.HELD_ENDED: Meaning("tns1:Door/State/DoorAlarm", _I),
    Code.UNLOCKED: Meaning("tns1:Door/State/DoorMode", _I),
    Code.LOCKED: Meaning("tns1:Door/State/DoorMode", _I),
    Code.REX_STUCK: Meaning(None, _W),
    Code.REX_RELEASED: Meaning(None, _I),
    Code.CONTACT_FAULT: Meaning("tns1:Door/State/DoorFault", _W),
    Code.CONTACT_HEALTHY: Meaning("tns1:Door/State/DoorFault", _I),
    Code.FAULT: Meaning("tns1:Door/State/DoorFault", _A),
    Code.FAULT_RESET: Meaning("tns1:Door/State/DoorFault", _N),
    Code.OUT_OF_SERVICE: Meaning("tns1:AccessPoint/State/Enabled", _N),
    Code.IN_SERVICE: Meaning("tns1:AccessPoint/State/Enabled", _N),
    Code.TURNED_UNRELEASED: Meaning(None, _A),
    Code.PASSAGE_PULSE_FAULT: Meaning(None, _W),
    Code.DROPPED: Meaning(None, _N),
    Code.RESTORED: Meaning(None, _I),
    Code.BARRIER_OPENED: Meaning("tns1:Door/State/DoorPhysicalState", _I),
    Code.BARRIER_CLOSED: Meaning("tns1:Door/State/DoorPhysicalState", _I),
    Code.BARRIER_BETWEEN: Meaning("tns1:Door/State/DoorPhysicalState", _A),
    Code.BARRIER_HALTED: Meaning(None, _N),
    Code.OBSTRUCTED: Meaning("tns1:Door/State/DoorAlarm", _W),
    Code.OBSTRUCTED_AGAIN: Meaning("tns1:Door/State/DoorAlarm", _A),
    Code.STOP_PRESSED: Meaning(None, _A),
    Code.STOP_RESET: Meaning(None, _N),
    Code.ISOLATED: Meaning(None, _W),
    Code.ISOLATION_ENDED: Meaning(None, _N),
    Code.HELD_TO_RUN: Meaning(None, _N),
    Code.EMERGENCY_CLOSE: Meaning(None, _A),
    Code.EMERGENCY_ENDED: Meaning(None, _N),
    Code.FIRE_KEY: Meaning(None, _A),
    Code.FIRE_KEY_ENDED: Meaning(None, _N),
    Code.BARRIER_WAITS: Meaning(None, _W),
    Code.SENSOR_FAULT: Meaning("tns1:Device/HardwareFailure", _A),
    Code.SENSOR_HEALTHY: Meaning("tns1:Device/HardwareFailure", _I),
    Code.SENSOR_UNPROVEN: Meaning("tns1:Device/HardwareFailure", _W),
    Code.SENSOR_FLICKERS: Meaning("tns1:Device/HardwareFailure", _W),
    Code.BEAM_BLOCKED: Meaning(None, _A),
    Code.ARM_DETACHED: Meaning("tns1:Door/State/DoorFault", _A),
    Code.PIT_WATER: Meaning(None, _W),
    Code.TRAVEL_SLOW: Meaning(None, _W),
    Code.TRAVEL_SLOWER: Meaning(None, _W),
    Code.SERVICE_DUE: Meaning(None, _W),
    Code.DEVICE_TESTED: Meaning(None, _N),
    Code.DEVICE_TEST_DUE: Meaning(None, _W),
    Code.ON_BATTERY: Meaning(None, _W),
    Code.MAINS_BACK: Meaning(None, _I),
    Code.BATTERY_LOW: Meaning(None, _A),
    Code.TURNED_BACK: Meaning(None, _I),
    Code.TAILGATE: Meaning(None, _A),
    Code.WRONG_WAY: Meaning(None, _A),
    Code.OVERSPEED: Meaning(None, _W),
    Code.PASSED_UNASKED: Meaning(None, _I),
    Code.LANE_DOUBTED: Meaning(None, _A),
    Code.LANE_CONFIRMED: Meaning(None, _N),
    Code.FIRE: Meaning(None, _A),
    Code.FIRE_ENDED: Meaning(None, _N),
    Code.FIRE_INPUT_FAULT: Meaning(None, _A),
    Code.FIRE_INPUT_HEALTHY: Meaning(None, _N),
    Code.LOCKDOWN: Meaning("tns1:Door/State/DoorMode", _A),
    Code.LOCKDOWN_ENDED: Meaning("tns1:Door/State/DoorMode", _N),
    Code.EVACUATION: Meaning(None, _A),
    Code.EVACUATION_ENDED: Meaning(None, _N),
    Code.OCCUPANCY_FULL: Meaning(None, _N),
    Code.COMMANDED: Meaning(None, _N),
    Code.COMMAND_REFUSED: Meaning(None, _N),
    Code.ACKNOWLEDGED: Meaning(None, _N),
    Code.DEVICE_LOST: Meaning("tns1:Device/HardwareFailure", _W),
    Code.DEVICE_RECOVERED: Meaning("tns1:Device/HardwareFailure", _I),
    Code.OUTPUT_FAILED: Meaning("tns1:Door/State/LockPhysicalState", _A),
    Code.OUTPUT_TRIED: Meaning(None, _N),
    Code.OUTPUT_TRY_ENDED: Meaning(None, _N),
    Code.TAMPER: Meaning("tns1:Door/State/DoorTamper", _A),
    Code.TAMPER_ENDED: Meaning("tns1:Door/State/DoorTamper", _N),
    Code.READER_NOISE: Meaning(None, _W),
    Code.READER_MUTED: Meaning(None, _A),
    Code.READER_UNMUTED: Meaning(None, _I),
    Code.READER_UNTRUSTED: Meaning("tns1:Device/HardwareFailure", _A),
    Code.READER_KEY_CHANGED: Meaning(None, _N),
    Code.READER_KEY_KEPT: Meaning(None, _W),
    Code.READER_INSTALLING: Meaning(None, _W),
    Code.READER_INSTALLED: Meaning(None, _N),
    Code.READER_INSTALL_OVER: Meaning(None, _W),
    **dict.fromkeys((Code.SELFTEST_BEGUN, Code.SELFTEST_PAUSED, Code.SELFTEST_ENDED), Meaning(None, _N)),
    **dict.fromkeys((Code.SELFTEST_DROPPED, Code.RESTART_ASKED), Meaning(None, _N)),
    Code.ACCOUNT_CLAIMED: Meaning(None, _N),
    Code.ACCOUNT_MADE: Meaning(None, _N),
    Code.ACCOUNT_ROLES: Meaning(None, _N),
    Code.ACCOUNT_RESET: Meaning(None, _N),
    Code.ROSTER_EDITED: Meaning(None, _N),
    Code.ROSTER_EDIT_NOT_DONE: Meaning(None, _W),
    Code.ROSTER_HANDED_IN: Meaning(None, _N),
    Code.ROSTER_LOOKED_UP: Meaning(None, _N),
    Code.ACCOUNT_DELETED: Meaning(None, _N),
    Code.ACCOUNT_JOINED: Meaning(None, _N),
    Code.ACCOUNT_RECOVERED: Meaning(None, _W),
    Code.ACCOUNT_PASSPHRASE: Meaning(None, _N),
    Code.ACCOUNT_FACTOR_ON: Meaning(None, _N),
    Code.ACCOUNT_FACTOR_OFF: Meaning(None, _N),
    Code.ACCOUNT_SESSIONS_ENDED: Meaning(None, _N),
    Code.ACCOUNT_NOT_DONE: Meaning(None, _W),
    Code.CLIENT_MADE: Meaning(None, _N),
    Code.CLIENT_REVOKED: Meaning(None, _N),
    Code.CLIENT_USED: Meaning(None, _N),
    Code.LOGGED_IN: Meaning(None, _I),
    Code.LOGGED_OUT: Meaning(None, _I),
    Code.LOGIN_FAILED: Meaning(None, _N),
    Code.LOGIN_LOCKED_OUT: Meaning(None, _W),
    Code.VIEWING_BEGUN: Meaning(None, _N),
    Code.VIEWING_ENDED: Meaning(None, _I),
    Code.JOURNAL_SEARCHED: Meaning(None, _N),
    Code.JOURNAL_EXPORTED: Meaning(None, _N),
    Code.FACTORY_RESET: Meaning("tns1:Monitoring/OperatingTime/LastReset", _W),
    Code.BACKUP_MADE: Meaning("tns1:Monitoring/Backup/Last", _N),
    Code.BACKUP_RESTORED: Meaning(None, _N),
    Code.BACKUP_UNDONE: Meaning(None, _N),
    Code.BACKUP_FORGOTTEN: Meaning(None, _N),
    Code.STARTED: Meaning("tns1:Monitoring/OperatingTime/LastReboot", _I),
    Code.STOPPED: Meaning(None, _I),
    Code.UNCLEAN_START: Meaning(None, _W),
    Code.KEPT_UNREADABLE: Meaning(None, _A),
    Code.CLOCK_SET: Meaning("tns1:Monitoring/OperatingTime/LastClockSynchronization", _I),
    Code.CLOCK_STEPPED: Meaning("tns1:Monitoring/OperatingTime/LastClockSynchronization", _W),
    Code.CLOCK_LOST: Meaning(None, _W),
    Code.ROSTER_REPLACED: Meaning("tns1:Configuration/Credential/Changed", _I),
    Code.ROSTER_REFUSED: Meaning(None, _A),
    Code.SUSPENDED: Meaning("tns1:Credential/State/Enabled", _N),
    Code.SUSPENSION_LIFTED: Meaning("tns1:Credential/State/Enabled", _N),
    Code.HOLDER_LEFT: Meaning("tns1:Credential/State/Enabled", _N),
    Code.ENROLMENT_BEGUN: Meaning(None, _N),
    Code.ENROLMENT_ENDED: Meaning(None, _N),
    Code.ENROLLED: Meaning("tns1:Configuration/Credential/Changed", _N),
    Code.VISITOR_INVITED: Meaning("tns1:Configuration/Credential/Changed", _N),
    Code.LOCAL_REVOKED: Meaning("tns1:Configuration/Credential/Removed", _N),
    Code.LOCAL_EXPIRED: Meaning("tns1:Configuration/Credential/Removed", _N),
    Code.LOCAL_ABSORBED: Meaning(None, _I),
    Code.LOCAL_CONFLICT: Meaning(None, _W),
    Code.LOCAL_FAILED: Meaning(None, _A),
    Code.LOCAL_REFUSED: Meaning(None, _N),
    Code.FACE_TAKING: Meaning(None, _N),
    Code.FACE_ENROLLED: Meaning("tns1:Configuration/Credential/Changed", _N),
    Code.FACE_WITHDRAWN: Meaning("tns1:Configuration/Credential/Removed", _N),
    Code.FACE_EXPIRED: Meaning("tns1:Configuration/Credential/Removed", _N),
    Code.FACE_DROPPED: Meaning("tns1:Configuration/Credential/Removed", _N),
    Code.FACE_OUTDATED: Meaning(None, _W),
    Code.FACE_REFUSED: Meaning(None, _N),
    Code.FACE_FAILED: Meaning(None, _A),
    Code.PEERS_LOST: Meaning(None, _W),
    Code.PEERS_HEARD: Meaning(None, _I),
    Code.STORE_FAILED: Meaning("tns1:Device/HardwareFailure/StorageFailure", _A),
    Code.STORE_RECOVERED: Meaning("tns1:Device/HardwareFailure/StorageFailure", _W),
    Code.INBOX_OVERFLOWED: Meaning(None, _W),
    Code.RETENTION_CUT: Meaning(None, _I),
    Code.ERASED: Meaning(None, _N),
    Code.EPOCH_BEGUN: Meaning(None, _N),
}
