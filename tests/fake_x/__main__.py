"""The fake X as a process, until it is ended: `python -m tests.fake_x --port 8082`."""

import argparse
import asyncio
import json
from dataclasses import asdict

from tests.fake_x.control import routes
from tests.fake_x.server import FakeX


async def serve(port: int) -> None:
    """Serve the API and /control on one port of loopback; the first line printed is where, and the keys, as JSON."""
    fake = FakeX()
    app = fake.application()
    app.add_routes(routes(fake))
    async with fake.serving(port, app):
        keys = {name: value for name, value in asdict(fake.secrets).items() if name != "nonces"}
        print(json.dumps({"base_url": fake.base_url, "keys": keys}), flush=True)  # noqa: T201  whoever started us reads it
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fake_x", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any that is free")
    try:
        asyncio.run(serve(parser.parse_args().port))
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
