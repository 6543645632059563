"""Trajectories for tests of pages: as plain as can be, or hostile in every text."""

from __future__ import annotations

from typing import Any

from gems_graph import Store
from gems_graph.calls.ledger import no_usage
from gems_graph.report.html.views import Kept
from gems_graph.settings import Settings
from gems_graph.testing import paint

HOSTILE = (
    "<script>window.pwned=1</script>",
    '"><img src=x onerror=window.pwned=1>',
    "'><svg onload=window.pwned=1>",
    "</template></details></script><script>window.pwned=1</script>",
    "<!--<script>window.pwned=1//",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:window.pwned=1",
    "</style><style>*{display:none}</style>",
    "]]></script><script>window.pwned=1</script>",
    "\u202egnp.exe \x00\x1b[31m\ud800 &lt;b&gt; &#60;i&#62;",
    "https://example.org/track.png http://example.org",
)
"""Texts that would run, load, hide or reorder something, were they not text."""


def kept(store: Store, text: str = "", rounds: int = 2, name: str = "t") -> Kept:
    """Return a trajectory with a text in all of its texts."""

    def say(words: str) -> str:
        return f"{words} {text}".strip()

    made = [
        {
            "n": n, "prompt": say(f"a red fish in round {n}"), "seed": n, "origin": say("refiner"),
            "thought": {"text": say("because"), "sha256": None}, "instruction": say("turn it"),
            "image": store.put_image(paint("p", n, (48, 32))),
            "verdicts": [
                {"answer": "yes" if n == rounds else "no", "p_yes": 0.25, "evidence": say("seen")},
                {"answer": "unsure", "p_yes": None, "evidence": say("dark")},
            ],
        }
        for n in range(1, rounds + 1)
    ]  # fmt: skip
    state: dict[str, Any] = {
        "prompt": say("a red fish"), "trajectory": "abc", "skills": [say("anatomy")],
        "criteria": [{"question": say("Is it red?"), "source": "user"},
                     {"question": say("Is it a fish?"), "source": say("skill:anatomy")}],
        "rounds": made, "experiences": [say("say where")] * (rounds - 1), "notes": [say("odd")],
        "failed": [{"reason": "budget", "node": say("generator"), "error": say("boom"),
                    "round": 9}],
        "timings": [{"node": say("planner"), "round": 1, "seconds": 0.5, "step": 2},
                    {"node": "decomposer", "round": 0, "seconds": 1.0, "step": 2},
                    {"node": "generator", "round": 1, "seconds": 2.0, "step": 3}],
        "ledger": {say("verifier"): {**no_usage(), "calls": 3, "seconds": 1.0, "bytes": 1200}},
        "settings": Settings(negative=_whole(say("blur"))[:4000]).model_dump(),
        "models": {say("planner"): say("mini")}, "versions": {"python": "3"},
        "result": {"image": made[-1]["image"], "prompt": made[-1]["prompt"], "round": rounds,
                   "passed": 1, "total": 2, "success": False, "verified": True,
                   "stop": {"reason": "max_iterations"}, "why": "most"},
    }  # fmt: skip
    return Kept(state, say(name))


def _whole(text: str) -> str:
    """Return a text without half characters, which no setting takes."""
    return text.encode("utf-8", "replace").decode()
