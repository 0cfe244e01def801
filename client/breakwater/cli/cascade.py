"""`breakwater cascade`: see liquidation cascades coming."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="See liquidation cascades coming.")

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
ModelFile = Annotated[
    Path | None,
    typer.Option("--model", metavar="FILE", help="By default the shipped one.", show_default=False),
]
Exchanges = Annotated[
    list[str] | None,
    typer.Option(
        "--exchange", help="binance, bybit, okx, hyperliquid; may be given again.", show_default="all"
    ),
]
Symbols = Annotated[
    list[str] | None, typer.Option("--symbol", help="Asset, such as BTC; may be given again.")
]
Urls = Annotated[
    list[str] | None,
    typer.Option("--url", metavar="EXCHANGE=URL", help="Another address of an exchange; may be given again."),
]
EngineName = Annotated[
    str | None, typer.Option("--engine", metavar="URL|local|devnet", help="Watch our own exchange there too.")
]
Act = Annotated[
    bool,
    typer.Option(
        "--act", help="On a warning spread halts, fold, and post tasks for loans that are due; see docs."
    ),
]
Keys = Annotated[Path | None, typer.Option("--keypair", metavar="FILE", help="Who signs what --act sends.")]
RedisUrl = Annotated[
    str | None,
    typer.Option(
        "--redis", metavar="URL", envvar="BREAKWATER_REDIS_URL", help="Write every event to its Streams too."
    ),
]
Sinks = Annotated[
    Path | None,
    typer.Option("--alerts", metavar="FILE", help="TOML with the monitor's [[sinks]]; by default none."),
]
Seconds = Annotated[float | None, typer.Option(min=0.1, help="Stop after so long.")]


@app.command()
def watch(
    exchange: Exchanges = None,
    symbol: Symbols = None,
    url: Urls = None,
    engine: EngineName = None,
    act: Act = False,
    keypair: Keys = None,
    redis: RedisUrl = None,
    alerts: Sinks = None,
    model: ModelFile = None,
    seconds: Seconds = None,
    as_json: Json = False,
) -> None:
    """Follow exchanges, and our own, until Ctrl-C; a line for every signal."""
    from . import _cascade_view as view

    wanted = view.Wanted(exchange, symbol, url, engine, act, keypair, redis, alerts, model, seconds)
    view.run_watch(wanted, as_json=as_json)


@app.command()
def serve(
    exchange: Exchanges = None,
    symbol: Symbols = None,
    url: Urls = None,
    engine: EngineName = None,
    act: Act = False,
    keypair: Keys = None,
    redis: RedisUrl = None,
    alerts: Sinks = None,
    model: ModelFile = None,
    seconds: Seconds = None,
    recording: Annotated[
        Path | None, typer.Option("--replay", metavar="FILE", help="Show a capture instead of live feeds.")
    ] = None,
    speed: Annotated[float, typer.Option(min=0.01, help="How many times as fast to play it.")] = 1.0,
    host: Annotated[str, typer.Option(help="IP address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8091,
    token_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Tokens, one a line; by default one is made in the cache."),
    ] = None,
    allow_remote: Annotated[
        bool, typer.Option("--allow-remote", help="Listen for other machines; needs --token-file and --name.")
    ] = False,
    name: Annotated[list[str] | None, typer.Option(help="A host name that it may be called by.")] = None,
    print_grafana: Annotated[
        bool, typer.Option("--print-grafana", help="Print the Grafana dashboard.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Say in JSON where it listens.")] = False,
) -> None:
    """The same with a live page and /metrics."""
    from .. import cascade
    from ..errors import InvalidInput
    from . import _cascade_view as view

    if print_grafana:
        typer.echo(cascade.dashboard_text())
        return
    if allow_remote and token_file is None:
        raise InvalidInput("Add --token-file: other machines need a token that you chose.")
    wanted = view.Wanted(exchange, symbol, url, engine, act, keypair, redis, alerts, model, seconds)
    names = frozenset(name or ()) if allow_remote else None
    page = view.Page(host, port, token_file, names, recording, speed)
    view.run_serve(wanted, page, as_json=as_json)


@app.command()
def replay(
    capture: Annotated[
        Path, typer.Argument(help="Frames, trades, candles or generated events, also gzipped.")
    ],
    model: ModelFile = None,
    as_json: Json = False,
) -> None:
    """Put a capture through parsers and engine; exit 1 if a frame was refused."""
    from .. import cascade
    from . import _cascade_view as view

    found = cascade.replay(cascade.read_recording(capture), view.model_of(model))
    if as_json:
        typer.echo(json.dumps(found.as_dict()))
    else:
        view.print_replay(found)
    raise typer.Exit(1 if found.recording.refused else 0)


@app.command()
def generate(
    kind: Annotated[
        str, typer.Argument(help="steady, cascade, multi-exchange, flash-crash, edge or stress.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="JSON lines; .gz compresses them.")],
    seed: Annotated[int, typer.Option(min=0, help="Equal seeds give equal events.")] = 1,
    seconds: Annotated[float | None, typer.Option(min=60, max=86_400, help="How long it lasts.")] = None,
    as_json: Json = False,
) -> None:
    """Write a labelled scenario: the label in the first line, then an event a line, by arrival."""
    from . import _cascade_judge as view

    view.write_scenario(kind, seed, seconds, output, as_json=as_json)


@app.command()
def train(
    output: Annotated[Path, typer.Option("--output", "-o", help="The model file to write.")],
    seeds: Annotated[
        str | None, typer.Option(metavar="A:B", help="To learn from.", show_default="the shipped")
    ] = None,
    as_json: Json = False,
) -> None:
    """Learn weights, calibration and thresholds from generated scenarios."""
    from . import _cascade_judge as view

    view.run_train(seeds, output, as_json=as_json)


@app.command()
def evaluate(
    seeds: Annotated[
        str, typer.Option(metavar="A:B", help="From A up to, but without, B; none it has learnt from.")
    ],
    condition: Annotated[
        list[str] | None,
        typer.Option(help="noise, missing, delayed, doubled; may be given again.", show_default="all"),
    ] = None,
    model: ModelFile = None,
    as_json: Json = False,
) -> None:
    """Recall, false alarms and lead time on unseen seeds; exit 1 if a target is missed."""
    from . import _cascade_judge as view

    raise typer.Exit(view.run_evaluate(seeds, condition, model, as_json=as_json))


@app.command()
def work(
    redis: Annotated[
        str, typer.Option(metavar="URL", envvar="BREAKWATER_REDIS_URL", help="Where the Streams are.")
    ],
    name: Annotated[str, typer.Option(help="The consumer's name.", show_default="made up")] = "",
    most: Annotated[int, typer.Option(min=1, max=16, help="Partitions it takes at most.")] = 16,
    model: ModelFile = None,
    seconds: Seconds = None,
    as_json: Json = False,
) -> None:
    """Be one of the engines behind Redis: take partitions, follow their symbols, make signals known."""
    from . import _cascade_view as view

    view.run_worker(redis, name, most, model, seconds, as_json=as_json)
