"""Pools at a fixed ratio under load: threads that deposit, withdraw and swap; books that come out.

Start with `serving`, the long-running service; `drill` shows it at work.
"""

from .cluster import CONNECTIONS, Cluster, open_cluster
from .drill import DrillConfig, DrillResult, drill
from .guard import MemoryGuard, pin
from .server import ServerConfig, application, serving
from .service import Options, Service
from .simulate import run_simulated
from .store import Store
from .unit import unit_text

__all__ = [
    "CONNECTIONS",
    "Cluster",
    "DrillConfig",
    "DrillResult",
    "MemoryGuard",
    "Options",
    "ServerConfig",
    "Service",
    "Store",
    "application",
    "drill",
    "open_cluster",
    "pin",
    "run_simulated",
    "serving",
    "unit_text",
]
