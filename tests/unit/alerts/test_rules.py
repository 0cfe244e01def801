"""The file of rules: what it says, and the one sentence that a wrong one gets."""

from __future__ import annotations

from pathlib import Path

import pytest

from breakwater.alerts import Condition, Severity, load, parse, sinks_of
from breakwater.errors import InvalidInput

RULE = """
[[rules]]
name = "low"
metric = "coverage"
severity = "critical"
fire = "< 0.5"
says = "Low."
"""


def test_a_rule_clears_where_it_no_longer_fires_unless_told() -> None:
    (rule,) = parse(RULE).rules
    assert (rule.fire, rule.clear) == (Condition("", "<", 0.5), Condition("", ">=", 0.5))
    assert (rule.severity, rule.when, rule.for_slots, rule.for_s) == (Severity.CRITICAL, (), 0, 0.0)
    (rule,) = parse(RULE + 'clear = ">= 0.6"\nwhen = ["vault > 0"]').rules
    assert (str(rule.clear), str(rule.when[0])) == (">= 0.6", "vault > 0")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("< 0.5", "0.5"), 'write a condition as "< 0.5" or "vault > 0"'),
        (("< 0.5", "== 0.5"), 'write a condition as "< 0.5" or "vault > 0"'),
        (("< 0.5", "vault < 0.5"), "fire and clear are about the rule's metric: leave its name out"),
        (('"critical"', '"dire"'), "Input should be 'info', 'warning', 'critical' or 'emergency'"),
        (('"low"', '"Low Water"'), "String should match pattern"),
        (('says = "Low."', 'clear = "< 0.6"\nsays = "Low."'), "let clear begin where fire has ended"),
        (('says = "Low."', 'clear = ">= 0.4"\nsays = "Low."'), "let clear begin where fire has ended"),
        (('"< 0.5"', '"<= 0.5"\nclear = ">= 0.5"'), "let clear begin where fire has ended"),
        (('says = "Low."', 'says = "Low."\nwhen = ["> 0"]'), "name the metric in when"),
        (('says = "Low."', 'says = "Low."\nfor_slots = -1'), "greater than or equal to 0"),
        (('says = "Low."', 'says = "Low."\nsms = true'), "Extra inputs are not permitted"),
        (('"critical"', "critical"), "Correct the TOML of the rules"),
        (('says = "Low."', f'says = "Low."{RULE}'), "two rules are called low"),
        (('"coverage"', '"covrage"'), "there is no metric covrage; there are coverage, vault"),
    ],
)
def test_a_wrong_file_gets_one_sentence(change: tuple[str, str], why: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse(RULE.replace(*change), known={"coverage", "vault"})
    assert why in str(refused.value)
    assert str(refused.value).count("\n") <= 1
    assert str(refused.value).startswith("Correct ")


def test_a_sentence_names_the_rule_and_the_field() -> None:
    with pytest.raises(InvalidInput, match="rule low, severity: Input should be"):
        parse(RULE.replace("critical", "dire"))
    with pytest.raises(InvalidInput, match="sink 1, kind: Input should be 'console'"):
        parse('[[sinks]]\nkind = "pager"')


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="Name a file of rules that can be read"):
        load(tmp_path / "rules.toml")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('kind = "webhook"', "name the variable with the webhook's address in url_env"),
        ('kind = "webhook"\nformat = "telegram"\nurl_env = "HOOK"', "telegram needs a chat_id"),
        ('kind = "webhook"\nurl_env = "https://secret"', "String should match pattern"),
    ],
)
def test_a_webhook_is_complete_and_its_address_is_not_in_the_file(text: str, why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        parse(f"[[sinks]]\n{text}")


def test_sinks_are_made_from_the_file_and_secrets_from_the_environment() -> None:
    book = parse(
        '[[sinks]]\nkind = "console"\n[[sinks]]\nkind = "log"\nminimum = "critical"\n'
        '[[sinks]]\nkind = "webhook"\nformat = "slack"\nurl_env = "HOOK"'
    )
    console, log, hook = sinks_of(book, {"HOOK": "https://hooks.example/secret"})
    assert [each.name for each in (console, log, hook)] == ["console", "log", "HOOK"]
    assert log.minimum is Severity.CRITICAL
    for environment in ({}, {"HOOK": "hooks.example"}):
        with pytest.raises(InvalidInput, match="Set HOOK to the address of the slack webhook"):
            sinks_of(book, environment)
