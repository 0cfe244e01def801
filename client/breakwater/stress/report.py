"""A suite -> one self-contained page: what passed, why not, every figure, and throughput over time."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .service import Result, Suite

__all__ = ["render_report"]

WIDTH, HEIGHT = 560, 120
STYLE = """
:root { color-scheme: light dark;
  --card: #fff; --page: #f5f6f8; --ink: #15202e; --soft: #5d6b7c; --line: #dfe4ea; }
@media (prefers-color-scheme: dark) {
  :root { --card: #151c25; --page: #0d1218; --ink: #e4eaf1; --soft: #8e9cad; --line: #28323f; }
}
body { margin: 0; background: var(--page); color: var(--ink); font: 14px/1.45 system-ui, sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 22px 24px 40px; }
h1 { font-size: 22px; } h2 { font-size: 16px; margin: 0; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 14px 16px;
  margin-bottom: 12px; }
.verdict { font-weight: 600; padding: 2px 10px; border-radius: 99px; color: #fff; background: #14845c; }
.verdict.bad { background: #c8413b; }
.soft { color: var(--soft); } .reason { font-weight: 600; }
table { border-collapse: collapse; } td { padding: 2px 14px 2px 0; vertical-align: top; }
td.n { font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.columns { display: flex; flex-wrap: wrap; gap: 24px; margin-top: 8px; }
polyline { fill: none; stroke: #1f6feb; stroke-width: 1.5; } line { stroke: var(--line); }
text { fill: var(--soft); font-size: 11px; }
"""


def render_report(suite: Suite) -> str:
    """The page; it loads nothing from anywhere."""
    parts = "".join(_section(each) for each in suite.results)
    count = sum(each.outcome.passed for each in suite.results)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>Breakwater under stress</title><style>{STYLE}</style></head><body><main>"
        f"<h1>Breakwater under stress {_verdict(suite.passed)}</h1>"
        f'<p class="soft">{count} of {len(suite.results)} scenarios passed on {escape(suite.engine)}, '
        f"seed {suite.seed}, {suite.seconds:.0f} s.</p>{parts}</main></body></html>\n"
    )


def _verdict(passed: bool) -> str:
    return '<span class="verdict">passed</span>' if passed else '<span class="verdict bad">failed</span>'


def _section(result: Result) -> str:
    outcome = result.outcome
    rows = "".join(
        f'<tr><td>{escape(name.replace("_", " "))}</td><td class="n">{escape(_shown(value))}</td></tr>'
        for name, value in outcome.figures.items()
    )
    charts = "".join(_chart(title, points) for title, points in outcome.charts.items() if len(points) > 1)
    reason = f'<p class="reason">{escape(outcome.reason)}</p>' if outcome.reason else ""
    return (
        f"<section><h2>{escape(result.scenario.name)} {_verdict(outcome.passed)}</h2>"
        f'<div class="soft">{escape(result.scenario.title)} ({result.engine}, {result.seconds:.1f} s, '
        f"{outcome.success_rate:.2%} of legitimate operations)</div>{reason}"
        f'<div class="columns"><table>{rows}</table>{charts}</div></section>'
    )


def _shown(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"


def _chart(title: str, points: Sequence[tuple[float, float]]) -> str:
    left, right = points[0][0], points[-1][0]
    top = max(y for _, y in points) or 1.0
    line = " ".join(
        f"{(x - left) / max(1e-9, right - left) * WIDTH:.1f},{HEIGHT - y / top * (HEIGHT - 16):.1f}"
        for x, y in points
    )
    return (
        f'<svg width="{WIDTH}" height="{HEIGHT + 18}" role="img"><line x1="0" y1="{HEIGHT}" x2="{WIDTH}" '
        f'y2="{HEIGHT}"/><polyline points="{line}"/><text x="0" y="10">{escape(title)}, at most {top:,.0f}'
        f'</text><text x="0" y="{HEIGHT + 14}">{left:,.0f} s</text><text x="{WIDTH}" y="{HEIGHT + 14}" '
        f'text-anchor="end">{right:,.0f} s</text></svg>'
    )
