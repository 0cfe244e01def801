"""The report is one page that needs nothing else, and data cannot break out of it."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

from breakwater.replay import MarketRow, ReplayResult, Series, render_report
from breakwater.replay._audit import Audit
from breakwater.replay.outages import Outages


def result(name: str = "btc", **changes: object) -> ReplayResult:
    row = MarketRow(1_000_000, name, 1_000_300, 6_500_000, True, True, up=True, price=6_500_100)
    row.series = Series([(1.0, 6_500_050)], [(0.0, 0.5, 693, -693)], [(2.0, 3, "open", 1, 5, 2, 1_000)])
    fields: dict[str, object] = {
        "engine": "embedded", "source": name, "seed": 1, "exponent": -2, "exact": True, "planned": 1,
        "markets": [row], "skipped": ((5, "no strike"),), "outages": Outages(30), "rejected": Counter(),
        "compute": {}, "sides": Counter(open=1), "publications": 1, "transactions": 10, "seconds": 2.0,
        "audits": [Audit(3, (), 7)], "vault_start": 7, "vault_end": 7, "partial": False,
    }  # fmt: skip
    return ReplayResult(**(fields | changes))  # type: ignore[arg-type]


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


def test_everything_is_inside() -> None:
    page = render_report(result())
    assert not re.search(r"""(src|href)\s*=|https?://|@import|url\(""", page)
    market = data_of(page)["markets"][0]
    assert market["strike"] == 65_000
    assert market["ticks"] == [[1.0, 65_000.5]]
    assert market["fills"] == [[2.0, 3, "open", 1, 0.0, 0.0, 10.0]]


def test_data_stay_data() -> None:
    name = "</script><script>alert(1)</script><!--"
    page = render_report(result(name))
    assert name not in page
    assert page.count("</script>") == 2
    assert data_of(page)["markets"][0]["name"] == name


def test_the_verdict() -> None:
    fine = result()
    assert (fine.settled, fine.mismatches, fine.lost_units, fine.ok, fine.rate) == (1, 0, 0, True, 5.0)
    lost = result(audits=[Audit(3, (("escrow", -2), ("cash", 3)), 7), Audit(3, (("cash", 3),), 7)])
    assert (lost.lost_units, lost.ok) == (8, False)
    assert lost.as_dict()["differences"] == {"escrow": 2, "cash": 6}
    unsettled = result(planned=2)
    assert (unsettled.settled, unsettled.mismatches, unsettled.ok) == (1, 1, False)
    assert result(planned=2, partial=True).ok
    wrong = result()
    wrong.markets[0].up = False
    assert (wrong.settled, wrong.mismatches) == (0, 1)
    assert wrong.as_dict()["mismatched_markets"] == [1_000_000]
