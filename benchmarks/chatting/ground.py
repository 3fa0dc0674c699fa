"""What these benchmarks stand on."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.ground import add_engine_tables, create_tables

ROOT: Final = Path(__file__).parents[2]
PATIENCE: Final = 120.0


def database_in(folder: Path) -> str:
    """The address of a new database with every table."""
    path = folder / "patrol.sqlite"
    create_tables(f"sqlite:///{path}")
    url = f"sqlite+aiosqlite:///{path}"
    add_engine_tables(url)
    return url


async def until(began: float, there: Callable[[], bool]) -> float:
    """Seconds from `began` until something is there."""
    while not there():
        if time.perf_counter() - began > PATIENCE:
            raise SystemExit("what was waited for never came")
        await asyncio.sleep(0.005)
    return time.perf_counter() - began


def p95(seconds: list[float]) -> float:
    """What all but one in twenty kept within."""
    return sorted(seconds)[max(0, int(len(seconds) * 0.95) - 1)] if len(seconds) > 2 else max(seconds)
