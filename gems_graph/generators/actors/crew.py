"""Actors that draw alike: the least busy is asked, one that died is made anew."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from gems_graph.errors import ConfigError, TransientError
from gems_graph.generators.actors.calls import asked, cause_of, is_broken, said
from gems_graph.generators.actors.cluster import CLUSTER, gpus_there, reserve
from gems_graph.generators.actors.painter import Painter
from gems_graph.generators.actors.placing import Placing
from gems_graph.generators.request import GenerateRequest, Picture
from gems_graph.settings.generator import Capabilities

_CALLS = 1_000  # that an actor takes at a time; its pipeline draws them one after the other


@dataclass
class Seat:
    """Room for one actor.

    Attributes:
        number: of the bundle in the placement group.
        actor: who sits there; None: nobody yet, or the last one died.
        opened: what its opening gives, for whoever waits for it.
        busy: calls under way.
        last: turn in which it was asked last.
    """

    number: int
    actor: Any = None
    opened: Any = None
    busy: int = 0
    last: int = 0


class Crew:
    """Actors in one cluster, each with a generator of its own.

    Args:
        name: of the generator that each opens.
        options: of that generator.
        placing: where they draw.
        on_gpu: whether that generator may use one.

    Raises:
        ConfigError: there is no such cluster, too little room in it, or the generator cannot be
            opened.
    """

    def __init__(
        self, name: str, options: Mapping[str, Any], placing: Placing, *, on_gpu: bool
    ) -> None:
        self._name, self._options, self._cpus = name, dict(options), placing.cpus
        self._turns, self._group, self._seats = 0, None, list[Seat]()
        CLUSTER.join(placing.address)
        self._joined = True
        try:
            there = gpus_there() if on_gpu else 0.0
            self._gpus = float(there > 0) if placing.gpus is None else placing.gpus
            most = int(there // self._gpus) if self._gpus else 1
            actors = placing.actors or max(1, most)
            self._group = reserve(placing, self._gpus, actors)
            self._seats = [Seat(number) for number in range(actors)]
            self.capabilities = self._open()
        except BaseException:
            self.close()
            raise

    async def draw(self, request: GenerateRequest) -> list[Picture]:
        """Have the least busy actor draw; one that died is made anew for its next call.

        Raises:
            TransientError: the actor died.
            GeneratorError: as the generator itself raises.
        """
        self._turns += 1
        seat = min(self._seats, key=lambda seat: (seat.busy, seat.actor is None, seat.last))
        seat.last, seat.busy = self._turns, seat.busy + 1
        try:
            return await self._drawn(seat, request)
        finally:
            seat.busy -= 1

    @property
    def size(self) -> int:
        """How many actors there are."""
        return len(self._seats)

    def close(self) -> None:
        """Kill the actors, give back their room and leave the cluster."""
        if not self._joined:
            return
        self._joined = False
        import ray
        from ray.util.placement_group import remove_placement_group

        for seat in self._seats:
            if seat.actor is not None:
                ray.kill(seat.actor)
        if self._group is not None:
            remove_placement_group(self._group)
        self._seats, self._group = [], None
        CLUSTER.leave()

    def _open(self) -> Capabilities:
        """Have an actor in every seat, and wait until the last has opened its generator."""
        import ray
        from ray.exceptions import RayActorError, RayTaskError

        try:
            opened: list[Capabilities] = ray.get([self._take(seat) for seat in self._seats])
        except RayTaskError as error:
            raise cause_of(error) from error
        except RayActorError as error:
            msg = f"An actor of Ray died while it opened {self._name!r}: {said(error)}"
            raise ConfigError(f"{msg} Has its machine too little memory?") from error
        return opened[0]

    def _take(self, seat: Seat) -> Any:
        """Have an actor in a seat, and return what its opening gives."""
        import ray
        from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

        if seat.actor is None:
            make = ray.remote(Painter).options(
                num_cpus=self._cpus,
                num_gpus=self._gpus,
                max_concurrency=_CALLS,
                scheduling_strategy=PlacementGroupSchedulingStrategy(self._group, seat.number),
            )
            seat.actor = make.remote(self._name, self._options)
            seat.opened = seat.actor.open.remote()
        return seat.opened

    async def _drawn(self, seat: Seat, request: GenerateRequest) -> list[Picture]:
        from ray.exceptions import RayError, RayTaskError

        opened = self._take(seat)
        actor = seat.actor
        try:
            await opened
            return await asked(actor, request)
        except RayTaskError as error:
            cause = cause_of(error)
            if not (isinstance(cause, ConfigError) or is_broken(cause)):
                raise cause from error
            self._dismiss(seat, actor)  # that could not take a dead one's place, or lost its GPU
            msg = f"An actor of Ray cannot draw, and is made anew: {said(cause)}"
            raise TransientError(msg) from error
        except RayError as error:
            self._dismiss(seat, actor)
            msg = f"An actor of Ray died, and is made anew: {said(error)}"
            raise TransientError(msg) from error

    def _dismiss(self, seat: Seat, actor: Any) -> None:
        """Have nobody in a seat, unless somebody else sits there already."""
        import ray

        if seat.actor is actor:
            seat.actor = seat.opened = None
            with suppress(ray.exceptions.RayError):  # of those that are dead
                ray.kill(actor)
