"""How commands end: one sentence, a status, no traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from breakwater import __version__
from breakwater.cli import _app, main
from breakwater.errors import BreakwaterError, Fatal, InvalidInput, ProgramError, RateLimited

Run = Callable[[Callable[[], object]], tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a function as the command `breakwater it`; give its status, output and errors."""

    def run(command: Callable[[], object]) -> tuple[int, str, str]:
        def make_app() -> typer.Typer:
            app = typer.Typer(pretty_exceptions_enable=False)
            app.callback()(lambda: None)
            app.command("it")(command)
            return app

        monkeypatch.setattr(_app, "make_app", make_app)
        return finish(["it"], capsys)

    return run


def finish(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert isinstance(stopped.value.code, int)
    captured = capsys.readouterr()
    return stopped.value.code, captured.out, captured.err


def raising(error: BaseException) -> Callable[[], object]:
    def command() -> None:
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (InvalidInput("Name a market."), "Name a market."),
        (Fatal("It broke."), "It broke."),
        (RateLimited("Wait a second."), "Wait a second."),
        (BreakwaterError("Two\n  lines."), "Two lines."),
        (ProgramError("Stale", 6000, "the feed is stale"), "Stale (6000): the feed is stale"),
        (
            FileNotFoundError(2, "No such file or directory", "a.csv"),
            "a.csv: no such file, directory or program.",
        ),
        (PermissionError(13, "Permission denied", "a.csv"), "a.csv: Permission denied."),
        (OSError(28, "No space left on device"), "No space left on device."),
        (OSError("odd"), "odd"),
        (TimeoutError(), "TimeoutError"),
    ],
)
def test_a_failure_is_one_sentence_and_status_2(run: Run, error: BaseException, sentence: str) -> None:
    assert run(raising(error)) == (2, "", f"breakwater: {sentence}\n")


def test_a_defect_of_ours_keeps_its_traceback(run: Run) -> None:
    with pytest.raises(ZeroDivisionError):
        run(raising(ZeroDivisionError()))


def test_an_interruption_is_status_130_and_a_line(run: Run) -> None:
    assert run(raising(KeyboardInterrupt())) == (130, "", "\nbreakwater: interrupted.\n")


@pytest.mark.parametrize("status", [0, 1, 3])
def test_a_command_chooses_its_status(run: Run, status: int) -> None:
    assert run(raising(typer.Exit(status))) == (status, "", "")


def test_a_command_that_ends_is_status_0(run: Run) -> None:
    assert run(lambda: print("done")) == (0, "done\n", "")


@pytest.mark.parametrize(
    "arguments", [["sail"], ["build", "--sail"], ["build", "--root"], ["build", "extra"]]
)
def test_wrong_arguments_are_one_line_and_status_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = finish(arguments, capsys)
    assert (status, out) == (2, "")
    assert err.startswith("breakwater: ")
    assert err.endswith("Try breakwater --help.\n")
    assert err.count("\n") == 1


def test_a_place_that_is_no_checkout_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = finish(["build", "--root", str(tmp_path)], capsys)
    assert (status, out) == (2, "")
    assert "checkout of Breakwater" in err


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert finish(["--version"], capsys) == (0, f"breakwater {__version__}\n", "")


def test_no_arguments_show_the_help_and_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = finish([], capsys)
    assert status == 2
    assert "Usage: breakwater" in out + err
    assert "breakwater: " not in err


def test_every_command_shows_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    app = _app.make_app()
    names = {command.name for command in app.registered_commands} | {
        group.name for group in app.registered_groups
    }
    assert "build" in names
    for name in names:
        assert name is not None
        status, out, _ = finish([name, "--help"], capsys)
        assert status == 0
        assert f"Usage: breakwater {name}" in out


def test_a_reader_that_leaves_early_is_no_error_to_explain() -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(
            [sys.executable, "-c", "from breakwater.cli import main; main()", "--version"],
            stdout=write,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    finally:
        os.close(write)
    assert (done.returncode, done.stderr) == (1, "")
