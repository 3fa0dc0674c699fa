"""The echoing program as a process of its own, for tests that kill it."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from yarl import URL


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def program(folder: Path, port: int) -> Iterator[tuple[URL, subprocess.Popen[bytes]]]:
    """Run it until the end of the block, where it is killed."""
    command = [sys.executable, "-m", "tests.bot.echo", str(folder), str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": "."}) as started:
        assert started.stdout is not None
        assert started.stdout.readline() == b"ready\n"
        yield URL(f"http://127.0.0.1:{port}/"), started
        started.kill()
