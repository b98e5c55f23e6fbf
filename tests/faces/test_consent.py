"""What a consent must say, and receipts of its end."""

from __future__ import annotations

import msgspec
import pytest

from firmware.faces import consent
from firmware.faces.errors import ConsentRefused
from firmware.faces.receipt import Receipt, Signed, genuine, signed
from firmware.identity import Identity
from tests.faces.people import DAY_S, NOON_S, a_consent


def test_a_whole_consent_is_taken():
    consent.check(a_consent(), NOON_S)
    consent.check(a_consent(under_14=True, guardian="Bea Example"), NOON_S)
    consent.check(a_consent(language="zh_CN", text=consent.digest_of("zh_CN"), given_by="安"), NOON_S)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"version": "0"}, "consent_text"),
        ({"text": "0" * 64}, "consent_text"),
        ({"language": "fr"}, "consent_text"),
        ({"language": "zh_CN"}, "consent_text"),  # the text of another language was read
        ({"given_by": ""}, "consent_name"),
        ({"given_by": "Ann\nExample"}, "consent_name"),
        ({"witness": ""}, "consent_witness"),
        ({"witness": "Ann Example"}, "consent_witness"),
        ({"under_14": True}, "consent_guardian"),
        ({"under_14": True, "guardian": "Ann Example"}, "consent_guardian_self"),
        ({"guardian": "Bea Example"}, "consent_guardian_not_needed"),
        ({"given_s": NOON_S + 3_600}, "consent_when"),
        ({"given_s": NOON_S - 2 * DAY_S}, "consent_when"),
        ({"expires_s": NOON_S + 4 * 366 * DAY_S}, "consent_expiry"),
        ({"expires_s": NOON_S}, "consent_expired"),
    ],
)
def test_anything_else_is_refused_by_its_word(changes, word):
    with pytest.raises(ConsentRefused) as refused:
        consent.check(a_consent(**changes), NOON_S)
    assert word in refused.value.words


def test_the_text_says_what_the_law_wants_said_in_both_languages():
    """PIPL, articles 17 and 30: purpose, kind, way and time of keeping, necessity and effects, how to withdraw."""
    english, chinese = consent.text_of("en"), consent.text_of("zh_CN")
    for word in ("What for", "What is kept", "How long", "What may happen", "withdraw", "Under 14", "no worse"):
        assert word in english
    for word in ("用途", "保存的内容", "保存期限", "可能的影响", "撤回", "十四周岁", "不会受到任何不利对待"):
        assert word in chinese


def test_a_receipt_is_genuine_only_as_it_was_signed(tmp_path):
    identity = Identity.load_or_create(tmp_path / "identity")
    receipt = Receipt(
        controller=identity.id,
        public_key=identity.public_key.hex(),
        holder="ann",
        face="face-ann",
        given_by="Ann Example",
        consent_version="1",
        given_s=NOON_S,
        wiped_s=NOON_S + 60,
        templates=3,
        why="withdrawn",
        revision=2,
    )
    given = signed(receipt, identity.sign)
    assert genuine(msgspec.json.decode(msgspec.json.encode(given), type=Signed))
    for changes in ({"wiped_s": NOON_S}, {"holder": "bob"}, {"templates": 0}):
        assert not genuine(Signed(msgspec.structs.replace(receipt, **changes), given.signature))
    other = Identity.load_or_create(tmp_path / "other")
    assert not genuine(Signed(receipt, signed(receipt, other.sign).signature))
    for forged in ("", "zz", "00" * 64):
        assert not genuine(Signed(receipt, forged))
