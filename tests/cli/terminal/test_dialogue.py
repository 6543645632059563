"""The dialogue at a pause, by script and on a real terminal, and the same by options."""

from __future__ import annotations

import io
import json
import os
import select
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from rich.console import Console

from gems_graph.cli.terminal.dialogue import Dialogue
from gems_graph.cli.terminal.editor import editor
from gems_graph.cli.terminal.waiting import how_to_go_on
from gems_graph.errors import UsageError
from gems_graph.review.questions import CriteriaQuestion, Judged, VerdictQuestion
from gems_graph.state import Criterion, ImageRef
from tests.conftest import HARD, CommandResult, Gems

ABOUT_CRITERIA = CriteriaQuestion(
    kind="criteria",
    request="a [red] cat",
    prompt="a fine cat",
    skills=["signs"],
    criteria=[
        Criterion(question="Is there a cat?", source="decomposer"),
        Criterion(question="Is it [bold]red[/bold]?", source="skill:signs"),
    ],
    answers={"criteria": "", "prompt": ""},
)
JUDGED = [
    Judged(n=1, question="Is it A?", source="user", answer="yes", p_yes=0.9, evidence="A seen"),
    Judged(n=2, question="Is it B?", source="user", answer="no", p_yes=None, evidence="C seen"),
]
ABOUT_VERDICT = VerdictQuestion(
    kind="verdict",
    request="a cat",
    prompt="a fine cat",
    round=2,
    max_iterations=5,
    image=ImageRef(sha256="0" * 64, media_type="image/png", width=64, height=64),
    verdicts=JUDGED,
    passed=1,
    total=2,
    best=2,
    answers={"verdicts": "", "accept": "", "prompt": ""},
)


def talk(question: Any, *lines: str, edit: Any = None) -> tuple[Any, str]:
    """Type lines; return the answer and what was shown."""
    shown = io.StringIO()
    console = Console(file=shown, width=200)
    typed = iter(lines)

    def read(prompt: str) -> str:
        console.print(prompt, markup=False)
        if (line := next(typed, None)) is None:
            raise EOFError
        return line

    answer = Dialogue(console, read, edit).about(question, Path("out/round-2.png"))
    assert next(typed, None) is None  # nothing typed in vain
    return answer, shown.getvalue()


def test_enter_goes_on_and_q_does_not(capsys: pytest.CaptureFixture[str]) -> None:
    for question in (ABOUT_CRITERIA, ABOUT_VERDICT):
        assert talk(question, "")[0] is True
        assert talk(question, "q")[0] is None
        assert talk(question)[0] is None  # the input has ended
    assert capsys.readouterr().out == ""


def test_ctrl_c_leaves_the_run_waiting() -> None:
    def read(prompt: str) -> str:
        raise KeyboardInterrupt

    assert Dialogue(Console(file=io.StringIO()), read).about(ABOUT_VERDICT) is None


def test_criteria_are_shown_numbered_with_their_sources_and_verbatim() -> None:
    shown = talk(ABOUT_CRITERIA, "")[1]
    assert "'a [red] cat'" in shown
    assert "1 Is there a cat?" in shown
    assert "2 Is it [bold]red[/bold]? skill:signs" in shown
    assert "Prompt: a fine cat" in shown


def test_a_verdict_is_shown_with_marks_evidence_and_the_pictures_file() -> None:
    shown = talk(ABOUT_VERDICT, "")[1]
    assert "Round 2 of at most 5: 1 of 2 criteria. The picture: out/round-2.png" in shown
    assert "1 ✓ Is it A? A seen" in shown
    assert "2 ✗ Is it B? C seen" in shown


def test_criteria_are_edited_line_by_line() -> None:
    lines = ["e", "1: Is there a dog?", "2:", "Is it 2: or 3?", "", ""]
    answer, shown = talk(ABOUT_CRITERIA, *lines)
    assert answer == {"criteria": ["Is there a dog?", "Is it 2: or 3?"]}
    assert "Is there a dog? yours" in shown


def test_criteria_and_prompt_are_edited_in_an_editor() -> None:
    given: list[str] = []

    def edit(text: str) -> str:
        given.append(text)
        return f"{text}\nIs it new?\n\n"

    answer, _ = talk(ABOUT_CRITERIA, "e", "p", "", edit=edit)
    assert given == ["Is there a cat?\nIs it [bold]red[/bold]?", "a fine cat"]
    assert answer["criteria"] == ["Is there a cat?", "Is it [bold]red[/bold]?", "Is it new?", ""]
    assert answer["prompt"] == "a fine cat\nIs it new?"


def test_no_criteria_at_all_are_refused_and_the_list_stays() -> None:
    answer, shown = talk(ABOUT_CRITERIA, "e", "1:", "1:", "", "")
    assert answer is True
    assert "holds no criteria" in shown


