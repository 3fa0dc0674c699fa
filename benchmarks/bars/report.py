"""Figures as a table, each beside its bar."""

from collections.abc import Mapping


def report(figures: Mapping[str, float], bars: Mapping[str, float], check: bool, form: str) -> int:
    """Print them; the exit code is 1 when one is above its bar and `check` was asked for.

    A figure "SQLite: lost" has the bar of "lost". `form` is the width and precision of a figure, such as "10.2f"."""
    missed, width = 0, max(52, *map(len, figures))
    for name, figure in figures.items():
        bar = bars.get(name, bars.get(name.rpartition(": ")[2]))
        missed += bar is not None and figure > bar
        verdict = "" if bar is None else f"   bar {bar:g}   {'missed' if figure > bar else 'met'}"
        print(f"{name:{width}} {figure:{form}}{verdict}")
    return 1 if check and missed else 0
