"""Relations, loaded for many parents at a time.

Fields that need data ask a batch and get a future. The batch waits until nobody else comes along, and loads once for
all who asked. It keeps nothing afterwards: it batches and does not cache, so nothing is stale after a mutation.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Any

Load = Callable[[Sequence[Any]], Awaitable[Sequence[Any]]]
Read = Callable[[Any, Any], Any] | None


class Batch:
    """The parents that are waiting for one load, each with the futures of the fields that asked."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._waiting: dict[int, tuple[Any, list[tuple[asyncio.Future[Any], Read]]]] = {}
        self._loop = asyncio.get_running_loop()

    def ask(self, parent: Any, read: Read) -> asyncio.Future[Any]:
        """What will be loaded for this parent, through `read(parent, loaded)` when that is given."""
        future: asyncio.Future[Any] = self._loop.create_future()
        if not self._waiting:
            self._loop.call_soon(self._wait_a_turn)
        asked = self._waiting.get(id(parent))
        if asked is None:
            self._waiting[id(parent)] = (parent, [(future, read)])
        else:
            asked[1].append((future, read))
        return future

    def _wait_a_turn(self) -> None:
        """Siblings whose own parents arrived in the same batch are one turn behind; they come along."""
        self._loop.call_soon(lambda: self._loop.create_task(self._run()))

    async def _run(self) -> None:
        asked, self._waiting = list(self._waiting.values()), {}
        try:
            loaded = await self._load([parent for parent, _ in asked])
            if len(loaded) != len(asked):
                raise TypeError(f"{len(asked)} parents asked and {len(loaded)} were answered")
        except Exception as error:
            for _, futures in asked:
                for future, _ in futures:
                    if not future.done():
                        future.set_exception(error)
            return
        for (parent, futures), value in zip(asked, loaded, strict=True):
            for future, read in futures:
                if not future.done():
                    _answer(future, parent, value, read)


def _answer(future: asyncio.Future[Any], parent: Any, value: Any, read: Read) -> None:
    try:
        future.set_result(value if read is None else read(parent, value))
    except Exception as error:
        future.set_exception(error)


class Batches:
    """The batches of one request. Fields that share a key share a load."""

    def __init__(self) -> None:
        self._batches: dict[Hashable, Batch] = {}

    def of(self, key: Hashable, load: Callable[[], Load]) -> Batch:
        """The batch with this key; `load` makes its loader the first time."""
        batch = self._batches.get(key)
        if batch is None:
            batch = self._batches[key] = Batch(load())
        return batch
