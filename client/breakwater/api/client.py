"""The API's client: typed answers, the same limits as the server's, and keys that never leave it.

::

    async with ApiClient("http://127.0.0.1:8080", token) as api:
        done = await api.trade(key, market=1, side="buy", outcome=1, shares="10")
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from urllib.parse import quote as quoted

import httpx
import msgspec
import stamina
from solders.message import to_bytes_versioned
from solders.transaction import VersionedTransaction

from breakwater.chain._build import address_of
from breakwater.errors import (
    BlockhashExpired,
    BreakwaterError,
    Fatal,
    ProgramError,
    RateLimited,
    Retryable,
    Unreachable,
)
from breakwater.limits import back_off, market_limiter, order_limiter, retry_after

from . import schemas
from .inspection import inspect
from .transactions import parse

if TYPE_CHECKING:
    from types import TracebackType

    from solders.keypair import Keypair

    from breakwater.limits import RequestLimiter

__all__ = ["ApiClient"]

ATTEMPTS = 5
T = TypeVar("T")
Method = Literal["GET", "POST"]


class ApiClient:
    """Asks one server.

    A request that fails on the way, or that the server wants later, is repeated: reads change nothing, and
    the same signed transaction is the same order.

    Args:
        url: the server's.
        token: for orders.
        wait: for one's turn at a limit; else `RateLimited` says how long it would have been.
        timeout: seconds for one request.
        transport: another httpx transport.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        wait: bool = True,
        timeout: float = 90.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.AsyncClient(
            base_url=url, headers=headers, timeout=timeout, transport=transport, trust_env=False
        )
        self._wait = wait
        self._limits: dict[Method, RequestLimiter] = {"GET": market_limiter(), "POST": order_limiter()}

    async def __aenter__(self) -> ApiClient:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def markets(
        self,
        *,
        status: schemas.StatusName | None = None,
        feed: str | None = None,
        after: int | None = None,
        limit: int = 50,
    ) -> schemas.Markets:
        """A page of markets, by number."""
        asked = {"status": status, "feed": feed, "after": after, "limit": limit}
        return await self._get("/v1/markets", schemas.Markets, **asked)

    async def market(self, market: int) -> schemas.Market:
        """One market."""
        return await self._get(f"/v1/markets/{market}", schemas.Market)

    async def quote(
        self,
        market: int,
        side: schemas.SideName,
        outcome: int | str,
        *,
        shares: str | None = None,
        spend: str | None = None,
        leverage: str = "1",
        slippage_bps: int = 50,
        owner: str | None = None,
    ) -> schemas.Quote:
        """What a trade would do; exact for an owner who could make it."""
        asked = {"side": side, "outcome": outcome, "shares": shares, "spend": spend, "leverage": leverage}
        more = {"slippage_bps": slippage_bps, "owner": owner}
        return await self._get(f"/v1/markets/{market}/quote", schemas.Quote, **asked, **more)

    async def trader(self, owner: str) -> schemas.Trader:
        """An owner's balance, positions and value."""
        return await self._get(f"/v1/traders/{quoted(owner)}", schemas.Trader)

    async def vault(self) -> schemas.Vault:
        """The vault."""
        return await self._get("/v1/vault", schemas.Vault)

    async def feed(self, name: str) -> schemas.Feed:
        """A price feed."""
        return await self._get(f"/v1/feeds/{quoted(name)}", schemas.Feed)

    async def order(self, signature: str) -> schemas.OrderStatus:
        """Where an order stands."""
        return await self._get(f"/v1/orders/{quoted(signature)}", schemas.OrderStatus)

    async def build(self, wanted: schemas.BuildRequest) -> schemas.Built:
        """An unsigned transaction; `sign` looks at it before it signs."""
        return await self._ask("POST", "/v1/orders/build", schemas.Built, body=wanted)

    async def post(self, transaction: str, *, wait: bool = True) -> schemas.OrderStatus:
        """Send a signed transaction.

        Raises:
            ProgramError: a program refused; `name` says why.
            Retryable: it did not land, or nobody can tell: posting the same again is safe.
        """
        order = schemas.OrderRequest(transaction, wait)
        return await self._ask("POST", "/v1/orders", schemas.OrderStatus, body=order)

    async def trade(
        self,
        key: Keypair,
        *,
        market: int,
        side: schemas.SideName,
        outcome: int,
        shares: str | None = None,
        spend: str | None = None,
        leverage: str = "1",
        slippage_bps: int = 50,
        wait: bool = True,
    ) -> schemas.OrderStatus:
        """Build, look, sign and post."""
        owner = str(address_of(key))
        wanted = schemas.BuildRequest(owner, market, side, outcome, shares, spend, leverage, slippage_bps)
        return await self.post(sign(await self.build(wanted), wanted, key), wait=wait)

    async def _get(self, path: str, kind: type[T], **query: Any) -> T:
        given = {name: value for name, value in query.items() if value is not None}
        return await self._ask("GET", path, kind, query=given)

    async def _ask(
        self,
        method: Method,
        path: str,
        kind: type[T],
        *,
        query: dict[str, Any] | None = None,
        body: msgspec.Struct | None = None,
    ) -> T:
        async for attempt in stamina.retry_context(
            on=self._again, attempts=ATTEMPTS, timeout=None, wait_initial=0.2, wait_max=5.0
        ):
            with attempt:
                return await self._once(method, path, kind, query, body)
        raise AssertionError("unreachable")  # pragma: no cover

    def _again(self, error: Exception) -> bool | float:
        if isinstance(error, BlockhashExpired) or (isinstance(error, RateLimited) and not self._wait):
            return False
        return back_off(error)

    async def _once(
        self,
        method: Method,
        path: str,
        kind: type[T],
        query: dict[str, Any] | None,
        body: msgspec.Struct | None,
    ) -> T:
        limiter = self._limits[method]
        if self._wait:
            await limiter.acquire()
        else:
            limiter.take()
        content = None if body is None else msgspec.json.encode(body)
        headers = {} if body is None else {"content-type": "application/json"}
        try:
            response = await self._http.request(method, path, params=query, content=content, headers=headers)
        except httpx.HTTPError as error:
            raise Unreachable(f"Check the connection to the server: {type(error).__name__}.") from error
        try:
            if response.is_success:
                return msgspec.json.decode(response.content, type=kind)
            fault = msgspec.json.decode(response.content, type=schemas.ErrorBody).error
        except msgspec.DecodeError:
            raise Fatal(
                f"Check the server's address: HTTP {response.status_code} is no answer of ours."
            ) from None
        refusal = _error(fault, response)
        if isinstance(refusal, RateLimited) and refusal.retry_after:
            limiter.pause(refusal.retry_after)
        raise refusal


def sign(built: schemas.Built, wanted: schemas.BuildRequest, key: Keypair) -> str:
    """Sign what a server built, after having read that it is what was asked for; base64.

    Raises:
        InvalidInput: it is something else.
    """
    transaction = parse(built.transaction)
    inspect(transaction, wanted, built.quote)
    signature = key.sign_message(to_bytes_versioned(transaction.message))
    return base64.b64encode(bytes(VersionedTransaction.populate(transaction.message, [signature]))).decode()


def _error(fault: schemas.Fault, response: httpx.Response) -> BreakwaterError:
    if fault.kind == "program":
        return ProgramError(fault.name, fault.code, fault.message, signature=fault.signature)
    if fault.kind == "fatal":
        return Fatal(fault.message)
    after = fault.retry_after_s
    if after is None:
        after = retry_after(response.headers.get("retry-after"))
    if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
        return RateLimited(fault.message, retry_after=after)
    if fault.name == "BlockhashExpired":
        return BlockhashExpired(fault.message, signature=fault.signature)
    return (Unreachable if fault.name == "Unreachable" else Retryable)(fault.message, retry_after=after)
