"""The genesis file: typed, strict, and with the launch's value for everything that it leaves out.

`breakwater genesis --print-defaults` writes one with every name in it. `ppm` are parts per million, amounts
of MMT billionths, addresses base58. What the programs would refuse is refused here, before anything is paid.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from solders.pubkey import Pubkey

from breakwater.chain import mmt_mint
from breakwater.chain.bootstrap_instructions import BootstrapRules
from breakwater.chain.mmt_instructions import MmtRules
from breakwater.chain.terms import Rules
from breakwater.errors import InvalidInput

from .limits import checked_bootstrap, checked_mmt, checked_pool, checked_rules

__all__ = ["Charter", "FeedTerms", "Keys", "Start", "TokenTerms"]

STRICT = ConfigDict(extra="forbid", frozen=True)


def _address(text: str) -> str:
    try:
        return str(Pubkey.from_string(text))
    except ValueError:
        raise ValueError("this is no base58 address") from None


def _feed_name(text: str) -> str:
    if len(text.encode()) > 32:
        raise ValueError("a feed's name has at most 32 bytes")
    if not text.isprintable():
        raise ValueError("a feed's name has printable characters only")
    return text


Address = Annotated[str, AfterValidator(_address)]


class Start(BaseModel):
    """What the exchange begins with. The programs allow nothing else, and the file says so."""

    model_config = STRICT

    coverage: Literal[0] = 0
    vault: Literal[0] = 0


class TokenTerms(BaseModel):
    """MMT itself, in whole tokens and slots; all of it is built into the program."""

    model_config = STRICT

    supply: Literal[100_000_000] = 100_000_000
    sunk: Literal[90_000_000] = 90_000_000
    decimals: Literal[9] = 9
    season_slots: Literal[38_880_000] = 38_880_000


class FeedTerms(BaseModel):
    """A feed in units of `10 ** exponent`, and who may touch it; a key that is None is not asked about."""

    model_config = STRICT

    name: Annotated[str, Field(min_length=1), AfterValidator(_feed_name)]
    exponent: int = Field(default=-2, ge=-18, le=18)
    max_age_s: int = Field(default=30, ge=1, lt=2**32)
    publisher: Address | None = None
    authority: Address | None = None


class Keys(BaseModel):
    """Addresses; None allows any, and a power that is allowed is still listed.

    `collateral_fixed`: nobody may mint or freeze the collateral.
    """

    model_config = STRICT

    operator: Address | None = None
    collateral_mint: Address | None = None
    collateral_fixed: bool = False
    mmt_mint: Address | None = None


class Charter(BaseModel):
    """Everything an exchange is launched with, and held to afterwards."""

    model_config = STRICT

    start: Start = Field(default_factory=Start)
    rules: Annotated[Rules, AfterValidator(checked_rules)] = Field(default_factory=Rules)
    token: TokenTerms = Field(default_factory=TokenTerms)
    mmt: Annotated[MmtRules, AfterValidator(checked_mmt)] = Field(default_factory=MmtRules)
    bootstrap: Annotated[BootstrapRules, AfterValidator(checked_bootstrap)] = Field(
        default_factory=BootstrapRules
    )
    keys: Keys = Field(default_factory=Keys)
    feeds: tuple[FeedTerms, ...] = ()

    @model_validator(mode="after")
    def _fits_the_pool(self) -> Charter:
        checked_pool(self.mmt, self.bootstrap)
        return self

    @classmethod
    def read(cls, file: Path | None) -> Charter:
        """Read a file of TOML, or the signed summary of a genesis; None is the defaults.

        Raises:
            InvalidInput: it is absent, of another kind, or holds something that is not allowed.
        """
        if file is None:
            return cls()
        try:
            return cls.model_validate(_parsed(file, file.read_bytes().decode()))
        except FileNotFoundError:
            raise InvalidInput(f"Name a file that exists, not {file}.") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise InvalidInput(f"Correct {file}: it is no TOML ({error}).") from None
        except (json.JSONDecodeError, KeyError, TypeError):
            raise InvalidInput(f"Name a summary that breakwater genesis has signed, not {file}.") from None
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(each) for each in first["loc"]) or "the numbers"
            what = first["msg"].removeprefix("Value error, ")
            raise InvalidInput(f"Correct {where} in {file}: {what}.") from None

    def resolved(self, payer: Pubkey) -> Charter:
        """The same with every key named, as `payer` launches it: what was left open is the payer's."""
        operator = self.keys.operator or str(payer)
        mmt = self.keys.mmt_mint or str(mmt_mint.address(payer))
        feeds = [
            each.model_copy(
                update={
                    "publisher": each.publisher or operator,
                    "authority": each.authority or str(payer),
                }
            )
            for each in self.feeds
        ]
        keys = self.keys.model_copy(update={"operator": operator, "mmt_mint": mmt})
        return self.model_copy(update={"keys": keys, "feeds": tuple(feeds)})

    def digest(self) -> str:
        """Hexadecimal SHA-256 of the values, however they were written."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def _parsed(file: Path, text: str) -> Any:
    return json.loads(text)["statement"]["charter"] if file.suffix == ".json" else tomllib.loads(text)
