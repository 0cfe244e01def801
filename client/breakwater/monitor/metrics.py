"""The table of metrics. Prometheus, the Grafana dashboard, the page and the rules' names all come from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["METRICS", "NO_LOANS", "Metric", "Unit"]

Unit = Literal["collateral", "ratio", "bp", "seconds", "slots", "ms", "count", "per_s", "flag", "mmt"]

NO_LOANS: Final = float(1 << 32)
"""Coverage while nothing is at risk; the programs write their largest number then."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure that a check reads.

    Attributes:
        name: as rules and the page call it; Prometheus puts `breakwater_` before it.
        unit: collateral is in whole units of it, of 6 decimals; a flag is 0 or 1.
        says: one sentence.
        labels: what tells series apart.
        panel: the dashboard's panel it belongs to; empty for none.
    """

    name: str
    unit: Unit
    says: str
    labels: tuple[str, ...] = ()
    panel: str = ""


METRICS: Final = (
    Metric("vault", "collateral", "Cash of the vault and what it has lent.", panel="Vault"),
    Metric("cash", "collateral", "Cash of the vault, in all shards.", panel="Vault"),
    Metric("loans", "collateral", "What traders owe the vault.", panel="Vault"),
    Metric(
        "debt_at_risk", "collateral", "The largest part of it that no outcome would repay.", panel="Vault"
    ),
    Metric(
        "coverage", "ratio", "Free cash over debt at risk, now; 4294967296 without loans.", panel="Coverage"
    ),
    Metric("coverage_folded", "ratio", "The same as the last fold published it.", panel="Coverage"),
    Metric("insurance", "collateral", "The insurance fund.", panel="Vault"),
    Metric("bad_debt", "collateral", "Loans that were lost, since the beginning.", panel="Losses"),
    Metric("fees", "collateral", "Fees earned, since the beginning.", panel="Fees and volume"),
    Metric("volume", "collateral", "Notional traded, since the beginning.", panel="Fees and volume"),
    Metric("fee", "bp", "Fee of a trade, as the last fold published it.", panel="Fee"),
    Metric("fold_age", "slots", "Slots since the last fold.", panel="Fold"),
    Metric(
        "token_surplus", "collateral", "Tokens held beyond the vault's cash and all escrows.", panel="Losses"
    ),
    Metric("open_markets", "count", "Markets that are neither resolved nor voided.", panel="Markets"),
    Metric("halted_markets", "count", "Open markets that a circuit breaker has halted.", panel="Markets"),
    Metric(
        "open_interest", "collateral", "Most that open markets may have to pay out.", panel="Open interest"
    ),
    Metric("escrow", "collateral", "Held by markets for their payouts.", panel="Open interest"),
    Metric("tps", "per_s", "Transactions a second on the chain, as the node counts them.", panel="Chain"),
    Metric("slot", "slots", "Newest slot of the node."),
    Metric("slots_per_s", "per_s", "Slots a second.", panel="Chain"),
    Metric("slot_still", "seconds", "Seconds since the slot last moved.", panel="RPC"),
    Metric("rpc_up", "flag", "Whether the node answers.", panel="RPC"),
    Metric("rpc_healthy", "flag", "Whether the node calls itself healthy.", panel="RPC"),
    Metric("rpc_latency", "ms", "Milliseconds of one request.", panel="RPC latency"),
    Metric("keepers_registry", "flag", "Whether there is a registry of keepers."),
    Metric("keepers_on_duty", "count", "Keepers on duty.", panel="Keepers"),
    Metric("keepers_suspended", "count", "Keepers that are suspended.", panel="Keepers"),
    Metric(
        "keeper_silence",
        "ratio",
        "Slots since a keeper's heartbeat, over those allowed.",
        ("keeper",),
        "Keeper heartbeats",
    ),
    Metric("keeper_suspended", "flag", "Whether the keeper is suspended.", ("keeper",)),
    Metric(
        "keeper_success", "ratio", "Completed among a keeper's ended tasks.", ("keeper",), "Keeper success"
    ),
    Metric("feed_age", "seconds", "Seconds since the feed's newest price.", ("feed",), "Oracle age"),
    Metric("feed_silence", "ratio", "The same over the feed's own limit.", ("feed",)),
    Metric("feed_markets", "count", "Open markets that settle by the feed.", ("feed",)),
    Metric("program_immutable", "flag", "Whether nobody can change the program.", ("program",), "Programs"),
    Metric("program_matches", "flag", "Whether its bytes are the manifest's.", ("program",), "Programs"),
    Metric("admin_present", "flag", "Whether the exchange still has an admin.", panel="Programs"),
)
"""Everything the built-in checks read."""
