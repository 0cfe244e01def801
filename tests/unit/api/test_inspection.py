"""The client signs what it asked for, and nothing else a server may build."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec
import pytest
from solders.compute_budget import request_heap_frame, set_compute_unit_limit, set_compute_unit_price
from solders.hash import Hash
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.message import Message
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.system_program import TransferParams, transfer
from solders.transaction import VersionedTransaction

from breakwater.api import sign
from breakwater.api.schemas import BuildRequest, Built, Quote
from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.errors import InvalidInput

KEY, OTHER = Keypair.from_seed(b"k" * 32), Keypair.from_seed(b"o" * 32)
OWNER = KEY.pubkey()
WANTED = BuildRequest(str(OWNER), 1, "buy", 0, "5", None, "1", 100)
QUOTE = Quote(
    market=1,
    side="buy",
    outcome=0,
    shares="5.000000",
    leverage=1.0,
    exact=True,
    notional="2.500000",
    fee="0.000000",
    amount="2.500000",
    loan="0.000000",
    premium="0.000000",
    shortfall="0.000000",
    limit="2.525000",
    debt_after="0.000000",
    average_price=0.5,
    price_before=0.5,
    price_after=0.5,
    price_impact=0.0,
    slippage=0.0,
    leverage_cap=50.0,
    underwater_price=None,
    balance_after=None,
)
BUY = ix.buy(OWNER, 1, 0, 5_000_000, 2_525_000)
PAY = transfer(TransferParams(from_pubkey=OWNER, to_pubkey=OTHER.pubkey(), lamports=1))


@dataclass
class Server:
    """What a server would answer."""

    instructions: list[Instruction] = field(default_factory=lambda: [set_compute_unit_limit(9), BUY])
    payer: Pubkey = OWNER
    quote: Quote = QUOTE

    def built(self) -> Built:
        message = Message.new_with_blockhash(self.instructions, self.payer, Hash.default())
        empty = [Signature.default()] * message.header.num_required_signatures
        raw = base64.b64encode(bytes(VersionedTransaction.populate(message, empty))).decode()
        return Built(raw, str(Hash.default()), 1, False, self.quote)


def test_the_order_as_asked_for_is_signed() -> None:
    spot = ix.create_position(OWNER, 1, 0, ix.SPOT)
    for more in ([], [spot], [set_compute_unit_price(1_000), spot]):
        raw = base64.b64decode(sign(Server([set_compute_unit_limit(9), *more, BUY]).built(), WANTED, KEY))
        assert VersionedTransaction.from_bytes(raw).verify_with_results() == [True]


def test_an_open_is_signed_whatever_its_feed() -> None:
    wanted = msgspec.structs.replace(WANTED, side="open", leverage="2.5")
    quote = msgspec.structs.replace(QUOTE, side="open", leverage=2.5)
    order = ix.open_leveraged(OWNER, 1, at.feed("x"), 0, 5_000_000, 250, 2_525_000)
    assert sign(Server([order], quote=quote).built(), wanted, KEY)
    with pytest.raises(InvalidInput, match="it is not the order"):
        sign(Server([order], quote=quote).built(), msgspec.structs.replace(wanted, leverage="2"), KEY)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda s: s.instructions.append(PAY), "it is not the order"),
        (lambda s: s.instructions.append(BUY), "it is not the order"),
        (lambda s: s.instructions.clear(), "it is not the order"),
        (lambda s: s.instructions.__setitem__(1, PAY), "it is not the order"),
        (lambda s: s.instructions.__setitem__(1, ix.buy(OWNER, 1, 0, 5_000_000, 2_525_001)), "not the order"),
        (lambda s: s.instructions.__setitem__(1, ix.buy(OWNER, 1, 1, 5_000_000, 2_525_000)), "not the order"),
        (lambda s: s.instructions.__setitem__(1, ix.sell(OWNER, 1, 0, 5_000_000, 0)), "not the order"),
        (
            lambda s: s.instructions.insert(0, ix.create_position(OWNER, 2, 0, ix.SPOT)),
            "it is not the order that its quote describes",
        ),
        (lambda s: s.instructions.insert(0, request_heap_frame(65_536)), "compute budget is more than"),
        (lambda s: s.instructions.insert(0, set_compute_unit_price(10**9)), "pays too much per compute unit"),
        (lambda s: setattr(s, "payer", OTHER.pubkey()), "other signatures than the owner's"),
        (
            lambda s: setattr(s, "quote", msgspec.structs.replace(QUOTE, limit="2.600000")),
            "its quote is for another order",
        ),
        (
            lambda s: setattr(s, "quote", msgspec.structs.replace(QUOTE, shares="6.000000")),
            "its quote is for another order",
        ),
        (
            lambda s: setattr(s, "quote", msgspec.structs.replace(QUOTE, market=2)),
            "its quote is for another order",
        ),
    ],
)
def test_anything_else_is_not_signed(change: Callable[[Server], object], sentence: str) -> None:
    server = Server()
    change(server)
    with pytest.raises(InvalidInput, match=f"^Do not sign this transaction: .*{sentence}"):
        sign(server.built(), WANTED, KEY)


def test_a_sum_is_not_exceeded() -> None:
    wanted = msgspec.structs.replace(WANTED, shares=None, spend="2.499999")
    with pytest.raises(InvalidInput, match="its quote is for another order"):
        sign(Server().built(), wanted, KEY)
    assert sign(Server().built(), msgspec.structs.replace(wanted, spend="2.5"), KEY)
