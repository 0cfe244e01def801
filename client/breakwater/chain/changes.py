"""Account changes as a node pushes them: `programSubscribe` over one WebSocket.

A subscription can end, stall or skip without saying so. Whoever uses it takes full snapshots besides.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from solders.pubkey import Pubkey
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from breakwater.errors import Unreachable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

__all__ = ["Change", "follow"]

OPEN_S: Final = 10.0
PING_S: Final = 10.0
LARGEST: Final = 1 << 24


@dataclass(frozen=True, slots=True)
class Change:
    """An account as of a slot; `data` is empty once it is closed."""

    address: Pubkey
    data: bytes
    slot: int


async def follow(url: str, programs: Sequence[Pubkey], commitment: str) -> AsyncIterator[Change | None]:
    """Every change of the programs' accounts until the connection ends; the item None says that it stands.

    Raises:
        Unreachable: there is no connection, or there is none any more.
    """
    try:
        async with connect(
            url,
            open_timeout=OPEN_S,
            ping_interval=PING_S,
            ping_timeout=PING_S,
            close_timeout=1,
            max_size=LARGEST,
        ) as socket:
            for number, program in enumerate(programs, start=1):
                options = {"encoding": "base64", "commitment": commitment}
                request = {
                    "jsonrpc": "2.0",
                    "id": number,
                    "method": "programSubscribe",
                    "params": [str(program), options],
                }
                await socket.send(json.dumps(request))
            waiting = set(range(1, len(programs) + 1))
            async for frame in socket:
                message = json.loads(frame)
                if "error" in message:
                    raise Unreachable(f"Use a node that pushes accounts: it answers {message['error']}.")
                if message.get("method") == "programNotification":
                    yield _change(message["params"]["result"])
                elif message.get("id") in waiting:
                    waiting.discard(message["id"])
                    if not waiting:
                        yield None
    except (TimeoutError, ConnectionClosed, InvalidHandshake, OSError) as error:
        raise Unreachable(f"Connect to the node's WebSocket again: {type(error).__name__}.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise Unreachable("Connect to the node's WebSocket again: it sends nonsense.") from error
    raise Unreachable("Connect to the node's WebSocket again: it has ended.")


def _change(result: dict[str, dict[str, object]]) -> Change:
    value = result["value"]
    account = value["account"]
    if not isinstance(account, dict):
        raise TypeError("no account")
    data = base64.b64decode(account["data"][0]) if account["lamports"] else b""
    return Change(Pubkey.from_string(str(value["pubkey"])), data, int(str(result["context"]["slot"])))
