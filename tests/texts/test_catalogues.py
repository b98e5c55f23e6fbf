"""Both catalogues say everything, with the same placeholders, and nothing is left over from the other language."""

import re
import string

import pytest
from babel.messages.pofile import read_po

from firmware import texts as texts_module
from firmware.core.announce import PUBLIC
from firmware.core.codes import MEANING, Code, Reason, Severity
from firmware.core.effects import Feedback
from firmware.core.view import Mode, Position
from firmware.faces.steps import Prompt
from firmware.roster.source.batch import Kind
from firmware.texts import LANGUAGES, LOCALES, Texts, TextsError, folder_of, texts

CATALOGUES = {}
for folder in LANGUAGES.values():
    with (LOCALES / folder / "LC_MESSAGES/menshen.po").open("rb") as file:
        CATALOGUES[folder] = read_po(file, abort_invalid=True)


def messages(folder):
    return {message.id: message for message in CATALOGUES[folder] if message.id}


def placeholders(text):
    return sorted({name for _, name, _, _ in string.Formatter().parse(text) if name is not None})


def test_there_are_the_languages_that_there_are_folders():
    assert {path.name for path in LOCALES.iterdir()} == set(LANGUAGES.values())


def test_the_same_messages_in_the_same_order():
    assert list(messages("en")) == list(messages("zh_CN"))


@pytest.mark.parametrize("folder", LANGUAGES.values())
def test_nothing_fuzzy_and_nothing_untranslated(folder):
    for message in messages(folder).values():
        assert message.string, message.id
        assert not message.fuzzy, message.id


@pytest.mark.parametrize("folder", LANGUAGES.values())
def test_no_message_twice(folder):
    source = (LOCALES / folder / "LC_MESSAGES/menshen.po").read_text(encoding="utf-8")
    ids = re.findall(r'^msgid "(.+)"$', source, re.MULTILINE)
    assert len(ids) == len(set(ids)) == len(messages(folder))


def test_placeholders_are_equal():
    english, chinese = messages("en"), messages("zh_CN")
    for key, message in english.items():
        assert placeholders(message.string) == placeholders(chinese[key].string), key


def test_chinese_is_chinese_and_english_is_not():
    words = {"{message}", "{reason}（{argument}）", "SHA-256"}  # nothing to translate in them
    for key, message in messages("zh_CN").items():
        says = re.search(r"[^\W\d_]{2}", re.sub(r"\{.*?\}", "", message.string))  # or it only joins
        if message.string not in words and (says or not key.startswith("page.")):
            assert re.search(r"[\u4e00-\u9fff]", message.string), key
            assert not re.search(r"[,;!?](?!\d)", re.sub(r"\{.*?\}|\[\[.*\]\]", "", message.string)), key
    for key, message in messages("en").items():
        assert not re.search(r"[\u3000-\u9fff\uff00-\uffef]", message.string), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_of_the_core_has_a_text(language):
    said = texts(language)
    for code in Code:
        assert said.event(code)
        assert said.event(code.value) == said.event(code)
        grave = MEANING[code].severity in (Severity.ALARM, Severity.WARNING)
        assert bool(said.advice(code)) == grave, code
    assert all(said.reason(reason) for reason in Reason)
    assert all(said.mode(mode) for mode in Mode)
    assert all(said.position(position) for position in Position)
    assert all(said.severity(severity) for severity in Severity)
    assert all(said.feedback(feedback) for feedback in Feedback)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_of_batch_of_a_source_has_a_word(language):
    """The history of a source that was exported once could not be shown."""
    assert all(texts(language).say(f"roster.source.kind.{kind.value}") for kind in Kind)


def test_no_text_for_a_word_that_the_core_does_not_have():
    kinds = {"event": Code, "advice": Code, "reason": Reason, "mode": Mode, "position": Position, "severity": Severity,
             "feedback": Feedback}  # fmt: skip
    for key in messages("en"):
        kind, _, word = key.partition(".")
        if kind in kinds:
            kinds[kind](word)
        elif kind == "display":
            reason = word.removeprefix("reason.")
            known = {*Feedback, *Prompt, "test"} if reason == word else PUBLIC  # of a self-test
            assert reason in known, key
        else:
            assert kind in (
                "backup",
                "account",
                "check",
                "detail",
                "journal",
                "roster",
                "explain",
                "wire",
                "osdp",
                "page",
                "faces",
                "recognise",
                "evaluate",
                "reason_with_argument",
            ), key


def test_alarms_a_guard_must_tell_apart_are_told_apart():
    """A forced door and one held open are distinct codes (FIELD.md, section 2), so they are distinct words."""
    for language in LANGUAGES:
        said = texts(language)
        alarms = [said.event(code) for code in Code if MEANING[code].severity is Severity.ALARM]
        assert len(set(alarms)) == len(alarms)


def test_texts_fill_in_and_arguments_are_shown():
    assert texts("en").say("check.rule.below", other="open_ms_max", most=5) == "less than open_ms_max (5)"
    assert texts("en").reason("interlock:hall") == "Another door must close first (hall)"
    assert texts("zh").event(Code.FORCED) == "门被强行打开"


@pytest.mark.attack("text-10")
def test_a_hostile_argument_is_only_text():
    assert "{0.__class__}" in texts("en").reason("interlock:{0.__class__}")
    assert texts("en").say("check.rule.struct", message="{x}") == "{x}"


@pytest.mark.parametrize(
    ("asked", "folder"),
    [("en", "en"), ("zh", "zh_CN"), ("zh_CN", "zh_CN"), ("zh-Hans-CN", "zh_CN"), ("zh_CN.UTF-8", "zh_CN"),
     ("EN-gb", "en"), ("de", "en"), ("", "en"), ("C.UTF-8", "en"), ("../../etc", "en")],
)  # fmt: skip
def test_languages_as_people_and_browsers_ask_for_them(asked, folder):
    assert folder_of(asked) == folder


def test_a_missing_text_and_a_missing_catalogue_say_what_to_do(tmp_path, monkeypatch):
    with pytest.raises(TextsError, match="firmware/locales"):
        texts("en").say("no.such.text")
    monkeypatch.setattr(texts_module, "LOCALES", tmp_path)
    texts_module._texts.cache_clear()
    try:
        with pytest.raises(TextsError, match="make texts"):
            texts("en")
    finally:
        texts_module._texts.cache_clear()


def test_texts_of_one_language_are_read_once():
    assert texts("zh") is texts("zh-CN")
    assert isinstance(texts("en"), Texts)
