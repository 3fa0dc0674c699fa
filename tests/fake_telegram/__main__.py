"""The fake Telegram as a process, until it is ended: `python -m tests.fake_telegram --port 8081 --record FILE`."""

import argparse
import asyncio
from pathlib import Path

from tests.fake_telegram.control import routes
from tests.fake_telegram.server import FakeTelegram
from tests.fake_telegram.world import TOKEN


async def serve(port: int, record: Path | None, token: str) -> None:
    """Serve the Bot API and /control on one port of loopback; the first line printed says where."""
    fake = FakeTelegram(record, token)
    app = fake.application()
    app.add_routes(routes(fake))
    async with fake.serving(port, app):
        print(fake.base_url, token, flush=True)  # noqa: T201  whoever started us reads it
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fake_telegram", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any that is free")
    parser.add_argument(
        "--record", type=Path, help="write everything the bot does to this file, one JSON object a line"
    )
    parser.add_argument("--token", default=TOKEN)
    asked = parser.parse_args()
    try:
        asyncio.run(serve(asked.port, asked.record, asked.token))
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
