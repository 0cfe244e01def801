"""What an exchange has to be, from a file: the rules it was launched with, and who may hold a power.

Every part has a default, so that no file at all asks for the rules of the launch. ::

    [rules]                     # as `breakwater.chain.instructions.Rules`
    fee_base_ppm = 300
    fee_slope_ppm = 2500

    [keys]                      # base58; what is left out may be anything, and is listed as a power
    operator = "..."
    collateral_mint = "..."
    collateral_fixed = true     # nobody may mint or freeze it any more
    mmt_mint = "..."

    [[feeds]]
    name = "BTC/USD"
    publisher = "..."
    authority = "..."
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from solders.pubkey import Pubkey

from breakwater.chain.instructions import Rules
from breakwater.errors import InvalidInput

__all__ = ["Expected", "ExpectedFeed", "ExpectedKeys"]


def _address(text: str) -> str:
    try:
        return str(Pubkey.from_string(text))
    except ValueError:
        raise ValueError("this is no base58 address") from None


Address = Annotated[str, AfterValidator(_address)]


class ExpectedFeed(BaseModel):
    """A feed and who may touch it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=32)
    publisher: Address | None = None
    authority: Address | None = None


class ExpectedKeys(BaseModel):
    """Addresses; None allows any, and a power that is allowed is still listed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    operator: Address | None = None
    collateral_mint: Address | None = None
    collateral_fixed: bool = False
    mmt_mint: Address | None = None
    mmt_supply: int = 100_000_000 * 10**9


class Expected(BaseModel):
    """Everything `verify` compares the chain with, beside the manifest."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rules: Rules = Field(default_factory=Rules)
    keys: ExpectedKeys = Field(default_factory=ExpectedKeys)
    feeds: tuple[ExpectedFeed, ...] = ()

    @classmethod
    def read(cls, file: Path | None) -> Expected:
        """Read a file; None is the defaults.

        Raises:
            InvalidInput: it is absent, no TOML, or holds something that is not expected.
        """
        if file is None:
            return cls()
        try:
            return cls.model_validate(tomllib.loads(file.read_text()))
        except FileNotFoundError:
            raise InvalidInput(f"Name a file that exists, not {file}.") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise InvalidInput(f"Correct {file}: it is no TOML ({error}).") from None
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(each) for each in first["loc"])
            raise InvalidInput(f"Correct {where} in {file}: {first['msg']}.") from None