def test_verdicts_are_overruled_one_by_one() -> None:
    answer, shown = talk(ABOUT_VERDICT, "o", "2=yes", "O", "1 = no: a dog", "")
    assert answer == {"verdicts": {"2": "yes", "1": "no: a dog"}}
    assert "2 ✓ Is it B? you: yes" in shown
    assert "1 ✗ Is it A? you: no: a dog" in shown


@pytest.mark.parametrize("line", ["2=yes", "2 yes", " 2 : yes ", "2= yes", "2\tyes"])
def test_a_verdict_is_overruled_with_or_without_a_sign(line: str) -> None:
    answer, _ = talk(ABOUT_VERDICT, "o", line, "")
    assert answer == {"verdicts": {"2": "yes"}}


def test_a_reason_may_hold_colons_and_signs() -> None:
    answer, _ = talk(ABOUT_VERDICT, "o", "1 no: a=b, 2: c", "")
    assert answer == {"verdicts": {"1": "no: a=b, 2: c"}}


@pytest.mark.parametrize(
    ("line", "said"),
    [("3=yes", "numbered 1 to 2"), ("2=maybe", "say yes, no or unsure"), ("yes", "N=yes")],
)
def test_what_does_not_fit_is_said_at_once_and_changes_nothing(line: str, said: str) -> None:
    answer, shown = talk(ABOUT_VERDICT, "o", "2=yes", "o", line, "")
    assert answer == {"verdicts": {"2": "yes"}}
    assert said in shown


def test_accepting_ends_the_dialogue_with_all_changes() -> None:
    answer, _ = talk(ABOUT_VERDICT, "o", "2=yes", "a")
    assert answer == {"verdicts": {"2": "yes"}, "accept": True}


def test_a_next_prompt_is_typed_and_an_empty_one_is_none() -> None:
    assert talk(ABOUT_VERDICT, "p", " a dog ", "")[0] == {"prompt": "a dog"}
    assert talk(ABOUT_VERDICT, "p", "", "")[0] is True


def test_only_what_may_be_answered_is_offered() -> None:
    spent: Any = {**ABOUT_VERDICT, "answers": {"verdicts": "", "accept": ""}}
    answer, shown = talk(spent, "p", "a")
    assert answer == {"accept": True}
    assert "prompt" not in shown.partition("Prompt: a fine cat")[2]
    assert "a: accept" not in talk(ABOUT_CRITERIA, "")[1]
    assert "--prompt" not in how_to_go_on(spent, "t")


def test_how_to_go_on_names_the_thread_and_the_options() -> None:
    said = how_to_go_on(ABOUT_VERDICT, "my thread")
    for part in ("gems resume 'my thread' --go-on", "round 2", "--go-on", "--verdict N=yes",
                 "--accept", "--prompt TEXT"):  # fmt: skip
        assert part in said
    assert "the criteria" in how_to_go_on(ABOUT_CRITERIA, "t")


def test_the_users_editor_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.delenv("EDITOR", raising=False)
    assert editor() is None
    script = tmp_path / "my editor.py"
    script.write_text("import sys\nopen(sys.argv[1], 'a').write('猫')")
    monkeypatch.setenv("EDITOR", f"{sys.executable} '{script}'")
    edit = editor()
    assert edit is not None
    assert edit("a\nb") == "a\nb\n猫"
    for broken in ("no-such-editor", "'", "false"):
        monkeypatch.setenv("VISUAL", broken)
        edit = editor()
        assert edit is not None
        with pytest.raises(UsageError, match="set EDITOR to another"):
            edit("a")


# ------------------------------------------------------------------ gems run, gems resume


def start(gems: Gems, *options: str) -> CommandResult:
    return gems("run", HARD, "--seed", "1", "--thread", "t", "--out", "x", *options)


def test_without_a_terminal_a_run_waits_and_says_how_to_go_on(gems: Gems) -> None:
    said = start(gems, "--pause", "criteria")
    assert (said.code, said.out) == (4, "")
    assert "1 Are there exactly three yellow ducks? decomposer" in " ".join(said.err.split())
    assert said.err.splitlines()[-1].startswith("Waiting for a word on the criteria. Go on with: ")
    assert not Path("x").exists()
    again = gems("resume", "t", "--out", "x")
    assert (again.code, again.err) == (4, said.err[said.err.index("\nWhat") :])
    done = gems("resume", "t", "--out", "x", "--go-on", "-q")
    assert (done.code, done.out) in [
        (0, f"{Path('x/image.png')}\n"),
        (3, f"{Path('x/image.png')}\n"),
    ]


