"""What work costs this thread, for tests that compare two texts: no figure by itself means anything elsewhere."""

import time
from collections.abc import Callable


def cost(work: Callable[[], object]) -> float:
    """Seconds of the processor that this thread spends on some work: the least of three, so that nobody else counts."""
    return min(_once(work) for _ in range(3))


def _once(work: Callable[[], object]) -> float:
    begun = time.thread_time()
    work()
    return time.thread_time() - begun
