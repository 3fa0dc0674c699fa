"""Durable work: jobs enqueued in the caller's own transaction, run by whichever process listens to their queue.

The only module that knows DBOS. A job may run more than once (after a crash it does): every handler looks at the rows
first, which are the truth, and a job that finds nothing to do is a finished job."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import datetime
from enum import StrEnum
from typing import Final

from dbos import DBOS, DBOSClient, DBOSConfig
from dbos import EnqueueOptions as DbosOptions
from sqlalchemy import Connection
from sqlalchemy.engine import URL
from sqlmodel.ext.asyncio.session import AsyncSession

from shifts.database import Database

Handler = Callable[..., Awaitable[None]]

_APPLICATION: Final = "tweetpatrol"
_VERSION: Final = "1"
"""Pinned: a new release of the program must go on with the jobs of the one before."""

_log = logging.getLogger(__name__)


class Lane(StrEnum):
    """The queues. A person waits for words and pictures; pictures must not hold up words, nor videos pictures."""

    WORDS = "words"
    PICTURES = "pictures"
    VIDEOS = "videos"
    DELIVERIES = "deliveries"


_POLL_SECONDS: Final = {Lane.WORDS: 0.1, Lane.PICTURES: 0.15, Lane.VIDEOS: 0.5, Lane.DELIVERIES: 0.15}
_AT_ONCE: Final = {Lane.WORDS: 8, Lane.PICTURES: 2, Lane.VIDEOS: 3, Lane.DELIVERIES: 16}


class Engine:
    """Enqueue from anywhere; work only inside `working()`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._url = _sync_url(database.url)
        self._client: DBOSClient | None = None

    async def enqueue(self, session: AsyncSession, job: str, lane: Lane, *args: int, key: str) -> None:
        """Enqueue in the caller's transaction: the job exists if and only if that commits. The same key runs once."""
        client = await self._connected()
        options: DbosOptions = {
            "workflow_name": job,
            "queue_name": lane.value,
            "workflow_id": key,
            "app_version": _VERSION,
        }

        def insert(connection: Connection) -> None:
            client.enqueue_in_transaction(connection, options, *args)

        await (await session.connection()).run_sync(insert)

    @asynccontextmanager
    async def working(self, handlers: Mapping[str, Handler], lanes: list[Lane], executor: str) -> AsyncIterator[None]:
        """Run jobs of these lanes in this loop until the block ends. `executor` is a stable name, one per process."""
        config: DBOSConfig = {
            "name": _APPLICATION,
            "system_database_url": self._url,
            "application_version": _VERSION,
            "executor_id": executor,
            "run_migrations": False,
            "use_listen_notify": False,
            "log_level": "WARNING",
            "max_executor_threads": 16,
        }
        await asyncio.to_thread(DBOS, config=config)
        for name, handler in handlers.items():
            DBOS.workflow(name=name)(_logged(name, handler))
        try:
            DBOS.listen_queues([lane.value for lane in lanes])
            # It writes in this very loop: who holds the write lock meanwhile could never let it go.
            async with self._database.alone():
                DBOS.launch()
            for lane in lanes:
                await DBOS.register_queue_async(
                    lane.value,
                    worker_concurrency=_AT_ONCE[lane],
                    polling_interval_sec=_POLL_SECONDS[lane],
                    on_conflict="always_update",
                )
            yield
        finally:
            await asyncio.to_thread(DBOS.destroy, destroy_registry=True, workflow_completion_timeout_sec=5)
            # DBOS made its own pool the loop's default one and has just shut it down.
            asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(thread_name_prefix="loop"))

    async def forget(self, before: datetime) -> int:
        """Delete jobs that were made before a time; gives how many. What is due is in the rows, not in them."""
        client = await self._connected()
        forgotten = 0
        while True:
            old = await client.list_workflows_async(
                end_time=before.isoformat(), limit=500, load_input=False, load_output=False
            )
            if not old:
                return forgotten
            await client.delete_workflows_async([workflow.workflow_id for workflow in old])
            forgotten += len(old)

    async def close(self) -> None:
        if self._client is not None:
            client, self._client = self._client, None
            await asyncio.to_thread(client.destroy)

    async def _connected(self) -> DBOSClient:
        if self._client is None:
            self._client = await asyncio.to_thread(
                DBOSClient, system_database_url=self._url, application_name=_APPLICATION, retry_connection_errors=False
            )
        return self._client


def migrate(database: Database) -> None:
    """Make or update the engine's own tables (`tweetpatrol db upgrade` calls this after our own migrations)."""
    config: DBOSConfig = {
        "name": _APPLICATION,
        "system_database_url": _sync_url(database.url),
        "application_version": _VERSION,
        "use_listen_notify": False,
        "log_level": "WARNING",
    }
    DBOS(config=config)
    DBOS.listen_queues([])
    DBOS.launch()
    DBOS.destroy(destroy_registry=True)


def _logged(name: str, handler: Handler) -> Handler:
    async def run(*args: int) -> None:
        try:
            await handler(*args)
        except Exception as error:  # noqa: BLE001 - whatever went wrong, the rows still say what is due
            # Its kind alone: words of the error may hold words of a post.
            _log.error("job failed", extra={"job": name, "ids": list(args), "error": type(error).__name__})
            raise RuntimeError(f"{name} failed: {type(error).__name__}") from None

    run.__qualname__ = run.__name__ = f"job_{name}"
    return run


def _sync_url(url: URL) -> str:
    driver = "sqlite" if url.get_backend_name() == "sqlite" else "postgresql+psycopg"
    return url.set(drivername=driver).render_as_string(hide_password=False)
