"""The service as a unit of systemd."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from breakwater.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["unit_text"]

PLAIN: Final = re.compile(r"[\w%$@+=:,./?&-]+", re.ASCII)

UNIT = """\
[Unit]
Description=Breakwater pools: threads that deposit, withdraw and swap
Wants=network-online.target
After=network-online.target

[Service]
Type=exec
ExecStart={command}
Restart=on-failure
RestartSec=5
# a move under way ends first
TimeoutStopSec=90
KillSignal=SIGTERM
StateDirectory=breakwater-pools
UMask=0077
DynamicUser=yes
{credentials}NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
MemoryMax={memory}

[Install]
WantedBy=multi-user.target
"""


def unit_text(program: Path, arguments: Sequence[str], memory: str = "2G") -> str:
    """What belongs into `/etc/systemd/system/breakwater-pools.service`.

    Args:
        program: where `breakwater` is.
        arguments: of `breakwater pools serve`; the state is kept in systemd's own directory, and the core
            wallet's keys are handed over by systemd, because the service's user exists only while it runs.
        memory: what the process may hold.
    """
    # %S and %d are systemd's to fill in; all other signs are ours and stay as they are
    command = [_quoted(str(program)), "pools", "serve", "--state", "%S/breakwater-pools"]
    core, rest = _core_of(arguments)
    credentials = ""
    if core is not None:
        credentials = f"LoadCredential=core:{_specified(str(Path(core).resolve()))}\n"
        command += ["--core", "%d/core"]
    command += map(_quoted, rest)
    return UNIT.format(command=" ".join(command), memory=memory, credentials=credentials)


def _core_of(arguments: Sequence[str]) -> tuple[str | None, list[str]]:
    """The file of --core, and the other arguments."""
    core, rest, given = None, list[str](), iter(arguments)
    for each in given:
        if each == "--core":
            core = next(given, None)
        elif each.startswith("--core="):
            core = each.removeprefix("--core=")
        else:
            rest.append(each)
    return core, rest


def _specified(text: str) -> str:
    """As it is: nothing in it for systemd to fill in."""
    if not text.isprintable():
        raise InvalidInput(f"Leave out what can't be printed: {text!r}.")
    return text.replace("%", "%%")


def _quoted(argument: str) -> str:
    """A word of a command line as systemd reads it."""
    escaped = _specified(argument).replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return escaped if PLAIN.fullmatch(argument) else f'"{escaped}"'
