"""Assembles the commands and decides how each ends: standard output is the result, everything else is not.

A module of this package whose name has no leading underscore is a command. It defines either `app`, a
`typer.Typer` with commands of its own, or a function of the module's name (a trailing underscore does not
count). Its service is imported inside that function, so that `breakwater --help` stays quick.

Exit status: 0 done, 1 the answer is no, 2 bad input or a failure explained in one sentence, 130 interrupted.
"""

from __future__ import annotations

import errno
import importlib
import os
import pkgutil
import sys
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer

from .. import __version__
from ..errors import BreakwaterError


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"breakwater {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Launch, drive, watch and break an immutable prediction-market exchange on Solana."""


def make_app() -> typer.Typer:
    """The application with every command of this package."""
    app = typer.Typer(
        name="breakwater",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    package = importlib.import_module(__package__)
    for found in sorted(pkgutil.iter_modules(package.__path__), key=lambda module: module.name):
        if found.name.startswith("_"):
            continue
        module = importlib.import_module(f"{__package__}.{found.name}")
        name = found.name.rstrip("_").replace("_", "-")
        if isinstance(getattr(module, "app", None), typer.Typer):
            app.add_typer(module.app, name=name)
        else:
            app.command(name)(getattr(module, found.name))
    return app


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command and exit with its status.

    Args:
        arguments: the command and its arguments; None takes the process's own.
    """
    try:
        status = _run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        status = _reader_left()
    sys.exit(status)


def _run(arguments: Sequence[str] | None) -> int:
    try:
        result = make_app()(arguments, prog_name="breakwater", standalone_mode=False)
    except typer.TyperException as error:
        message = error.format_message()
        if not message:  # no arguments: typer has shown the help already
            return error.exit_code
        return _explain(f"{message.rstrip('.')}. Try breakwater --help.", error.exit_code)
    except (typer.Abort, KeyboardInterrupt):
        return _interrupted()
    except BreakwaterError as error:
        return _explain(str(error))
    except BrokenPipeError:
        raise
    except OSError as error:
        return _explain(_os_error(error))
    status = result if isinstance(result, int) else 0
    return _interrupted() if status == 130 else status


def _explain(sentence: str, status: int = 2) -> int:
    print(f"breakwater: {' '.join(sentence.split())}", file=sys.stderr)
    return status


def _interrupted() -> int:
    print("\nbreakwater: interrupted.", file=sys.stderr)
    return 130


def _os_error(error: OSError) -> str:
    if error.errno is None or error.strerror is None:
        return str(error) or type(error).__name__
    what = error.strerror
    if error.errno == errno.ENOENT:
        what = "no such file, directory or program"
    where = " and ".join(str(name) for name in (error.filename, error.filename2) if name is not None)
    return f"{where}: {what}." if where else f"{what}."


def _reader_left() -> int:
    # what is still buffered has nowhere to go, and the interpreter must not complain about it on exit
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1
