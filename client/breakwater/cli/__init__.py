"""The command line: one file a command, without logic; `_app` finds them and maps errors."""

from ._app import main

__all__ = ["main"]
