"""The cluster of Ray that this process is in: joined or started, and left as it was found."""

from __future__ import annotations

import logging
import os
import socket
from typing import Any

from gems_graph.errors import ConfigError
from gems_graph.generators.actors.placing import CLIENT, MEMBER, Placing
from gems_graph.settings.redaction import shortened
from gems_graph.settings.servers import check_server
from gems_graph.system.processes import Lock

_PATIENCE = 5.0  # seconds


class Cluster:
    """Joined by the first that draws there, left by the last; the caller's own stays joined."""

    def __init__(self) -> None:
        self._lock, self._users, self._ours, self._address = Lock(), 0, False, ""
        self._process = 0

    def join(self, address: str) -> None:
        """Join a cluster, or start one on this machine if there is none.

        Args:
            address: HOST:PORT; empty: the caller's, that of `RAY_ADDRESS`, the one that was
                started on this machine, or one of our own, which ends with us; local: of our own.

        Raises:
            ConfigError: it cannot be joined, or this process, or the one that it was forked from,
                has joined another.
        """
        with self._lock:
            if self._users and self._process != os.getpid():
                msg = (
                    "A forked process cannot draw in the cluster of Ray that its parent joined: "
                    "start it anew (multiprocessing's spawn), or fork before anything is drawn."
                )
                raise ConfigError(msg)
            if self._users and address != self._address:
                msg = (
                    f"This process draws in the cluster of Ray {_place(self._address)}, and can "
                    "join one at a time: draw in the other with another process."
                )
                raise ConfigError(msg)
            if not self._users:
                self._ours, self._address = _joined(address), address
                self._process = os.getpid()
            self._users += 1

    def leave(self) -> None:
        """Say that one user less draws; the last leaves what we joined, or ends what we started."""
        import ray

        with self._lock:
            self._users -= 1
            if not self._users and self._ours:
                ray.shutdown()


CLUSTER = Cluster()
"""A process can be in one."""


def _joined(address: str) -> bool:
    """Join or start a cluster, unless the caller has; return whether we did."""
    import ray

    if ray.is_initialized():
        return False
    named = address or os.environ.get("RAY_ADDRESS", "")
    if named.startswith(CLIENT):
        msg = f"RAY_ADDRESS is {named}; it must be {MEMBER}."
        raise ConfigError(msg)
    if address not in ("", "local"):
        check_server(f"ray://{address}")
    try:
        _check_listens(named)
        ray.init(
            address=address or None,  # which finds no cluster that another program keeps for itself
            include_dashboard=False,
            logging_level=logging.ERROR,
            log_to_driver=False,
        )
    except Exception as error:
        reason = f"{type(error).__name__}: {shortened(str(error), 300)}"
        msg = (
            f"The cluster of Ray {_place(named)} cannot be joined ({reason}): set "
            "generator_options.address to HOST:PORT of one that this machine belongs to, or to "
            "local for one of its own."
        )
        raise ConfigError(msg) from error
    return True


def _place(address: str) -> str:
    return f"at {address}" if address else "on this machine"


def _check_listens(address: str) -> None:
    """Make sure that somebody answers at an address: Ray itself would try for minutes.

    Raises:
        OSError: nobody does.
    """
    host, _, port = address.rpartition(":")
    if port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), timeout=_PATIENCE).close()


def reserve(placing: Placing, gpus: float, actors: int) -> Any:
    """Return a placement group with room for all actors.

    Raises:
        ConfigError: the cluster has no such room in time; nothing is left waiting for it.
    """
    from ray.util.placement_group import placement_group, remove_placement_group

    each = {"CPU": float(placing.cpus), **({"GPU": gpus} if gpus else {})}
    group = placement_group([each] * actors)
    if group.wait(placing.wait):
        return group
    remove_placement_group(group)
    raise ConfigError(_too_few(each, actors, placing.wait))


def _too_few(each: dict[str, float], actors: int, wait: float) -> str:
    import ray

    free, there = ray.available_resources(), ray.cluster_resources()
    found = " and ".join(
        f"{free.get(kind, 0.0):g} of {there.get(kind, 0.0):g} {kind}s are free" for kind in each
    )
    taken = " and ".join(f"{count:g} {kind}" for kind, count in each.items())
    return (
        f"Ray found no room for {actors} actors with {taken} each in {wait:g} s; {found}: set "
        "generator_options.actors or .cpus lower, add machines, or set .wait higher."
    )


def gpus_there() -> float:
    """Return how many GPUs the cluster has, whoever uses them."""
    import ray

    return float(ray.cluster_resources().get("GPU", 0.0))
