"""`breakwater cascade` as it is typed: scenarios, models, verdicts, live feeds, a page and a worker."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from breakwater.cascade import Event, Exchange, Kind, Producer, RedisServer, Side
from breakwater.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START = 1_750_000_000_000
COMMAND = (sys.executable, "-c", "from breakwater.cli import main; main()", "cascade")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit status, standard output, standard error."""
    with pytest.raises(SystemExit) as ended:
        main(["cascade", *arguments])
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


@contextmanager
def started(ended_by: signal.Signals, *arguments: str) -> Iterator[Any]:
    """The first line that it says, as JSON; ended by the signal, and without a complaint, at the end."""
    environment = {**os.environ, "PYTHONPATH": ":".join(sys.path)}
    process = subprocess.Popen([*COMMAND, *arguments], env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout:
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.send_signal(ended_by)
            status = process.wait(30)
    assert status == (130 if ended_by is signal.SIGINT else 0)


def burst(first_ms: int) -> list[Event]:
    """Two seconds in which somebody is liquidated every four milliseconds."""
    return [
        Event(
            first_ms + 4 * i, Exchange(i % 4), "BTC", Kind.LIQUIDATION, Side.SELL, 2 * 10**11,
            100 - i / 1e3, i + 1,
        )
        for i in range(500)
    ]  # fmt: skip


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    file = tmp_path / "burst.jsonl"
    file.write_text("".join(f"{json.dumps(each)}\n" for each in ({}, *burst(START))))
    return file


@pytest.mark.parametrize("kind", ["edge", "flash-crash"])
def test_what_is_generated_can_be_replayed_to_the_last_event(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "scenario.jsonl.gz"
    seconds = ("--seconds", "60") if kind == "flash-crash" else ()
    status, out, _ = run(capsys, "generate", kind, "-o", str(file), "--seed", "3", *seconds, "--json")
    label = json.loads(out)
    first, *rows = gzip.decompress(file.read_bytes()).splitlines()
    assert (status, json.loads(first), len(rows)) == (0, label, label["events"])
    # numbers that JSON has not, and exchanges that are none
    assert (label["left_out"] > 0) == (kind == "edge")
    status, out, _ = run(capsys, "replay", str(file), "--json")
    found = json.loads(out)
    assert status == 0
    assert found["parsed"] == found["frames"] == found["events"] == label["events"]
    assert found["counted"] + found["duplicates"] + found["dropped"] == label["events"]
    assert (found["duplicates"] > 900) == (kind == "edge")


def test_a_replay_shows_counts_signals_and_reasons(capture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "replay", str(capture))
    lines = out.splitlines()
    assert status == 0
    assert "events: 500 frames, 500 events" in " ".join(out.split())
    (raised,) = (line for line in lines if "-> critical" in line)
    assert raised.startswith("15:06:4")
    assert " BTC: " in raised
    assert "velocity" in raised
    _, out, _ = run(capsys, "replay", str(capture), "--json")
    found = json.loads(out)
    count = sum(" -> " in line for line in lines)
    assert len(found["signals"]) == count
    risk = found["greatest_risk"]["BTC"]
    assert lines[-1] == f"{count} signals; greatest risk of 100: BTC {risk:.2f}"
    assert [each["level"] for each in found["signals"]][-1] == "calm"


def test_a_refused_frame_is_counted_and_ends_with_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "frames.txt"
    file.write_text('wss://stream.bybit.com/v5/public/linear\n1.0: {"op":\n1.1: {"op":"pong"}\n')
    status, out, _ = run(capsys, "replay", str(file))
    assert status == 1
    assert "frames: 2 frames, 0 events" in " ".join(out.split())
    assert "refused: " in out
    assert "0 signals; greatest risk of 100: none" in out


def test_a_model_is_trained_and_judged_and_one_that_is_deaf_ends_with_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "model.json"
    status, out, err = run(capsys, "train", "--seeds", "0:20", "-o", str(file), "--json")
    assert (status, err.count("breakwater:")) == (0, 0), err
    told = json.loads(out)
    model = json.loads(file.read_text())
    assert told["output"] == str(file)
    assert told["trained_on"] == model["trained_on"]
    assert told["trained_on"]["seeds"] == "0:20"
    arguments = ("evaluate", "--seeds", "20:22", "--condition", "noise", "--model", str(file))
    status, out, err = run(capsys, *arguments, "--json")
    found = json.loads(out)
    assert found["conditions"].keys() == {"clean", "noise"}
    assert (found["cascades"], found["steady_hours"]) == (6, 8)
    missed = [line for line in err.splitlines() if line.startswith("breakwater: ")]
    assert status == (1 if found["recall"] < 0.95 or found["false_positive_rate"] > 0.02 else 0)
    assert status == bool(missed)
    model["bias"] = -1e6
    file.write_text(json.dumps(model))
    status, out, err = run(capsys, *arguments)
    assert status == 1
    assert err.endswith("breakwater: Recall is 0.0%, the target is 95%.\n")
    rows = [line.split("│") for line in out.splitlines() if line.startswith("│")]
    clean = next(row for row in rows if row[1].strip() == "clean")
    assert clean[2].strip().startswith("0.0% (0.0%")
    assert clean[4].strip() == ""  # nothing has a lead


def test_watch_follows_a_feed_and_says_every_signal(capsys: pytest.CaptureFixture[str]) -> None:
    asked: list[Any] = []

    def feed(socket: ServerConnection) -> None:
        """A liquidation every four milliseconds for as long as somebody listens."""
        asked.append(json.loads(socket.recv()))
        with suppress(ConnectionClosed):
            for i in range(10_000):
                at = time.time_ns() // 10**6
                order = {"s": "BTCUSDT", "S": "SELL", "p": "100", "ap": "100", "q": f"{2_000 + i}", "T": at}
                event = {"e": "forceOrder", "E": at, "o": {**order, "z": order["q"]}}
                socket.send(json.dumps({"stream": "btcusdt@forceOrder", "data": event}))
                time.sleep(0.004)

    with serve(feed, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"binance=ws://127.0.0.1:{server.socket.getsockname()[1]}"
        arguments = ("--exchange", "binance", "--symbol", "btc", "--url", url, "--seconds", "4")
        status, out, _ = run(capsys, "watch", *arguments, "--json")
        server.shutdown()
    assert status == 0
    assert asked[0]["params"][0] == "btcusdt@forceOrder"
    signals = [json.loads(line) for line in out.splitlines()]
    assert {each["symbol"] for each in signals} == {"BTC"}
    assert signals[0]["before"] == "calm"


def test_a_capture_is_served_to_who_has_the_token(capture: Path, tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text("a token of the tests\n")
    tokens.chmod(0o600)
    serving = started(
        *(signal.SIGINT, "serve", "--replay", str(capture), "--port", "0", "--token-file", str(tokens)),
        *("--speed", "1000", "--json"),
    )
    with serving as where, httpx.Client(base_url=where["url"], trust_env=False) as client:
        assert where["token_file"] == str(tokens)
        assert client.get("/v1/view").status_code == 401
        bearer = {"authorization": "Bearer a token of the tests"}
        began, text = time.monotonic(), ""
        while "BTC" not in text and time.monotonic() - began < 30:
            text = client.get("/v1/view", headers=bearer).raise_for_status().text
        assert "BTC" in text


def test_a_worker_says_its_signals_and_ends_cleanly_when_told(tmp_path: Path) -> None:
    with RedisServer(tmp_path / "redis") as server:
        producer = Producer(server.url)
        producer.send(burst(START))
        producer.send([Event(START + 60_000, Exchange.OKX, "BTC", Kind.TRADE, Side.BUY, 10**6, 100.0, 9_999)])
        with started(signal.SIGTERM, "work", "--redis", server.url, "--name", "one", "--json") as said:
            assert (said["symbol"], said["before"]) == ("BTC", "calm")
        producer.close()


NONE = "/nowhere/at/all"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("generate", "boom", "-o", "x"),
         "Name one of steady, cascade, multi-exchange, flash-crash, edge, stress, "
         "not 'boom'."),
        (("generate", "edge", "-o", NONE), f"{NONE}: no such file, directory or program."),
        (("generate", "edge", "-o", "x", "--seed", str(2**63)),
         "Choose a seed from 0 to 9223372036854775807, not "
         "9223372036854775808."),
        (("train", "--seeds", "0:20", "-o", NONE), f"Name a file in an existing directory for the model, "
         f"not {NONE}."),
        (("train", "--seeds", "0:19", "-o", "x"), "Give at least 20 seeds to learn from, not 0:19."),
        (("evaluate", "--seeds", "5:5"), "Give seeds as A:B with A below B, such as 0:100, not '5:5'."),
        (("evaluate", "--seeds", "0:1", "--condition", "fog"),
         "Name conditions among clean, noise, missing, delayed, "
         "doubled, not 'fog'."),
        (("evaluate", "--seeds", "2147483648:2147483649"),
         "Give seeds as A:B with A below B, such as 0:100, not "
         "'2147483648:2147483649'."),
        (("replay", NONE), f"Name a capture: {NONE} cannot be read (No such file or directory)."),
        (("watch", "--act"), "Add --engine: --act acts on our own exchange."),
        (("watch", "--exchange", "nyse"), "Name binance, bybit, okx or hyperliquid, not 'nyse'."),
        (("watch", "--exchange", "breakwater"),
         "Name binance, bybit, okx or hyperliquid; --engine watches our own "
         "chain."),
        (("watch", "--url", "okx"), "Give --url as EXCHANGE=wss://..., not 'okx'."),
        (("watch", "--url", "okx=ws://127.0.0.1:99999"), "Give --url as EXCHANGE=wss://..., not "
         "'okx=ws://127.0.0.1:99999'."),
        (("watch", "--url", "okx=wss://"), "Give --url as EXCHANGE=wss://..., not 'okx=wss://'."),
        (("watch", "--redis", "here"), "Give --redis as redis://[:PASSWORD@]HOST:PORT/DB or unix://PATH."),
        (("work", "--redis", "here"), "Give --redis as redis://[:PASSWORD@]HOST:PORT/DB or unix://PATH."),
        (("serve", "--allow-remote"), "Add --token-file: other machines need a token that you chose."),
    ],
)  # fmt: skip
def test_bad_input_is_one_sentence(
    arguments: tuple[str, ...], sentence: str, capsys: pytest.CaptureFixture[str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert run(capsys, *arguments) == (2, "", f"breakwater: {sentence}\n")


def test_the_dashboard_is_printed_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "serve", "--print-grafana")
    assert status == 0
    assert json.loads(out)["panels"]
