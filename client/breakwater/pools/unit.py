"""The service as a unit of systemd."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from breakwater.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

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
NoNewPrivileges=yes
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
        arguments: of `breakwater pools serve`; the state is kept in systemd's own directory.
        memory: what the process may hold.
    """
    command = [_quoted(str(program)), "pools", "serve", "--state", "%S/breakwater-pools"]
    # %S is systemd's to fill in; all others are ours and stay as they are
    return UNIT.format(command=" ".join([*command, *map(_quoted, arguments)]), memory=memory)


def _quoted(argument: str) -> str:
    """A word of a command line as systemd reads it."""
    if not argument.isprintable():
        raise InvalidInput(f"Leave out what can't be printed: {argument!r}.")
    escaped = argument.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return escaped if PLAIN.fullmatch(argument) else f'"{escaped}"'
