"""The SPL token program on the embedded engine: accounts, transfers and named errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from solana.rpc.types import MemcmpOpts
from solders.keypair import Keypair
from solders.system_program import CreateAccountParams, create_account
from spl.token.constants import ACCOUNT_LEN, MINT_LEN, TOKEN_PROGRAM_ID
from spl.token.instructions import (
    InitializeAccountParams,
    InitializeMintParams,
    MintToParams,
    TransferCheckedParams,
    create_associated_token_account,
    get_associated_token_address,
    initialize_account,
    initialize_mint,
    mint_to,
    transfer_checked,
)

from breakwater.errors import ProgramError

if TYPE_CHECKING:
    from solders.pubkey import Pubkey

    from breakwater.chain.engine import EmbeddedEngine
    from breakwater.chain.sender import Sender


async def _mint(sender: Sender, payer: Keypair) -> Pubkey:
    mint = Keypair()
    rent = (await sender.engine.client.get_minimum_balance_for_rent_exemption(MINT_LEN)).value
    create = create_account(
        CreateAccountParams(
            from_pubkey=payer.pubkey(),
            to_pubkey=mint.pubkey(),
            lamports=rent,
            space=MINT_LEN,
            owner=TOKEN_PROGRAM_ID,
        )
    )
    initialize = initialize_mint(
        InitializeMintParams(
            decimals=6, mint=mint.pubkey(), mint_authority=payer.pubkey(), program_id=TOKEN_PROGRAM_ID
        )
    )
    await sender.send([create, initialize], [mint])
    return mint.pubkey()


async def test_tokens_are_minted_and_moved(engine: EmbeddedEngine, sender: Sender, payer: Keypair) -> None:
    mint, other = await _mint(sender, payer), Keypair().pubkey()
    source = get_associated_token_address(payer.pubkey(), mint)
    target = get_associated_token_address(other, mint)
    await sender.send(
        [
            create_associated_token_account(payer.pubkey(), payer.pubkey(), mint),
            create_associated_token_account(payer.pubkey(), other, mint),
            mint_to(
                MintToParams(
                    amount=2_500_000,
                    dest=source,
                    mint=mint,
                    mint_authority=payer.pubkey(),
                    program_id=TOKEN_PROGRAM_ID,
                )
            ),
        ]
    )

    def move(amount: int) -> TransferCheckedParams:
        return TransferCheckedParams(
            amount=amount,
            decimals=6,
            dest=target,
            mint=mint,
            owner=payer.pubkey(),
            program_id=TOKEN_PROGRAM_ID,
            source=source,
        )

    await sender.send([transfer_checked(move(500_000))])
    balance = (await engine.client.get_token_account_balance(source)).value
    assert (balance.amount, balance.ui_amount_string, balance.decimals) == ("2000000", "2", 6)

    # accounts created inside programs are found by their owner, too
    found = await engine.client.get_program_accounts(
        TOKEN_PROGRAM_ID, encoding="base64", filters=[ACCOUNT_LEN, MemcmpOpts(offset=0, bytes=str(mint))]
    )
    assert {each.pubkey for each in found.value} == {source, target}

    with pytest.raises(ProgramError) as caught:
        await sender.send([transfer_checked(move(10**9))])
    assert (caught.value.name, caught.value.code) == ("InsufficientFunds", 1)
    assert caught.value.program == str(TOKEN_PROGRAM_ID)


async def test_initialising_twice_is_named(sender: Sender, payer: Keypair) -> None:
    mint, account = await _mint(sender, payer), Keypair()
    rent = (await sender.engine.client.get_minimum_balance_for_rent_exemption(ACCOUNT_LEN)).value
    create = create_account(
        CreateAccountParams(
            from_pubkey=payer.pubkey(),
            to_pubkey=account.pubkey(),
            lamports=rent,
            space=ACCOUNT_LEN,
            owner=TOKEN_PROGRAM_ID,
        )
    )
    initialize = initialize_account(
        InitializeAccountParams(
            account=account.pubkey(), mint=mint, owner=payer.pubkey(), program_id=TOKEN_PROGRAM_ID
        )
    )
    with pytest.raises(ProgramError) as caught:
        await sender.send([create, initialize, initialize], [account])
    assert (caught.value.name, caught.value.instruction) == ("AlreadyInUse", 3)
