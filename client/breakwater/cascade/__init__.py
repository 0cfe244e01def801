"""Early warning of liquidation cascades: feeds, engine, training, transport, page.

Start with `engine` (what is counted and when), then `generate` and `evaluate` (what a cascade is and how
well it is seen coming), `feeds` (where events come from) and `transport` (how engines share the work).
"""

from __future__ import annotations

from .bench import Figures, measure
from .capture import Recording, read_recording
from .conditions import Condition
from .desk import Desk
from .engine import Engine, Motion, Reading
from .evaluate import Evaluation, Judgement, evaluate
from .events import Event, Exchange, Kind, Side
from .generate import CASCADES, Scenario, ScenarioKind, generate
from .model import Model, load_model, shipped_model
from .service import Guard, Replay, default_tokens, replay, serve, watch
from .signals import Level, Reason, Regime, Signal
from .statistics import Estimate
from .train import TRAINING_SEEDS, Seeds, train
from .transport import Producer, RedisServer, Worker
from .web import dashboard_text

__all__ = [
    "CASCADES",
    "TRAINING_SEEDS",
    "Condition",
    "Desk",
    "Engine",
    "Estimate",
    "Evaluation",
    "Event",
    "Exchange",
    "Figures",
    "Guard",
    "Judgement",
    "Kind",
    "Level",
    "Model",
    "Motion",
    "Producer",
    "Reading",
    "Reason",
    "Recording",
    "RedisServer",
    "Regime",
    "Replay",
    "Scenario",
    "ScenarioKind",
    "Seeds",
    "Side",
    "Signal",
    "Worker",
    "dashboard_text",
    "default_tokens",
    "evaluate",
    "generate",
    "load_model",
    "measure",
    "read_recording",
    "replay",
    "serve",
    "shipped_model",
    "train",
    "watch",
]
