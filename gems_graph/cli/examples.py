"""Examples at the end of `--help`, by command; a test runs each through the parser."""

from __future__ import annotations

import typer

EXAMPLES = {
    "run": """
Exit codes: 0 passed or accepted, 3 a best effort, 1 an error and no picture,
2 wrong usage, 4 waiting for a person, 130 Ctrl-C.

Examples:
  gems run "two red fish left of a blue house" --seed 1
  gems run "a fox reading a newspaper" --mllm openai:gpt-5 \\
      --generator http:http://localhost:8000/generate
  gems run "a poster that says OPEN" --pause both --max-cost 0.50
  gems run --like gems-out/fox/image.png --seed 2
  gems run --prompts prompts.jsonl --out pictures --dry-run""",
    "resume": """
Examples:
  gems resume
  gems resume THREAD --max-iterations 8
  gems resume THREAD --verdict 2=yes --verdict 4=no
  gems resume THREAD --accept
  gems resume --all --concurrency 8""",
    "fork": """
Examples:
  gems fork THREAD --round 2
  gems fork THREAD --round 1 --prompt "a red fish above a blue house"
  gems fork THREAD --criteria better.txt --max-iterations 8
  gems fork THREAD --round 0 --seed 7 --thread again""",
    "show": """
Examples:
  gems show
  gems show THREAD --out again
  gems show gems-out/fox/image.png""",
    "history": """
Examples:
  gems history --state interrupted --grep fox
  gems history --all --json""",
    "compare": """
Examples:
  gems compare "two red fish left of a blue house" --seeds 5
  gems compare prompts.jsonl --strategies gems,original,search --budget images=5
  gems compare prompts.jsonl --strategies gems,gems:loop-only --mllm openai:gpt-5""",
    "report": """
Examples:
  gems report
  gems report gems-out/fox gems-out/house -o animals.html
  gems report THREAD -o rounds.gif""",
    "ui": """
Examples:
  gems ui
  gems ui --port 9000 --mllm openai:gpt-5 --generator openai:gpt-image-1""",
    "verify": """
Examples:
  gems verify fox.png "Is there a fox?" "Is it night?"
  gems verify fox.png "Is there a fox?" --mllm openai:gpt-5 --json""",
    "mcp": """
Examples:
  gems mcp
  gems mcp --mllm openai:gpt-5 --generator openai:gpt-image-1""",
    "rm": """
Examples:
  gems rm THREAD --dry-run
  gems rm --older-than 30d --state interrupted""",
    "gc": """
Examples:
  gems gc --dry-run
  gems gc --grace 1h --vacuum""",
    "doctor": """
Examples:
  gems doctor --mllm compat:qwen3-vl --mllm-url http://localhost:8000/v1
  gems doctor --generator comfyui:workflow.json --role verifier=openai:gpt-5""",
    "generators try": """
Examples:
  gems generators try mini --prompt "a red fish" --seed 3
  gems generators try openai:gpt-image-1 --size 1024x1024 --out fish.png""",
    "eval run": """
Examples:
  gems eval run geneval2 --dry-run
  gems eval run geneval2 --limit 20 --strategy gems --strategy original
  gems eval run wise --shard 1/4 --concurrency 8""",
    "eval judge": """
Examples:
  gems eval judge gems-out/geneval2 --judge compat:qwen3-vl \\
      --judge-url http://localhost:8000/v1
  gems eval judge gems-out/geneval2 --max-calls 100 --again""",
    "eval verifier": """
Examples:
  gems eval verifier --mllm compat:qwen3-vl --mllm-url http://localhost:8000/v1
  gems eval verifier --max-calls 200 --out verifier.json""",
    "eval decomposer": """
Examples:
  gems eval decomposer --mllm openai:gpt-5
  gems eval decomposer --max-calls 50 --json""",
    "skills try": """
Examples:
  gems skills try "a poster that says OPEN"
  gems skills try --mllm openai:gpt-5""",
}


def add_examples(app: typer.Typer, path: str = "") -> None:
    """Put the examples below the help of all commands, those of groups included."""
    for command in app.registered_commands:
        name = command.name or getattr(command.callback, "__name__", "").replace("_", "-")
        command.epilog = EXAMPLES.get(f"{path}{name}", "").strip() or command.epilog
    for group in app.registered_groups:
        if group.typer_instance:
            add_examples(group.typer_instance, f"{path}{group.name} ")
