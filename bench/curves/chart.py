"""Line charts as SVG that can be read in light and in dark mode. Used by `bench.curves`.

A picture is a row of panels, each with its title, axes, ticks and legend.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

_WIDTH, _HEIGHT = 430, 320  # of a panel
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 18, 62, 46  # around its plot
_LETTER = 7.0  # average width, for the legend
_STYLE = """
  :root { --paper: #fff; --ink: #1f2328; --faint: #59636e; --grid: #d8dee4;
          --c0: #0969da; --c1: #bc4c00; --c2: #1a7f37; --c3: #8250df; }
  @media (prefers-color-scheme: dark) {
    :root { --paper: #0d1117; --ink: #f0f6fc; --faint: #9198a1; --grid: #30363d;
            --c0: #4493f8; --c1: #f0883e; --c2: #3fb950; --c3: #ab7df8; }
  }
  text { font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; fill: var(--faint); }
  .title { font-size: 14px; font-weight: 600; fill: var(--ink); }
  .legend { fill: var(--ink); }
  .grid { stroke: var(--grid); }
  .line { fill: none; stroke-width: 2; stroke-linejoin: round; }
"""


@dataclass(frozen=True, kw_only=True)
class Axis:
    """`ticks`: where nothing is given, round numbers that fit."""

    label: str
    is_log: bool = False
    starts_at_zero: bool = False
    ticks: Sequence[float] = ()


@dataclass(frozen=True, kw_only=True)
class Line:
    name: str
    points: Sequence[tuple[float, float]]
    is_dashed: bool = False
    has_marks: bool = True


@dataclass(frozen=True, kw_only=True)
class Panel:
    title: str
    x: Axis
    y: Axis
    lines: Sequence[Line] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Scale:
    """From values to pixels."""

    low: float
    high: float
    first: float
    last: float
    is_log: bool

    def __call__(self, value: float) -> float:
        low, high, at = (math.log10(each) if self.is_log else each for each in (self.low, self.high, value))
        return round(self.first + (at - low) / (high - low) * (self.last - self.first), 1)


def ticks_of(axis: Axis, values: Sequence[float]) -> list[float]:
    """The first and the last are the ends of the axis."""
    if axis.ticks:
        return list(axis.ticks)
    low, high = min(values), max(values)
    if axis.is_log:
        first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
        return [10.0**each for each in range(first, max(last, first + 1) + 1)]
    low = 0.0 if axis.starts_at_zero else low
    step = _round_step((high - low) / 5 or max(abs(high), 1.0) / 5)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [each * step for each in range(first, max(last, first + 1) + 1)]


def _round_step(least: float) -> float:
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * each for each in (1, 2, 2.5, 5, 10) if power * each >= least * 0.999)


def label_of(value: float) -> str:
    for size, unit in ((1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"


def draw(panels: Sequence[Panel], *, title: str) -> str:
    """The SVG file's text."""
    width = _WIDTH * len(panels)
    parts = [_panel(panel, number * _WIDTH) for number, panel in enumerate(panels)]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {_HEIGHT}" width="{width}" '
        f'height="{_HEIGHT}" role="img" aria-label="{escape(title)}">\n<title>{escape(title)}</title>\n'
        f'<style>{_STYLE}</style>\n<rect width="100%" height="100%" rx="6" fill="var(--paper)"/>'
    )
    return "\n".join([head, *parts, "</svg>\n"])


def _panel(panel: Panel, left: int) -> str:
    points = [point for line in panel.lines for point in line.points]
    x_ticks = ticks_of(panel.x, [x for x, _ in points])
    y_ticks = ticks_of(panel.y, [y for _, y in points])
    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    across = Scale(low=x_ticks[0], high=x_ticks[-1], first=_LEFT, last=right, is_log=panel.x.is_log)
    up = Scale(low=y_ticks[0], high=y_ticks[-1], first=bottom, last=_TOP, is_log=panel.y.is_log)
    parts = [f'<g transform="translate({left} 0)">', _text(_LEFT, 22, panel.title, "title")]
    for tick in y_ticks:
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{right}" y1="{up(tick)}" y2="{up(tick)}"/>')
        parts.append(_text(_LEFT - 7, up(tick) + 4, label_of(tick), anchor="end"))
    for tick in x_ticks:
        parts.append(
            f'<line class="grid" x1="{across(tick)}" x2="{across(tick)}" y1="{bottom}" y2="{bottom + 4}"/>'
        )
        parts.append(_text(across(tick), bottom + 18, label_of(tick), anchor="middle"))
    parts.append(_text((_LEFT + right) / 2, _HEIGHT - 10, panel.x.label, anchor="middle"))
    parts.append(_text(8, _TOP - 12, panel.y.label) if panel.y.label else "")
    parts += [_line(line, number, across, up) for number, line in enumerate(panel.lines)]
    parts += [_legend(panel.lines), "</g>"]
    return "\n".join(filter(None, parts))


def _line(line: Line, number: int, across: Scale, up: Scale) -> str:
    at = [(across(x), up(y)) for x, y in line.points]
    parts = [_polyline(line, number, " ".join(f"{x:g},{y:g}" for x, y in at))]
    if line.has_marks:
        parts += [f'<circle cx="{x:g}" cy="{y:g}" r="3" fill="var(--c{number})"/>' for x, y in at]
    return "\n".join(parts)


def _polyline(line: Line, number: int, points: str) -> str:
    dashes = ' stroke-dasharray="5 4"' if line.is_dashed else ""
    return f'<polyline class="line" stroke="var(--c{number})"{dashes} points="{points}"/>'


def _legend(lines: Sequence[Line]) -> str:
    parts, x = [], float(_LEFT)
    for number, line in enumerate(lines):
        parts.append(_polyline(line, number, f"{x:g},36 {x + 18:g},36"))
        parts.append(_text(x + 23, 40, line.name, "legend"))
        x += 23 + _LETTER * len(line.name) + 14
    return "\n".join(parts)


def _text(x: float, y: float, words: str, kind: str = "", *, anchor: str = "start") -> str:
    kind = f' class="{kind}"' if kind else ""
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}"{kind}>{escape(words)}</text>'
