"""What `breakwater simulate` shows of one seed, of many, and of an exchange that is broken on purpose."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from breakwater.build import find_root
from breakwater.chain import addresses as at
from breakwater.chain import programs
from breakwater.cli import _simulate_view as view
from breakwater.cli import main
from breakwater.config import settings
from breakwater.simulate import BREAKS, Report, simulate_seed
from breakwater.simulate import broken as breaking
from breakwater.simulate.leader import Leader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["simulate", *arguments])
    return int(ended.value.code or 0)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("BREAKWATER_CACHE_DIR", str(tmp_path))
    settings.cache_clear()
    yield tmp_path
    settings.cache_clear()


@pytest.fixture
def generous(monkeypatch: pytest.MonkeyPatch) -> None:
    """A leader that gives the vault a unit out of nowhere."""
    block = Leader._block

    def wrong(self: Leader) -> None:
        if self.engine.clock.slot == 41:
            key = at.vault()
            account = self.engine.get_account(key)
            assert account is not None
            data = bytearray(account.data)
            data[8 + 32] += 1  # its cash, behind discriminator and token account
            self.engine.set_account(key, type(account)(account.lamports, bytes(data), account.owner))
        block(self)

    monkeypatch.setattr(Leader, "_block", wrong)


def test_many_seeds_are_counted_together(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--seeds", "1", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    one = simulate_seed(1)
    assert (found["seeds"], found["ok"], found["violations"], found["broken"]) == (1, True, [], None)
    two = replace(one, seed=2, orders={"landed": 1, "expired": 5})
    report = Report()
    report.add(one)
    for name in (
        "landed",
        "failed",
        "checked",
        "markets",
        "settled",
        "orders",
        "refusals",
        "deeds",
        "events",
    ):
        assert found[name] == getattr(one, name) == getattr(report, name), name
    report.add(two)
    assert report.orders == Counter(one.orders) + Counter(two.orders)
    view.print_report(report, None)
    shown = capsys.readouterr().out
    assert f"{2 * found['landed']:,} landed, {2 * found['failed']:,} failed" in shown
    assert f"{2 * found['settled']:,} of {2 * found['markets']:,} settled" in shown
    assert re.search(r"violations +│ none", shown)
    assert "replay" not in shown


@pytest.mark.usefixtures("generous")
def test_a_broken_rule_is_shown_with_how_to_see_it_again_and_ends_with_1(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("--seed", "6") == 1
    first, _, violation, *last = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"seed 6: VIOLATED, trace [0-9a-f]{64}", first)
    assert "the books add up to" in violation
    assert last, "what happened before"
    report = Report()
    caught = replace(simulate_seed(6), seed=9)
    for seed in (9, 8):
        report.add(replace(caught, seed=seed))
    view.print_report(report, None)
    shown = " ".join(capsys.readouterr().out.split())
    assert "violations │ seed 8, seed 9" in shown
    assert f"seed 8: {' '.join(violation.split())}" in shown
    assert shown.endswith("replay: breakwater simulate --seed 8 --trace FILE")
    assert report.as_dict()["violations"][0]["seed"] == 8
    assert report.as_dict()["ok"] is False
    view.print_report(report, "sale")
    assert f"broken on purpose ({BREAKS['sale'].what}): caught by seed 8" in capsys.readouterr().out
    assert (view.status(caught=True, broken=True), view.status(caught=True, broken=False)) == (0, 1)


def test_an_exchange_that_should_be_broken_and_is_not_caught_ends_with_1(
    cache: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was built for these very sources is taken as it is: here the exchange that is not broken."""
    monkeypatch.setenv("BREAKWATER_TOOLCHAIN", "registry")
    assert run("--broken", "sale") == 2
    said = capsys.readouterr().err
    assert f"building an exchange that is broken: {BREAKS['sale'].what}\n" in said
    assert said.endswith("breakwater: No toolchain builds Solana programs here: run scripts/setup --sbf.\n")
    copy = cache / "broken" / "sale" / "breakwater"
    changed = (copy / breaking.EXCHANGE / "instructions" / "sell.rs").read_text()
    assert changed.count("amount.raw().saturating_add(1)") == 1
    shipped = programs.binary("exchange", "v0")
    (copy.parent / f"{breaking._digest(copy)}.so").write_bytes(shipped)
    assert run("--broken", "sale", "--seeds", "1", "--jobs", "1") == 1
    shown = capsys.readouterr()
    assert "building" not in shown.err
    assert f"broken on purpose ({BREAKS['sale'].what}): NOT caught" in shown.out


def test_a_break_whose_lines_are_gone_is_refused_before_anything_is_built(
    cache: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = cache / "root"
    shutil.copytree(find_root() / "programs" / "exchange" / "src", root / "programs" / "exchange" / "src")
    sell = root / breaking.EXCHANGE / "instructions" / "sell.rs"
    sell.write_text(sell.read_text().replace(BREAKS["sale"].changes[0][1], ""))
    monkeypatch.setattr("breakwater.simulate.broken.build.find_root", lambda: root)
    assert run("--broken", "sale") == 2
    assert capsys.readouterr().err == (
        "breakwater: Mend the break: sell.rs has 0 times 'self.trader.receive(amount)?;'.\n"
    )
