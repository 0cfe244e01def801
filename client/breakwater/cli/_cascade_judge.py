"""What `breakwater cascade generate`, `train` and `evaluate` do with their options, and their tables."""

from __future__ import annotations

import gzip
import json
import math
import sys
from typing import TYPE_CHECKING

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from .. import cascade
from ..errors import InvalidInput
from ._cascade_view import model_of

if TYPE_CHECKING:
    from pathlib import Path

    from ..cascade import Evaluation, Judgement

__all__ = ["run_evaluate", "run_train", "write_scenario"]

VENUES = frozenset(int(each) for each in cascade.Exchange)


def write_scenario(kind: str, seed: int, seconds: float | None, output: Path, *, as_json: bool) -> None:
    """A scenario as JSON lines."""
    kinds = [each.value for each in cascade.ScenarioKind]
    if kind not in kinds:
        raise InvalidInput(f"Name one of {', '.join(kinds)}, not {kind!r}.")
    scenario = cascade.generate(cascade.ScenarioKind(kind), seed, seconds=seconds)
    # JSON has no other numbers, and a capture no other exchanges
    rows = [
        [t, venue, scenario.symbols[number], what, side, micro, value, known]
        for t, known, micro, value, number, venue, what, side, _ in scenario.events.tolist()
        if venue in VENUES and math.isfinite(value)
    ]
    label = {
        "kind": kind, "seed": seed, "begin_ms": scenario.begin_ms, "end_ms": scenario.end_ms,
        "onset_ms": scenario.onset_ms, "ignition_ms": scenario.ignition_ms, "peak_ms": scenario.peak_ms,
        "events": len(rows), "left_out": len(scenario.events) - len(rows),
        "parameters": {k: float(v) for k, v in scenario.parameters.items()},
    }  # fmt: skip
    opened = gzip.open if output.suffix == ".gz" else open
    with opened(output, "wb") as file:
        file.write(msgspec.json.encode(label) + b"\n")
        for row in rows:
            file.write(msgspec.json.encode(row) + b"\n")
    typer.echo(json.dumps(label) if as_json else f"{output}: {len(rows):,} events of {kind}, seed {seed}")


def run_train(seeds: str | None, output: Path, *, as_json: bool) -> None:
    """Train and write the file; whether that can be done is found out before the work."""
    if output.is_dir() or not output.absolute().parent.is_dir():
        raise InvalidInput(f"Name a file in an existing directory for the model, not {output}.")
    chosen = cascade.Seeds.parse(seeds or cascade.TRAINING_SEEDS)
    command = f"breakwater cascade train --seeds {chosen}"
    with Console(stderr=True).status("learning") as status:
        model = cascade.train(chosen, command, progress=lambda text: status.update(f"learning: {text}"))
    output.write_bytes(msgspec.json.format(msgspec.json.encode(model), indent=1) + b"\n")
    facts = {"output": str(output), "trained_on": model.trained_on, "thresholds": model.thresholds}
    typer.echo(json.dumps(facts) if as_json else f"{output}: learnt from seeds {chosen}")


def run_evaluate(seeds: str, conditions: list[str] | None, model: Path | None, *, as_json: bool) -> int:
    """Evaluate and print; the exit status."""
    chosen = cascade.Seeds.parse(seeds)
    known = [each.value for each in cascade.Condition]
    for each in conditions or ():
        if each not in known:
            raise InvalidInput(f"Name conditions among {', '.join(known)}, not {each!r}.")
    those = [each for each in cascade.Condition if conditions is None or each.value in (*conditions, "clean")]
    with Console(stderr=True).status("judging") as status:
        found = cascade.evaluate(
            chosen, model_of(model), conditions=those, progress=lambda n: status.update(f"judging: {n} seeds")
        )
    if as_json:
        typer.echo(json.dumps(found.as_dict()))
    else:
        Console(file=sys.stdout).print(_judgements(found))
    for sentence in found.failures():
        typer.echo(f"breakwater: {sentence}", err=True)
    return 1 if found.failures() else 0


def _judgements(found: Evaluation) -> Table:
    table = Table(title=f"Seeds {found.seeds}, {found.seconds:.1f} s; 95 % intervals")
    for column in ("", "recall", "steady hours alarmed", "median lead, s", "late"):
        table.add_column(column, justify="right" if column else "left")
    for name, each in {**found.conditions, **found.kinds}.items():
        table.add_row(name, *_judgement(each))
    return table


def _judgement(each: Judgement) -> tuple[str, str, str, str]:
    def percent(x: cascade.Estimate) -> str:
        if x.value is None or x.low is None or x.high is None:
            return ""
        return f"{x.value:.1%} ({x.low:.1%} to {x.high:.1%})"

    lead = each.median_lead_ms
    seconds = ""
    if lead.value is not None and lead.low is not None and lead.high is not None:
        seconds = f"{lead.value / 1000:.2f} ({lead.low / 1000:.2f} to {lead.high / 1000:.2f})"
    return percent(each.recall), percent(each.false_positive_rate), seconds, str(each.late)
