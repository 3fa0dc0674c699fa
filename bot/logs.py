"""Logs: ids, states and counts as lines; never a word, a name, a coordinate or a token."""

import logging
import re
import sys
from typing import Any, Final

import structlog
from structlog.typing import EventDict

_TOKEN: Final = re.compile(r"\b\d{6,}:[\w-]{20,}|\b(?:Bearer|OAuth|Bot)\s+\S+", re.ASCII)
_LOUD: Final = ("httpx", "httpcore", "dbos", "alembic", "aiosqlite", "asyncio", "sqlalchemy", "PIL")
"""Libraries that tell more than is wanted, addresses with tokens in them among it."""


def set_up(as_json: bool, level: int = logging.INFO) -> None:
    """One handler for everything, ours and the libraries'; tokens are taken out of whatever a library says."""
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        ],
        processors=[
            _without_tracebacks,
            _without_tokens,
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            renderer,
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _LOUD:
        logging.getLogger(name).setLevel(logging.WARNING)


def _without_tokens(_logger: Any, _method: str, event: EventDict) -> EventDict:
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = _TOKEN.sub("[token]", value)
    return event


def _without_tracebacks(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """A traceback's last line may hold words of a post: the kind of the error and where it was raised are enough."""
    problem = event.pop("exc_info", None)
    if isinstance(problem, tuple) and problem[1] is not None:
        event["error"] = _kinds(problem[1])
        frame = problem[2]
        while frame is not None and frame.tb_next is not None:
            frame = frame.tb_next
        if frame is not None:
            event["raised_at"] = f"{frame.tb_frame.f_code.co_qualname}:{frame.tb_lineno}"
    return event


def _kinds(error: BaseException) -> str:
    """The kind of an error; of several at once, the kind of each."""
    if isinstance(error, BaseExceptionGroup):
        return ", ".join(dict.fromkeys(_kinds(one) for one in error.exceptions))
    return type(error).__name__
