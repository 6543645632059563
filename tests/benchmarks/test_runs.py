"""`gems eval run`, `finalize`, `judge`, `official`: offline, and against servers on loopback."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from gems_graph.benchmarks import layout, running
from gems_graph.benchmarks.capabilities import Judged, Measured
from gems_graph.benchmarks.judge import judges_itself, route_of
from gems_graph.benchmarks.listing import names, open_task
from gems_graph.benchmarks.task import Prompt, Task
from gems_graph.errors import UsageError
from gems_graph.prompting.sanitize import file_name
from gems_graph.settings import Settings
from gems_graph.testing import ChatServer, ImageServer
from tests.conftest import Gems

SECRET = "the hidden answer is forty-two"
GENEVAL2 = {
    "prompt": "two kites",
    "atom_count": 3,
    "vqa_list": [["How many kites are in the image?", "two"], [f"{SECRET}?", "Yes"]],
    "skills": ["count", "object"],
}
GENEVAL = {"tag": "colors", "include": [{"class": SECRET, "count": 1}], "prompt": "a red kite"}
QUIET = ("--quiet", "--set", "retry_wait=0")


def pixel(shade: int = 9) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (1, 1), (shade, shade, shade)).save(out, "PNG")
    return out.getvalue()


def drawn(way: Path, task: str, prompts: list[Prompt], samples: int, but: int = 0) -> Any:
    """Note a run, and put one-pixel pictures where the batch runner leaves them."""
    found = running.manifest(
        open_task(task), "gems", way, prompts, Settings(), limit=None, samples=samples, seeds=1
    )
    running.write_manifest(way, found)
    entries = running.entries(found, prompts)
    for k, entry in enumerate(entries[: len(entries) - but]):
        folder = way / running.RUNS / file_name(entry.id)
        folder.mkdir(parents=True)
        (folder / "image.png").write_bytes(pixel(10 * k % 256))
    return found


def files(way: Path) -> list[str]:
    base = way / running.PICTURES
    return sorted(f.relative_to(base).as_posix() for f in base.rglob("*") if f.is_file())


LAYOUTS = {
    "geneval": ["00000/metadata.jsonl", *(f"00000/samples/{k:04d}.png" for k in range(4))],
    "geneval2": ["image_paths.json", "img_idx_00000.png"],
    "shapes": ["image_paths.json", "img_idx_00000.png"],
    "dpg": ["a.png"],
    "oneig_en": ["object/gems/000.webp"],
    "oneig_zh": ["object/gems/000.webp"],
    "wise": ["401.png"],
    "wise_verified": ["401.png"],
    "longtext_en": [f"0007_{k}.png" for k in (1, 2, 3, 4)],
    "longtext_zh": [f"0007_{k}.png" for k in (1, 2, 3, 4)],
    "spatialgeneval": ["000001.png"],
    "crea": ["image_paths.json", *(f"img_idx_00000_sub_{k:02d}.png" for k in range(25))],
    "artimuse": ["00000.json", "00000.png"],
}
PROMPTS = {
    "geneval": Prompt("00000", "a red kite", data=GENEVAL),
    "geneval2": Prompt("00000", "two kites", data=GENEVAL2),
    "dpg": Prompt("a", "a long prompt", "a"),
    "wise": Prompt("401", "a sundial", 401),
    "longtext": Prompt("0007", "a sign", 7),
    "spatialgeneval": Prompt("000001", "a park", "000001"),
    "crea": Prompt("00000", "a creative couch"),
    "artimuse": Prompt("00000", "Aesthetic Drawing: a red kite", data=GENEVAL),
    "oneig": Prompt("object_000", "a kite", "object_000", {"class": "object", "id": "000"}),
    "shapes": Prompt("00000", "two red fish"),
}


def prompt_of(task: str) -> Prompt:
    return PROMPTS.get(task) or PROMPTS[task.split("_")[0]]


@pytest.mark.parametrize("task", sorted(LAYOUTS))
def test_one_pixel_pictures_end_up_in_the_official_layout(task: str, tmp_path: Path) -> None:
    prompt, way = prompt_of(task), tmp_path / "gems"
    found = drawn(way, task, [prompt], open_task(task).samples)
    layout.finalize(way, found, open_task(task), [prompt])
    assert files(way) == sorted(LAYOUTS[task])
    listed = json.loads((way / layout.LISTING).read_text(encoding="utf-8"))
    assert sorted(listed) == [f"pictures/{name}" for name in sorted(LAYOUTS[task])]


def test_every_benchmark_has_a_layout_here() -> None:
    assert sorted(names()) == sorted(LAYOUTS)


def test_grids_and_manifests_say_what_the_scorers_read(tmp_path: Path) -> None:
    way = tmp_path / "dpg"
    found = drawn(way, "dpg", [PROMPTS["dpg"]], 4)
    layout.finalize(way, found, open_task("dpg"), [PROMPTS["dpg"]])
    grid = Image.open(way / "pictures" / "a.png").convert("RGB")
    pixels = [grid.getpixel(place) for place in ((0, 0), (1, 0), (0, 1), (1, 1))]
    assert pixels == [(n, n, n) for n in (0, 10, 20, 30)]  # in reading order
    way = tmp_path / "crea"
    found = drawn(way, "crea", [PROMPTS["crea"]], 2)
    layout.finalize(way, found, open_task("crea"), [PROMPTS["crea"]])
    paths = json.loads((way / "pictures" / "image_paths.json").read_text(encoding="utf-8"))
    assert paths == {"a creative couch": [f"img_idx_00000_sub_0{k}.png" for k in (0, 1)]}
    way = tmp_path / "geneval"
    found = drawn(way, "geneval", [PROMPTS["geneval"]], 4)
    layout.finalize(way, found, open_task("geneval"), [PROMPTS["geneval"]])
    line = (way / "pictures" / "00000" / "metadata.jsonl").read_text(encoding="utf-8")
    assert json.loads(line) == GENEVAL


def test_an_incomplete_set_is_refused_unless_told(tmp_path: Path) -> None:
    prompts = [PROMPTS["geneval"], Prompt("00001", "a blue kite", data=GENEVAL)]
    found = drawn(tmp_path, "geneval", prompts, 4, but=1)
    task = open_task("geneval")
    with pytest.raises(UsageError, match=r"1 pictures .* geneval/00001/3/4.*--partial"):
        layout.finalize(tmp_path, found, task, prompts)
    laid = layout.finalize(tmp_path, found, task, prompts, partial=True)
    assert (laid.missing, files(tmp_path)) == (["geneval/00001/3/4"], sorted(LAYOUTS["geneval"]))


def test_repetitions_have_seeds_and_layouts_of_their_own(tmp_path: Path) -> None:
    task, prompt = open_task("geneval2"), PROMPTS["geneval2"]
    found = running.manifest(
        task, "gems", tmp_path, [prompt], Settings(seed=7), limit=None, samples=1, seeds=2
    )
    assert [e.id for e in running.entries(found, [prompt])] == [
        "geneval2/00000/0/7", "geneval2/00000/0/8",
    ]  # fmt: skip
    assert [p.name for p in layout.places(tmp_path, found)] == ["seed-7", "seed-8"]


@pytest.mark.parametrize(
    ("task", "record"), [("geneval2", GENEVAL2), ("geneval", GENEVAL)], ids=["geneval2", "geneval"]
)
def test_only_id_and_prompt_reach_the_agent(
    task: str, record: dict[str, Any], tmp_path: Path, gems: Gems
) -> None:
    (tmp_path / open_task(task).files[0]).write_text(json.dumps(record), encoding="utf-8")
    with ChatServer() as chat, ImageServer() as painter:
        done = gems(
            "eval", "run", task, "--data-dir", str(tmp_path), "--samples", "1", "--out", "o",
            "--mllm", "compat:vl", "--mllm-url", f"{chat.url}/v1",
            "--generator", f"http:{painter.url}", *QUIET,
        )  # fmt: skip
        said = json.dumps([*chat.requests, *painter.requests])
    assert done.code in (0, 3), done.err
    assert record["prompt"] in said
    assert SECRET not in said
    kept = "".join(f.read_text(encoding="utf-8") for f in Path("o").rglob("trajectory.json"))
    assert record["prompt"] in kept
    assert SECRET not in kept


def test_shapes_offline_is_drawn_judged_and_taken_up(gems: Gems, tmp_path: Path) -> None:
    call = ("eval", "run", "shapes", "--limit", "2", "--strategy", "original", "--out", "o")
    assert gems(*call, "--quiet").code in (0, 3)
    way = Path("o/original")
    assert files(way) == ["image_paths.json", "img_idx_00000.png", "img_idx_00001.png"]
    assert "all done before" in gems(*call).err
    more = gems(*call[:3], "--limit", "3", *call[5:])
    assert "1 to draw" in more.err  # those that were there stay
    report = gems("eval", "judge", "o", "--json").json
    assert (report["route"], report["prompts"], report["complete"]) == ("pixels", 3, True)
    again = gems(
        "eval", "score", "shapes", "--answers", str(way / "answers-pixels.jsonl"), "--json"
    )
    assert again.json["figures"]["soft_tifa_gm"] == report["score"]
    assert (again.code, len(again.json["missing"])) == (3, 77)


def test_several_ways_are_drawn_by_one_command(gems: Gems) -> None:
    call = (
        "eval",
        "run",
        "shapes",
        "--limit",
        "1",
        "--strategy",
        "original, search,gems:no-skills",
    )
    done = gems(
        *call, "--preset", "loop-only", "--set", "max_iterations=1", "--out", "o", "--quiet"
    )
    assert done.code in (0, 3), done.err
    assert sorted(way.name for way in Path("o").iterdir()) == [
        "gems-no-skills", "loop-only", "original", "search",
    ]  # fmt: skip
    kept = running.read_manifest(Path("o/gems-no-skills"))["settings"]
    assert (kept["strategy"], kept["preset"]) == ("gems", "no-skills")


@pytest.mark.parametrize("names", ["original,nonsense", "original,gems:nonsense"])
def test_a_way_that_there_is_not_is_told_before_anything_is_drawn(gems: Gems, names: str) -> None:
    done = gems("eval", "run", "shapes", "--limit", "1", "--strategy", names, "--out", "o")
    assert (done.code, "nonsense" in done.err) == (2, True)
    assert not Path("o").exists()


def test_the_first_requests_of_shapes_hold_as_many_of_each_number_of_atoms() -> None:
    atoms = [prompt.data["atom_count"] for prompt in open_task("shapes").load(Path())]
    assert atoms == [*range(3, 11)] * 10


def test_a_folder_of_another_run_is_left_alone(gems: Gems) -> None:
    call = ("--limit", "1", "--strategy", "original", "--out", "o", "--quiet")
    gems("eval", "run", "shapes", *call)
    other = gems("eval", "run", "shapes", "--samples", "2", *call)
    assert (other.code, "another samples" in other.err) == (2, True)
    drawn_otherwise = gems("eval", "run", "shapes", *call, "--size", "264x264")
    assert (drawn_otherwise.code, "another size" in drawn_otherwise.err) == (2, True)
    assert gems("eval", "run", "shapes", *call, "--set", "retries=1").code in (0, 3)
    assert gems("eval", "finalize", "nowhere").code == 2


def token(choices: dict[str, float]) -> list[dict[str, Any]]:
    listed = [{"token": text, "logprob": logprob} for text, logprob in choices.items()]
    return [{**listed[0], "top_logprobs": listed}]


def judged(gems: Gems, server: ChatServer, *more: str) -> Any:
    return gems(
        "eval", "judge", "o", "--judge", "compat:Qwen3-VL-8B-Instruct",
        "--judge-url", f"{server.url}/v1", "--json", *QUIET, *more,
    )  # fmt: skip


def one_run(tmp_path: Path) -> Path:
    (tmp_path / "geneval2_data.jsonl").write_text(json.dumps(GENEVAL2), encoding="utf-8")
    way = tmp_path / "o" / "gems"
    prompts = open_task("geneval2").load(tmp_path)
    found = drawn(way, "geneval2", prompts, 1)
    running.write_manifest(way, {**found, "data": str(tmp_path)})
    return way


def test_soft_tifa_from_the_first_token_of_an_endpoint(gems: Gems, tmp_path: Path) -> None:
    way = one_run(tmp_path)
    logprobs = token({"two": -1.0, "Yes": -1.2, " two": -3.0, "No": -9.0})
    with ChatServer({"": "two"}, logprobs=logprobs) as server:
        report = judged(gems, server).json
        first = [*server.requests]
        assert [r["max_tokens"] for r in first] == [1, 1]
        assert [(r["temperature"], r["logprobs"], r["top_logprobs"]) for r in first] == [
            (0.0, True, 20)
        ] * 2
        texts = [
            part["text"] for r in first for part in r["messages"][0]["content"] if "text" in part
        ]
        assert sorted(texts) == sorted(f"{q} Answer in one word." for q, _ in GENEVAL2["vqa_list"])  # type: ignore[misc]
        again = judged(gems, server).json
        assert len(server.requests) == len(first)  # its journal has them
    assert (report["route"], again["score"]) == ("endpoint", report["score"])
    lines = (way / "answers-endpoint.jsonl").read_text(encoding="utf-8").splitlines()
    [(count_low, count_high), (yes_low, yes_high)] = json.loads(lines[0])["answers"]
    assert count_low == pytest.approx(2.718281828**-1 + 2.718281828**-3)
    assert yes_low == pytest.approx(2.718281828**-1.2)
    assert count_high - count_low < 4 * 2.718281828**-9 + 1e-9
    assert yes_high <= yes_low + 3 * 2.718281828**-9 + 1e-9
    figures = report["figures"]
    assert figures["soft_tifa_gm_lower"] < figures["soft_tifa_gm"] < figures["soft_tifa_gm_upper"]


def test_without_log_probabilities_there_is_no_score_and_it_says_so(
    gems: Gems, tmp_path: Path
) -> None:
    one_run(tmp_path)
    with ChatServer({"": "two"}) as server:
        done = judged(gems, server)
    assert (done.code, done.json["score"], done.json["complete"]) == (1, None, False)
    assert "no log-probabilities" in done.json["failed"][0]["error"]


def test_another_judge_is_a_proxy_and_a_judge_of_its_own_choices_is_told() -> None:
    task = open_task("geneval2")
    assert route_of(task, "compat:Qwen/Qwen3-VL-8B-Instruct") == "endpoint"
    assert route_of(task, "openai:gpt-5") == "proxy"
    assert route_of(task, "compat:served", official=True) == "endpoint"
    assert route_of(open_task("dpg"), "compat:mPLUG-large") == "proxy"
    found: Any = {"settings": {"mllm": "compat:org/vl", "roles": {"verifier": "compat:judge-7b"}}}
    assert judges_itself(found, "compat:judge-7b")
    assert not judges_itself(found, "compat:vl")


def test_official_commands_are_printed_and_results_imported(gems: Gems, tmp_path: Path) -> None:
    way = one_run(tmp_path)
    assert "gems eval finalize" in gems("eval", "official", "o").err
    assert gems("eval", "finalize", "o").code == 0
    printed = gems("eval", "official", "o").out
    assert f"{way / 'pictures'}/image_paths.json" in printed
    assert "--method soft_tifa_gm" in printed
    results = tmp_path / "scores.json"
    results.write_text("[[0.25, 1.0]]", encoding="utf-8")
    report = gems("eval", "official", "o", "--results", str(results), "--json").json
    assert (report["route"], report["score"]) == ("official", pytest.approx(50))
    results.write_text("[[0.25]]", encoding="utf-8")
    assert gems("eval", "official", "o", "--results", str(results)).code == 2


@pytest.mark.parametrize(
    ("task", "text", "answers"),
    [
        ("wise", "**Consistency:** 2\nRealism: 1\nAesthetic Quality: 0", [2, 1, 0]),
        ("wise_verified", "Reason: fine.\nScore: 1", 1),
        ("crea", "[5, 4, 3, 2, 1, 5]", [5, 4, 3, 2, 1, 5]),
        ("longtext_en", "OPEN No text recognized.", "OPEN "),
    ],
)
def test_replies_of_judges_are_read_as_upstream(task: str, text: str, answers: Any) -> None:
    from gems_graph.benchmarks.judging import Reply

    judged = open_task(task)
    assert isinstance(judged, Judged)
    assert judged.parse(prompt_of(task), [Reply(text)]) == answers


def test_figures_of_scorers_that_leave_no_answers_are_imported() -> None:
    dpg = "L1 category scores:\n\tentity: 90.5\nSave results to: x\nDPG-Bench score: 85.08\n"
    assert open_task("dpg").imported(dpg, []) == {"dpg": 85.08, "entity": 90.5}
    csvs = [
        ",alignment\ngems,0.8\n", ",ED,CR,WAC,text score\ngems,1,0.5,0.5,0.9\n",
        ",reasoning\ngems,0.3\n", ",style\ngems,0.4\n",
        ",anime,human,total average\ngems,0.1,0.2,0.15\n",
    ]  # fmt: skip
    found: Any = open_task("oneig_en").imported("".join(csvs), [])
    assert (found["text"], found["diversity"]) == (0.9, 0.15)
    assert found["overall"] == pytest.approx((0.8 + 0.9 + 0.3 + 0.4 + 0.15) / 5)
    assert open_task("crea").imported('{"overall": 22.5}', []) == {"overall": 22.5}
    with pytest.raises(UsageError, match="JSON object, 'artimuse' first"):
        open_task("artimuse").imported("58.5", [])
    assert open_task("spatialgeneval").imported('{"overall": 61.4}', []) == {"overall": 61.4}


def test_answers_of_scorers_are_imported_picture_by_picture() -> None:
    scores = {"00000.png": 40.5, "00001_2.png": None, "average_score_all": 40.5}
    assert open_task("artimuse").imported(json.dumps(scores), []) == [
        {"id": 0, "sample": 0, "answers": 40.5}, {"id": 1, "sample": 2, "answers": None},
    ]  # fmt: skip
    result = {"prompt": "a creative couch", "image_path": "r/img_idx_00000_sub_03.png"}
    crea = [{**result, "scores": [1, 2, 3, 4, 5, 1]}]
    assert open_task("crea").imported(json.dumps(crea), []) == [
        {"id": 0, "sample": 3, "answers": [1, 2, 3, 4, 5, 1]}
    ]
    with pytest.raises(UsageError, match="result 1: an object with `image_path`"):
        open_task("crea").imported('[{"image_path": "mug.png"}]', [])
    said = ["B: left - it is", "A", "1. C", *["E: None"] * 7]
    line = json.dumps({"id": "000001", "model_preds_cot": [said] * 5, "answers": ["B"] * 10})
    assert open_task("spatialgeneval").imported(f"{line}\n", []) == [
        {"id": "000001", "sample": 0, "answers": [["B", "A", "E", *["E"] * 7]] * 5}
    ]
    with pytest.raises(UsageError, match="result line 1: `model_preds_cot`"):
        open_task("spatialgeneval").imported('{"id": "000001"}\n{}', [])


def test_what_a_scorer_could_not_judge_is_missing_and_told(gems: Gems, tmp_path: Path) -> None:
    (tmp_path / "evaluation_metadata.jsonl").write_text(f"{json.dumps(GENEVAL)}\n" * 2, "utf-8")
    way, task = tmp_path / "o" / "gems", open_task("artimuse")
    found = drawn(way, "artimuse", task.load(tmp_path), 1)
    running.write_manifest(way, {**found, "data": str(tmp_path)})
    (tmp_path / "s.json").write_text('{"00000.png": 40.5, "00001.png": null}', encoding="utf-8")
    report = gems("eval", "official", "o", "--results", str(tmp_path / "s.json"), "--json").json
    assert (report["score"], report["complete"]) == (40.5, False)
    assert [each["id"] for each in report["failed"]] == ["00001"]


def test_what_a_benchmark_can_do_is_told_by_what_it_has() -> None:
    able = {n for n in names() if isinstance(open_task(n), Judged)}
    assert able == {*names()} - {"geneval", "artimuse"}
    assert [n for n in names() if isinstance(open_task(n), Measured)] == ["shapes"]
    with pytest.raises(TypeError, match="abstract"):
        Task()  # type: ignore[abstract]
