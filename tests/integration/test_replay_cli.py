"""`breakwater replay` and `profile` as a person types them: an answer that is no, and figures that agree."""

from __future__ import annotations

import gzip
import json
import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from breakwater.cli._replay_view import Interrupt
from breakwater.profile import registry

from .typed import cells, refusal, rows, typed_here

if TYPE_CHECKING:
    from pathlib import Path

START = 1_784_851_200
STRIKE = 65_000
FEW = ("--trades", "8", "--traders", "2")


def typed_json_here(*arguments: object, status: int = 0) -> Any:
    done = typed_here(*arguments, "--json")
    assert done.status == status, done
    return json.loads(done.out)


def capture(place: Path, *, up_won: bool, digits: int = 2) -> Path:
    """Two markets that close above their strike; the second one settled so in reality, or did not."""
    place.mkdir()
    markets = [
        {
            "start_sec": START + 300 * i,
            "end_sec": START + 300 * (i + 1),
            "strike_value": f"{STRIKE}{'0' * 18}",
            "outcome_prices": ["1", "0"] if up_won or not i else ["0", "1"],
            "slug": f"[/b]btc-{i}",
        }
        for i in range(2)
    ]
    ticks = ["feed_ts_ms,value,full_accuracy_value,server_ts_ms,recv_ms"]
    for second in range(-60, 661):
        cents = STRIKE * 100 + 500 + (second * 7919) % 800
        at_ms = (START + second) * 1000
        price = cents * 10**16 + (1 if digits > 2 else 0)
        ticks.append(f"{at_ms},{cents / 100},{price},{at_ms + 1_000},{at_ms + 1_200}")
    with gzip.open(place / "btc-markets.jsonl.gz", "wt") as file:
        file.write("".join(f"{json.dumps(each)}\n" for each in markets))
    with gzip.open(place / "btc-ticks.csv.gz", "wt") as file:
        file.write("".join(f"{line}\n" for line in ticks))
    return place


def test_a_day_that_settles_otherwise_than_in_reality_is_status_1_and_names_the_market(
    tmp_path: Path,
) -> None:
    good, bad = capture(tmp_path / "[red]good", up_won=True), capture(tmp_path / "bad", up_won=False)
    done = typed_here("replay", good, *FEW)
    assert done.status == 0, done
    assert (rows(done.out)["settled as in reality"], rows(done.out)["mismatches"]) == ("2", "0")
    assert f"Replay of {good.name}" in done.out or str(good) in done.out

    found = typed_json_here("replay", bad, *FEW, status=1)
    assert (found["settled"], found["mismatches"], found["lost_units"]) == (1, 1, 0)
    page = tmp_path / "report.html"
    done = typed_here("replay", bad, *FEW, "--report", page)
    assert done.status == 1
    table = rows(done.out)
    assert (table["settled as in reality"], table["mismatches"], table["lost units"]) == ("1", "1", "0")
    assert table["trades"] == f"{found['trades']:,}"
    assert table["orders refused"] == f"{found['rejected_total']:,}"
    assert table["volume"] == f"{found['volume'] / 1e6:,.2f}"
    assert table["fees"] == f"{found['fees'] / 1e6:,.2f}"
    assert table["vault profit and loss"] == f"{found['vault']['profit_and_loss'] / 1e6:,.2f}"
    assert table["transactions"] == f"{found['transactions']:,}"
    (market,) = [each for each in done.out.splitlines() if "otherwise than in reality." in each]
    assert market.startswith("Market ")
    assert done.out.endswith(f"Report written to {page}.\n")
    costs = {each[0]: each[1:] for each in cells(done.out) if len(each) == 5}
    assert costs["oracle.publish"][0] == f"{found['compute_units']['oracle.publish']['n']:,}"


def test_prices_that_had_to_be_rounded_are_said_to_be(tmp_path: Path) -> None:
    done = typed_here("replay", capture(tmp_path / "fine", up_won=True, digits=18), *FEW)
    assert done.status == 0, done
    assert "Prices were rounded down: they do not fit into 64 bits exactly.\n" in done.out


def test_the_first_ctrl_c_asks_for_what_there_is_and_the_second_ends_at_once() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Interrupt() as interrupted:
        assert not interrupted.is_set()
        os.kill(os.getpid(), signal.SIGINT)
        assert interrupted.is_set()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_profile_is_the_same_in_tables_and_in_json(tmp_path: Path) -> None:
    place = ("profile", "funds", "--repeat", "2", "--seed", "7")
    found = typed_json_here(*place)
    page = tmp_path / "profile.html"
    done = typed_here(*place, "--report", page)
    assert done.status == 0, done
    assert "Compute units: funds on embedded, 2 rounds" in done.out
    tables = cells(done.out)
    listed = {row["instruction"]: row for row in found["instructions"]}
    assert {name.removeprefix("exchange.") for name in listed} >= {"deposit", "withdraw", "fold"}
    total = {each[0]: each[1:] for each in tables if len(each) == 7 and each[0] in listed}
    for name, row in listed.items():
        calls, cu = row["calls"], row["cu"]
        assert total[name][0] == f"{calls:,}"
        # how much a call takes may depend on the addresses, which are new in each run
        assert abs(int(total[name][4].replace(",", "")) - cu["total"]) <= cu["total"] // 10, name
    assert any(each[0] == "token.TransferChecked" for each in tables), "what a deposit calls"
    assert set(found["bottlenecks"]) == {"compute", "latency", "lock"}
    assert done.out.endswith(f"Report written to {page}.\n")


def test_scenarios_are_listed_with_what_happens_in_them() -> None:
    found = typed_json_here("profile", "list")
    assert found == {each.name: each.sentence for each in registry().values()}
    assert rows(typed_here("profile").out) == found
    assert refusal(typed_here("profile", "sail")).startswith("Name a scenario: ")
