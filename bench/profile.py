"""What a host spends its processor time on: `python -m bench.profile query` or `ingest`.

Writes its sections of bench/RESULTS.md, each beside what was found when `--before` was given last. What is
measured is work, by the clocks of threads, so that a busy machine changes little (bench/query_host/sampling).
"""

import argparse
import importlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from bench.results import read_result, replace_section, store_result
from tests.real_host import RealHost

_LARGEST = 3
_OTHER = "the rest"
_LEAST = 0.005  # of all: threads that did less are not told

# A name and what it looks like in a frame, `function (file)`. Of a stack the innermost frame that belongs
# anywhere counts.
Groups: TypeAlias = Sequence[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class Profile:
    threads: dict[str, float]  # by name: seconds of processor time
    groups: dict[str, float]  # shares of the main thread's, 1 together


@dataclass(frozen=True, kw_only=True)
class Section:
    """What a script in bench/profile_*.py has found, per `unit` of work, of which `done` were done."""

    title: str
    told: str
    unit: str
    done: int
    profile: Profile

    def figures(self) -> dict[str, Any]:
        """Milliseconds of processor time per unit by thread, and shares by group."""
        each = {name: 1000 * spent / self.done for name, spent in self.profile.threads.items()}
        return {"threads": each, "groups": self.profile.groups}


def watch(host: RealHost, work: Callable[[], int], groups: Groups) -> tuple[int, Profile]:
    """What the work returns, and what the host did meanwhile. The host runs bench/query_host."""
    host.client.get("/bench/profile").raise_for_status()
    done = work()
    seen = host.client.get("/bench/profile").raise_for_status().json()
    counted = sorted_out(seen["stacks"], groups)
    threads = Counter(seen["threads"])
    least = _LEAST * sum(threads.values())
    return done, Profile(
        threads={name: spent for name, spent in threads.most_common() if spent > least},
        groups={name: spent / sum(counted.values()) for name, spent in counted.most_common()},
    )


def sorted_out(stacks: Mapping[str, int], groups: Groups) -> Counter[str]:
    """Time by group, of `outermost;…;innermost` and its time."""
    known = [(name, re.compile(pattern)) for name, pattern in groups]
    counted: Counter[str] = Counter()
    for stack, spent in stacks.items():
        counted[_group(reversed(stack.split(";")), known)] += spent
    return counted


def table(section: Section, before: Mapping[str, Any] | None) -> str:
    """Markdown: what the threads took and what the interpreter did, each beside what it was before."""
    now = section.figures()
    was = before or {"threads": {}, "groups": {}}
    lines = [section.told, "", *_named_largest(now["groups"], was["groups"])]
    for title, key, shown in (
        (f"thread, ms of processor time per {section.unit}", "threads", "{:.2f}"),
        ("part of the main thread's", "groups", "{:.1%}"),
    ):
        lines += [f"| {title} | before | now |", "|---|---|---|"]
        for name in now[key] | was[key]:
            cells = (shown.format(each[name]) if name in each else "–" for each in (was[key], now[key]))
            lines.append(f"| {name} | {' | '.join(cells)} |")
        lines.append("")
    return "\n".join([section.title, "", *lines])


def _named_largest(now: Mapping[str, float], was: Mapping[str, float]) -> list[str]:
    told = [
        f"The three largest {when}: "
        + ", ".join(f"{name} ({each[name]:.0%})" for name in _largest(each))
        + "."
        for when, each in (("before", was), ("now", now))
        if each
    ]
    return ["  \n".join(told), ""]


def _largest(groups: Mapping[str, float]) -> list[str]:
    named = [name for name in groups if name != _OTHER]
    return sorted(named, key=lambda name: -groups[name])[:_LARGEST]


def _group(frames: Iterable[str], known: Sequence[tuple[str, re.Pattern[str]]]) -> str:
    for frame in frames:
        for name, pattern in known:
            if pattern.search(frame):
                return name
    return _OTHER


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("what", nargs="?", choices=("query", "ingest"), default="query")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--before", action="store_true", help="what later profiles are compared with")
    parser.add_argument("--dry", action="store_true", help="print, and store nothing")
    arguments = parser.parse_args()
    script = importlib.import_module(f"bench.profile_{arguments.what}")
    name = f"profile_{arguments.what}"
    for key, section in script.sections(arguments.seconds):
        stored = f"{name}_{key}_before"
        text = table(section, None if arguments.before else read_result(stored))
        print(text)
        if arguments.dry:
            continue
        if arguments.before:
            store_result(stored, section.figures())
        store_result(f"{name}_{key}", section.figures())
        replace_section(f"{name}_{key}", text)


if __name__ == "__main__":
    main()