def test_a_waiting_run_is_told_as_json_with_its_picture(gems: Gems) -> None:
    said = start(gems, "--pause", "verdicts", "--json", "-q")
    assert (said.code, said.err.count("\n")) == (4, 1)
    told = said.json
    assert (told["thread"], told["question"]["round"]) == ("t", 1)
    assert told["file"] == str(Path("x/round-1.png"))
    assert Image.open(told["file"]).width == told["question"]["image"]["width"]


def test_criteria_are_answered_from_a_file_and_verdicts_by_number(gems: Gems) -> None:
    start(gems, "--pause", "both", "-q")
    Path("mine.txt").write_text(
        "Are there exactly three yellow ducks?\nAre there exactly three orange ducks?\n"
    )
    options = ["--out", "x", "--json", "-q"]
    asked = gems("resume", "t", "--criteria", "mine.txt", *options)
    assert [v["answer"] for v in asked.json["question"]["verdicts"]] == ["yes", "no"]
    done = gems("resume", "t", "--verdict", "2=yes", *options)
    assert done.code == 0
    assert (done.json["stop_reason"], len(done.json["rounds"])) == ("passed", 1)
    assert [criterion["source"] for criterion in done.json["criteria"]] == ["decomposer"] * 2
    assert {file.name for file in Path("x").iterdir()} == {
        "image.png", "round-1.png", "rounds.png", "trajectory.json",
    }  # fmt: skip


def test_a_prompt_is_drawn_and_its_picture_accepted(gems: Gems) -> None:
    start(gems, "--pause", "verdicts", "-q")
    asked = gems("resume", "--prompt", "a red fish", "--out", "x", "--json", "-q")
    assert (asked.code, asked.json["question"]["prompt"]) == (4, "a red fish")
    done = gems("resume", "--accept", "--out", "x")
    assert done.code == 0  # accepted, whatever its score
    assert done.out.startswith("Accepted: a person accepted round 2, which passes ")
    record = json.loads(Path("x/trajectory.json").read_text())
    assert (record["stop_reason"], record["result"]["success"]) == ("accepted", False)
    assert gems("resume", "t", "--out", "y", "-q").code == 0  # it has ended well


def test_an_answer_that_does_not_fit_exits_2_and_the_run_still_waits(gems: Gems) -> None:
    start(gems, "--pause", "verdicts", "-q")
    for option, said in (("9=yes", "no criterion 9"), ("1=maybe", "say yes"), ("1", "N=yes")):
        refused = gems("resume", "t", "--verdict", option, "-q")
        assert (refused.code, refused.out) == (2, "")
        assert said in refused.err
    assert gems("resume", "t", "--accept", "-q").code == 0


def test_an_answer_to_nothing_is_refused(gems: Gems) -> None:
    start(gems, "--max-iterations", "1", "-q")
    result = gems("resume", "t", "--accept")
    assert result.code != 0
    assert "'t' waits for no answer" in result.err


def test_settings_given_with_the_answer_hold_from_there(gems: Gems) -> None:
    start(gems, "--pause", "both", "-q")
    done = gems("resume", "t", "--go-on", "--set", "pause=never", "--json", "-q")
    assert "result" in done.json


@pytest.mark.skipif(os.name == "nt", reason="a POSIX pseudo-terminal")
def test_on_a_terminal_the_dialogue_opens_and_its_keys_count(tmp_path: Path) -> None:
    master, slave = os.openpty()
    command = [sys.executable, "-m", "gems_graph.cli", "run", HARD, "--seed", "1", "--out", "x"]
    process = subprocess.Popen(
        [*command, "--thread", "t", "--pause", "both"],
        stdin=slave, stderr=slave, stdout=subprocess.PIPE, text=True, cwd=tmp_path,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "120", "EDITOR": "", "VISUAL": ""},
    )  # fmt: skip
    os.close(slave)
    for keys in ("p", "a red fish", ""):
        wait_for(master, "> ")
        os.write(master, f"{keys}\n".encode())
    shown = wait_for(master, "Round 1 of at most 5", "accept this picture", "> ")
    assert "x/round-1.png" in shown
    assert (tmp_path / "x" / "round-1.png").is_file()
    os.write(master, b"a\n")
    out, _ = process.communicate(timeout=60)
    os.close(master)
    assert process.returncode == 0
    assert out.startswith("Accepted: a person accepted round 1")
    record = json.loads((tmp_path / "x" / "trajectory.json").read_text())
    assert record["rounds"][0]["prompt"] == "a red fish"


def wait_for(terminal: int, *texts: str) -> str:
    """Read what a terminal shows until all texts were shown, in order."""
    shown, at = "", 0
    for text in texts:
        while (found := shown.find(text, at)) < 0:
            assert select.select([terminal], [], [], 60)[0], shown
            shown += os.read(terminal, 10_000).decode(errors="replace")
        at = found + len(text)
    return shown
