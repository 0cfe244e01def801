"""Options that several commands share."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Concatenate, ParamSpec

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
NodeOption = Annotated[
    str | None,
    typer.Option(
        "--engine",
        "--url",
        metavar="URL|local|devnet",
        help="Which chain; by default BREAKWATER_RPC_URL, else the running sandbox (local).",
        show_default=False,
    ),
]
HostOption = Annotated[str, typer.Option("--host", help="IP address to listen at.")]
PortOption = Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")]
RemoteOption = Annotated[
    bool, typer.Option("--allow-remote", help="Listen for other machines; needs --token-file and --name.")
]
NamesOption = Annotated[
    list[str] | None,
    typer.Option("--name", help="A host name that the server may be called by; may be given again."),
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


@dataclass(frozen=True, slots=True)
class Common:
    """What a command that talks to a chain was told besides its own arguments."""

    engine: str | None
    keypair: Path | None
    yes: bool
    as_json: bool


Own = ParamSpec("Own")
NAMES = ("engine", "keypair", "yes", "as_json")


def common(command: Callable[Concatenate[Common, Own], None]) -> Callable[..., None]:
    """Give a command --engine, --keypair and --json behind its own arguments, as its first one."""
    return _with(command, asks=False)


def asking(command: Callable[Concatenate[Common, Own], None]) -> Callable[..., None]:
    """The same, and --yes: for a command that asks before it sends."""
    return _with(command, asks=True)


def _with(command: Callable[Concatenate[Common, Own], None], *, asks: bool) -> Callable[..., None]:
    shared = {"engine": EngineOption, "keypair": KeypairOption, "yes": YesOption, "as_json": JsonOption}
    if not asks:
        del shared["yes"]
    only = inspect.Parameter.KEYWORD_ONLY
    own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]
    parameters = [each.replace(kind=only) for each in own]
    for name, annotation in shared.items():
        default = None if name in ("engine", "keypair") else False
        parameters.append(inspect.Parameter(name, only, default=default, annotation=annotation))

    def run(**given: Any) -> None:
        told = Common(*(given.pop(name, False) for name in NAMES))
        command(told, **given)  # type: ignore[call-arg]

    run.__name__, run.__doc__ = command.__name__, command.__doc__
    # what Typer reads a command's parameters from
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    return run
