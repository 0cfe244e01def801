"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

EngineOption = Annotated[
    str | None,
    typer.Option(
        "--engine",
        metavar="URL|local|devnet",
        help="Which chain; by default BREAKWATER_RPC_URL, else the running sandbox (local).",
        show_default=False,
    ),
]
KeypairOption = Annotated[
    Path | None,
    typer.Option(
        "--keypair",
        metavar="FILE",
        help="Who signs; by default the sandbox's own key there, else BREAKWATER_KEYPAIR.",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON; amounts in units, as strings.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
MarketArgument = Annotated[int, typer.Argument(min=0, metavar="MARKET", help="The market's number.")]
OutcomeArgument = Annotated[
    str,
    typer.Argument(metavar="OUTCOME", help="Its number; with two outcomes also yes or no, above or below."),
]
SlippageOption = Annotated[
    int,
    typer.Option(
        "--slippage", min=0, max=10_000, metavar="BPS", help="How far the amount may move against you."
    ),
]
