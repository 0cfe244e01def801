"""How `breakwater verify` shows what it has found."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text
from solders.pubkey import Pubkey

from .. import deploy as service
from ..charter import Charter
from ..errors import InvalidInput
from ._session import connect, print_json, say, show

__all__ = ["print_report", "run"]

COLOURS = {"holds": "green", "broken": "bold red", "not asked": "dim"}


async def run(
    cluster: str | None,
    reference: service.Reference,
    expected: Charter,
    deployers: Sequence[str],
    *,
    exchange: bool,
) -> service.Report:
    """Look at the cluster."""
    keys = [_key(each) for each in deployers]
    async with connect(cluster) as session:
        return await service.verify(session.engine, reference, expected, deployers=keys, exchange=exchange)


def _key(text: str) -> Pubkey:
    try:
        return Pubkey.from_string(text)
    except ValueError:
        raise InvalidInput(f"Name a deployer by its base58 address, not {text}.") from None


def print_report(report: service.Report, *, as_json: bool) -> None:
    """The verdict: rules, what breaks them, powers that remain."""
    if as_json:
        print_json(report.as_dict())
        return
    rules = Table(title=f"Rules, at slot {report.facts.slot}", title_style="bold", show_header=False)
    for rule in report.rules:
        status = report.status(rule)
        rules.add_row(Text(status, COLOURS[status]), rule.name, rule.says)
    show(rules)
    if report.findings:
        findings = Table(title="Findings", title_style="bold red")
        for name in ("rule", "where", "expected", "found"):
            findings.add_column(name, overflow="fold")
        for finding in report.findings:
            findings.add_row(finding.rule, finding.subject, finding.expected, finding.found)
        show(findings)
    remaining = Table(title="Powers that remain", title_style="bold")
    for name in ("power", "holder", "can"):
        remaining.add_column(name, overflow="fold")
    for power in report.powers:
        remaining.add_row(power.power, power.holder, power.can)
    if report.powers:
        show(remaining)
    else:
        say("No key holds any power.")
    for record in report.facts.records:
        agrees = "the same" if report.agrees(record) else "other"
        say(f"{record.deployer} has signed {agrees} hashes: {record.transaction}")
    count = len(report.findings)
    say("Verified." if report.ok else f"Not verified: {count} finding{'s' if count > 1 else ''}.")
