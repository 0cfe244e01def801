"""Publishes prices: sources, aggregation, limits, and a publisher that recovers by itself."""

from __future__ import annotations

from .aggregate import Refusal, Refused, Rules, aggregate
from .feeds import FeedView, create, read_feed, rotate, show
from .limits import Cache, Freshness, freshness
from .publisher import Publication, Publisher
from .service import OracleConfig, Summary, run
from .settings import OracleSettings, oracle_settings
from .setup import Wanted, open_sources

__all__ = [
    "Cache",
    "FeedView",
    "Freshness",
    "OracleConfig",
    "OracleSettings",
    "Publication",
    "Publisher",
    "Refusal",
    "Refused",
    "Rules",
    "Summary",
    "Wanted",
    "aggregate",
    "create",
    "freshness",
    "open_sources",
    "oracle_settings",
    "read_feed",
    "rotate",
    "run",
    "show",
]
