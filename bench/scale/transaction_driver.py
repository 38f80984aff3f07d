"""A module of a Synapse that is measured: it writes rows of its own in a transaction."""

import time
from typing import Any

from synapse.module_api import DirectServeJsonResource, ModuleApi, parse_json_object_from_request


class Driver:
    """Answers `POST /_synapse/client/write` with the processor time, in milliseconds, that `rows` rows took."""

    def __init__(self, config: Any, api: ModuleApi) -> None:
        self.api = api
        api.register_web_resource("/_synapse/client/write", Resource(self))

    async def measure(self, count: int) -> float:
        await self.api.run_db_interaction("prepare", self.prepare)
        started = time.process_time()
        await self.api.run_db_interaction("write", self.write, count)
        return (time.process_time() - started) * 1000

    @staticmethod
    def prepare(txn: Any) -> None:
        txn.execute("DROP TABLE IF EXISTS written")
        txn.execute("CREATE TABLE written (name TEXT, count INTEGER)")

    @staticmethod
    def write(txn: Any, count: int) -> None:
        insert = "INSERT INTO written VALUES (?, ?)"
        txn.executemany(insert, ((f"many {number}", number) for number in range(count // 2)))
        for number in range(count // 2):
            txn.execute(insert, (f"one {number}", number))


class Resource(DirectServeJsonResource):
    """Takes `rows`; answers with `ms`."""

    def __init__(self, driver: Driver) -> None:
        super().__init__()
        self.driver = driver

    async def _async_render_POST(self, request: Any) -> tuple[int, Any]:  # noqa: N802 -- Synapse's name
        return 200, {"ms": await self.driver.measure(parse_json_object_from_request(request)["rows"])}
