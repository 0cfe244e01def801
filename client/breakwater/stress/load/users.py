"""A user of the API: looks at markets, asks for prices, trades on spot and on credit, signs here."""

from __future__ import annotations

import random
import ssl
from itertools import count
from typing import TYPE_CHECKING, Any, Final

import msgspec
from locust import FastHttpUser, constant_pacing, task
from locust.exception import StopUser
from locust.runners import WorkerRunner
from solders.keypair import Keypair

from breakwater.api import schemas, sign
from breakwater.errors import BreakwaterError

from .figures import refused
from .plan import Member, the_plan

if TYPE_CHECKING:
    from locust.env import Environment

__all__ = ["ApiUser"]

LARGEST: Final = 50
PLAN: Final = the_plan()
PLAIN: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For everybody: one of its own for each user reads the machine's certificates a thousand times."""

_numbers = count()


def _next(environment: Environment) -> Member:
    """The next member that this process may be: workers share them out by their number."""
    runner = environment.runner
    mine, all_ = 0, 1
    if isinstance(runner, WorkerRunner):
        # a master counts its workers from 0; a thousand of them is more than anybody starts
        mine, all_ = runner.worker_index, max(1, getattr(environment.parsed_options, "expect_workers", 1))
    place = mine + next(_numbers) * all_
    if place >= len(PLAN.members):
        raise StopUser
    return PLAN.members[place]


class ApiUser(FastHttpUser):
    """Trades at a steady pace; a refusal that names a cause is counted under it."""

    host = PLAN.url
    wait_time = constant_pacing(PLAN.pace_s)
    ssl_context_factory = staticmethod(lambda: PLAIN)

    def on_start(self) -> None:
        """Become somebody."""
        member = _next(self.environment)
        self._key = Keypair.from_seed(bytes.fromhex(member.seed))
        self._owner = str(self._key.pubkey())
        self._headers = {"authorization": f"Bearer {member.token}"}
        self._chance = random.Random(member.seed)
        self._held: list[tuple[str, int, int, int]] = []

    @task(3)
    def look(self) -> None:
        """A market, or the whole list."""
        market = self._chance.choice(PLAN.markets)
        self._get(f"/v1/markets/{market}", "/v1/markets/ID")

    @task(2)
    def quote(self) -> None:
        """What a purchase would cost."""
        market = self._chance.choice(PLAN.markets)
        query = f"side=buy&outcome={self._chance.randint(0, 1)}&shares={self._chance.randint(1, LARGEST)}"
        self._get(f"/v1/markets/{market}/quote?{query}", "/v1/markets/ID/quote")

    @task(2)
    def purchase(self) -> None:
        """Buy, half of the time on credit."""
        side: schemas.SideName = self._chance.choice(("buy", "open"))
        market, outcome = self._chance.choice(PLAN.markets), self._chance.randint(0, 1)
        shares = self._chance.randint(2, LARGEST)
        leverage = str(self._chance.randint(1, 50)) if side == "open" else "1"
        if self._trade(side, market, outcome, shares, leverage):
            self._held.append((side, market, outcome, shares))

    @task(1)
    def sale(self) -> None:
        """Give half of something back."""
        if not self._held:
            self.purchase()
            return
        side, market, outcome, shares = self._held.pop(self._chance.randrange(len(self._held)))
        self._trade("sell" if side == "buy" else "close", market, outcome, max(1, shares // 2), "1")

    def _get(self, path: str, name: str) -> None:
        with self.client.get(path, headers=self._headers, name=name, catch_response=True) as response:
            self._judge(response)

    def _trade(self, side: schemas.SideName, market: int, outcome: int, shares: int, leverage: str) -> bool:
        """Build, look at what the server built, sign, post; whether it landed."""
        # others trade as well: half a point is less than they move the price in a second
        wanted = schemas.BuildRequest(
            self._owner, market, side, outcome, str(shares), None, leverage, slippage_bps=1_000
        )
        built = self._post("/v1/orders/build", wanted)
        if built is None:
            return False
        try:
            text = sign(msgspec.json.decode(built, type=schemas.Built), wanted, self._key)
        except BreakwaterError as error:
            refused(self.environment, "program", str(error))
            return False
        return self._post("/v1/orders", schemas.OrderRequest(text, wait=True)) is not None

    def _post(self, path: str, body: msgspec.Struct) -> bytes | None:
        headers = self._headers | {"content-type": "application/json"}
        data = msgspec.json.encode(body).decode()
        with self.client.post(path, data=data, headers=headers, catch_response=True) as response:
            return response.content if self._judge(response) else None

    def _judge(self, response: Any) -> bool:
        """Whether it succeeded; if not, it is counted under its cause."""
        if 200 <= response.status_code < 300:
            response.success()
            return True
        cause, name = _cause(response)
        refused(self.environment, cause, name)
        response.failure(f"{cause}: {name}")
        return False


def _cause(response: Any) -> tuple[str, str]:
    """Cause and name of a refusal."""
    if not response.status_code:
        return "RPC", "the API did not answer"
    try:
        fault = msgspec.json.decode(response.content or b"", type=schemas.ErrorBody).error
    except msgspec.DecodeError:
        return "RPC", f"HTTP {response.status_code}"
    if response.status_code == 429:
        return "rate limit", fault.name
    named = {"BlockhashExpired": "blockhash", "InsufficientFunds": "funds", "InsufficientBalance": "funds"}
    if fault.name in named:
        return named[fault.name], fault.name
    return ("RPC" if fault.kind == "retryable" else "program"), fault.name
