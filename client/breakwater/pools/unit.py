"""The service as a unit of systemd."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["unit_text"]

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
    command = [str(program), "pools", "serve", "--state", "%S/breakwater-pools", *arguments]
    # %S is systemd's to fill in
    return UNIT.format(
        command=" ".join(shlex.quote(each).replace("'", '"') for each in command), memory=memory
    )
