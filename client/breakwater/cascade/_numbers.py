"""Figures that others have published, to stand beside ours."""

from __future__ import annotations

__all__ = ["PUBLISHED", "TARGETS"]

PUBLISHED: dict[str, float] = {
    "batch_events_per_second": 2_796_746,
    "velocity_us": 426.2,
    "risk_us": 59.9,
    "signal_p99_us": 110.0,
    "redis_p99_ms": 2.0,
    "memory_mb": 4.6,
    "recall": 1.0,
    "false_positive_rate": 0.33,
}
"""A comparable detector's own report (unknown hardware; its Redis was a stand-in, its accuracy 2 of 3
scenarios)."""

TARGETS: dict[str, float] = {
    "batch_events_per_second": 10_000_000,
    "single_events_per_second": 500_000,
    "velocity_us": 1.0,
    "risk_us": 3.0,
    "signal_p99_us": 100.0,
    "redis_p99_ms": 2.0,
    "memory_mb": 10.0,
}
"""The first two at least, the others at most."""
