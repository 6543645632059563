"""What is compared: prompts, strategies, seeds, and the budget of each run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gems_graph.batch.prompt_file import Entry
from gems_graph.errors import ConfigError, UsageError
from gems_graph.settings import Settings, settle
from gems_graph.settings.roles import JUDGE
from gems_graph.strategies import open_strategy

CAPS = {
    "images": "max_images", "calls": "max_calls", "tokens": "max_tokens_total",
    "seconds": "max_seconds", "cost": "max_cost",
}  # fmt: skip
"""What a budget may bound, and the setting that does."""
_APART = 1000  # between the seeds of a prompt, so that no strategy draws those of another seed


class Run(NamedTuple):
    """One run: a prompt, by one strategy, from one seed."""

    id: str
    prompt: str
    strategy: str
    seed: int


@dataclass(frozen=True)
class Comparison:
    """What is compared.

    Attributes:
        requests: prompts; their criteria are the judge's, and no strategy sees them.
        strategies: by name, or as `gems:PRESET`; the one that the others are compared with first.
        settings: of all runs.
        budget: of each run, by the names of `CAPS`.
        seeds: of each prompt; the same for all strategies.
        judge_budget: of the judge, over all that it judges.
    """

    requests: Sequence[Entry]
    strategies: Sequence[str]
    settings: Settings
    budget: Mapping[str, float] = field(default_factory=dict)
    seeds: int = 1
    judge_budget: Mapping[str, float] = field(default_factory=dict)

    @property
    def runs(self) -> list[Run]:
        """Every run, prompt by prompt."""
        return [run for run, _ in self._with_entries()]

    @property
    def entries(self) -> list[Entry]:
        """Every run as a prompt of a batch."""
        return [entry for _, entry in self._with_entries()]

    @property
    def run_settings(self) -> Settings:
        """The settings of each run: under the budget, which also bounds the rounds it may draw."""
        dials = as_caps(self.budget)
        if images := int(self.budget.get("images", 0)):
            rounds = {"max_iterations": min(images, 50), "maestro_rounds": min(-(-images // 2), 25)}
            dials |= {k: v for k, v in rounds.items() if k not in self.settings.model_fields_set}
        return Settings(**{**self.settings.model_dump(exclude_unset=True), **dials})

    @property
    def judge_settings(self) -> Settings:
        """The settings of the judge, as Decomposer and Verifier, under a budget of its own."""
        judge = self.settings.model_for(JUDGE)
        dials = {**dict.fromkeys(CAPS.values()), **as_caps(self.judge_budget), "variations": 1}
        roles = {"verifier": judge, "decomposer": judge}
        return self.settings.model_copy(update={**dials, "roles": roles, "budget": None})

    @property
    def judge_is_independent(self) -> bool:
        """Whether the judge is another model than all that the strategies ask."""
        judge = self.settings.model_for(JUDGE).mllm
        names = [dials_of(each)["strategy"] for each in self.strategies]
        roles = {role for name in names for role in open_strategy(name).all_roles}
        return all(self.settings.model_for(role).mllm != judge for role in roles)

    def _with_entries(self) -> Iterator[tuple[Run, Entry]]:
        for request in self.requests:
            first = int(request.dials.get("seed", self.settings.seed or 0))
            for k in range(self.seeds):
                seed = (first + k * _APART) % 2**31
                for strategy in self.strategies:
                    id_ = f"{request.id}-{seed}-{strategy.replace(':', '-')}"
                    dials = {**request.dials, **dials_of(strategy), "seed": seed}
                    entry = Entry(request.where, id_, True, request.prompt, dials=dials)
                    yield Run(id_, request.prompt, strategy, seed), entry


def dials_of(strategy: str) -> dict[str, str]:
    """Return the settings that a strategy as it is named stands for: `gems`, `gems:loop-only`.

    Raises:
        ConfigError: there is no such strategy or preset, or it needs what is not installed here.
    """
    name, _, preset = strategy.partition(":")
    opened = open_strategy(name)
    if opened.lacks:
        raise ConfigError(opened.lacks)
    dials = {"strategy": opened.name, **({"preset": preset} if preset else {})}
    settle(dials)
    return dials


def as_caps(budget: Mapping[str, float]) -> dict[str, Any]:
    """Return a budget as settings; whole numbers where something is counted."""
    return {
        CAPS[name]: amount if name in ("seconds", "cost") else int(amount)
        for name, amount in budget.items()
    }


def budget_in(text: str) -> dict[str, float]:
    """Read `images=5,cost=0.2`.

    Raises:
        UsageError: it is not of that form, or there is no such cap.
    """
    budget: dict[str, float] = {}
    for pair in filter(None, (each.strip() for each in text.split(","))):
        name, _, amount = pair.partition("=")
        try:
            budget[name] = float(amount)
        except ValueError:
            budget[name] = 0.0
        counts = name not in ("seconds", "cost")
        if name not in CAPS or not budget[name] > 0 or (counts and budget[name] % 1):
            names = ", ".join(CAPS)
            msg = f"A budget is NAME=AMOUNT[,NAME=AMOUNT] of {names}, not {pair!r}; e.g. images=5."
            raise UsageError(msg)
    return budget
