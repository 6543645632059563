"""Official formulas: golden values of the official scripts, the paper's averages, cases by hand."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from gems_graph.benchmarks import paper, soft_tifa
from gems_graph.benchmarks.answers import read
from gems_graph.benchmarks.capabilities import Judged
from gems_graph.benchmarks.listing import names, open_task
from gems_graph.benchmarks.scoring import Report, score
from gems_graph.errors import UsageError
from tests.conftest import Gems

BENCHDATA = Path(os.environ.get("GEMS_BENCHDATA", Path(__file__).parents[3] / "shared/benchdata"))
FIXTURES = BENCHDATA / "fixtures"
needs_data = pytest.mark.skipif(not BENCHDATA.is_dir(), reason="GEMS_BENCHDATA names no folder")


def golden(task: str) -> Any:
    return json.loads((BENCHDATA / "golden" / "golden.json").read_text(encoding="utf-8"))[task]


def line(id_: Any, answers: Any, sample: int = 0) -> dict[str, Any]:
    return {"id": id_, "sample": sample, "answers": answers}


def written(folder: Path, lines: Iterable[dict[str, Any]]) -> Path:
    file = folder / "answers.jsonl"
    file.write_text("".join(json.dumps(each) + "\n" for each in lines), encoding="utf-8")
    return file


def scored(task: str, data: Path, folder: Path, lines: Iterable[dict[str, Any]]) -> Report:
    prompts = open_task(task).expected(data)
    return score(open_task(task), prompts, read(written(folder, lines), prompts))


@needs_data
def test_geneval2_both_means_and_every_skill(gems: Gems, tmp_path: Path) -> None:
    counts = [len(p.data["vqa_list"]) for p in open_task("geneval2").load(BENCHDATA)]
    lines = [
        line(i, [((7 * i + 3 * j) % 10 + 0.5) / 10 for j in range(n)]) for i, n in enumerate(counts)
    ]
    file = written(tmp_path, lines)
    done = gems(
        "eval", "score", "geneval2", "--data-dir", str(BENCHDATA), "--answers", str(file), "--json"
    )
    report, truth = done.json, golden("geneval2")
    figures = report["figures"]
    assert (done.code, report["complete"], report["prompts"]) == (0, True, 800)
    assert figures["soft_tifa_gm"] == pytest.approx(truth["soft_tifa_gm"], abs=1e-9)
    assert report["score"] == figures["soft_tifa_gm"]
    assert figures["soft_tifa_am"] == pytest.approx(truth["soft_tifa_am"], abs=1e-9)
    assert f"{figures['soft_tifa_am_pooled']:.4f}" == "50.0233"
    said = truth["official_analysis_stdout"]
    for k, text in enumerate(said[:-1]):
        name = text.strip(":").lower().replace("results for ", "").replace("=", "_")
        if name in figures:
            assert f"{figures[name]:.2f}".rstrip("0") == said[k + 1].rstrip("0"), name
    low, high = report["interval"]
    assert low < report["score"] < high


@needs_data
def test_geneval_is_the_mean_over_tags(tmp_path: Path) -> None:
    tags = [p.data["tag"] for p in open_task("geneval").load(BENCHDATA)]
    order = list(dict.fromkeys(tags))
    lines = [
        line(i, (7 * i + 3 * k) % 10 < 3 + order.index(tag), k)
        for i, tag in enumerate(tags)
        for k in range(4)
    ]
    report = scored("geneval", BENCHDATA, tmp_path, lines)
    assert f"{report['score']:.5f}" == "0.54957"
    assert f"{report['figures']['correct_images']:.4f}" == "0.5601"
    for name, percent in [("two_object", "39.90"), ("colors", "59.84"), ("color_attr", "80.00")]:
        assert f"{100 * (report['figures'][name] or 0):.2f}" == percent


@needs_data
def test_longtext_is_recall_over_the_whole_set(tmp_path: Path) -> None:
    def read_of(prompt: Any) -> str:
        units = " ".join(prompt.data["text"]).split()
        return " ".join(unit for k, unit in enumerate(units) if k % 5 != 4)

    prompts = open_task("longtext_en").load(BENCHDATA)
    by_line = [line(n, read_of(p)) for n, p in enumerate(prompts)]
    report = scored("longtext_en", BENCHDATA, tmp_path, by_line)
    assert report["score"] == pytest.approx(golden("longtext_en")["micro"], abs=1e-12)
    assert (report["complete"], report["ids"], report["official_samples"]) == (True, "line", 4)
    by_own_id = [line(p.own, read_of(p)) for p in prompts]
    again = scored("longtext_en", BENCHDATA, tmp_path, by_own_id)
    assert (again["score"], again["ids"]) == (report["score"], "own")


def test_wise_needs_no_data_and_weighs_six_fields(tmp_path: Path) -> None:
    lines = [line(i, [(i // 60) % 3, (i // 7) % 3, i % 3]) for i in range(1, 1001)]
    report = scored("wise", tmp_path, tmp_path, lines)
    assert report["score"] == pytest.approx(0.47875, abs=1e-12)
    assert report["figures"]["space"] == pytest.approx(0.5191729323308271, abs=1e-12)
    shifted = [{**each, "id": each["id"] - 1} for each in lines]
    assert scored("wise", tmp_path, tmp_path, shifted)["score"] == report["score"]


def test_wise_has_no_overall_score_without_every_field(tmp_path: Path) -> None:
    report = scored("wise", tmp_path, tmp_path, [line(1, [2, 2, 2])])
    assert (report["score"], report["complete"]) == (None, False)
    assert report["figures"]["culture"] == pytest.approx(1)


def test_wise_verified_has_other_fields_and_weights(tmp_path: Path) -> None:
    lines = [line(i, int(i <= 520)) for i in range(1, 1001)]
    report = scored("wise_verified", tmp_path, tmp_path, lines)
    assert report["score"] == pytest.approx(0.52)
    assert (report["figures"]["time"], report["figures"]["space"]) == (1, 0)


@needs_data
def test_oneig_text_by_the_official_counts(tmp_path: Path) -> None:
    for language, column in (("en", "prompt_en"), ("zh", "prompt_cn")):
        toy, truth = golden("oneig_text")[f"toy_{language}"], golden("oneig_text")[language]
        folder = tmp_path / language
        folder.mkdir()
        head = "category,id,type,class"
        rows = "".join(f"Text_Rendering,{n:03d},,\n" for n in range(len(toy)))
        name = "OneIG-Bench.csv" if language == "en" else "OneIG-Bench-ZH.csv"
        table = f"{head},{column}\n" + rows.replace(",,\n", ",,,draw\n")
        (folder / name).write_text(table, encoding="utf-8")
        suffix = "" if language == "en" else "_zh"
        texts = "".join(f'{n:03d},"{gt}"\n' for n, (gt, _) in enumerate(toy))
        (folder / f"text_content{suffix}.csv").write_text(f"id,text_content\n{texts}", "utf-8")
        lines = [line(n, {"text": said}) for n, (_, said) in enumerate(toy)]
        report = scored(f"oneig_{language}", folder, tmp_path, lines)
        figures = report["figures"]
        assert figures["text"] == pytest.approx(truth["text_score"], abs=1e-12)
        assert [figures[f"text_{n}"] for n in ("ed", "cr", "wac")] == [
            pytest.approx(truth[n.upper()]) for n in ("ed", "cr", "wac")
        ]
        assert report["score"] is None  # four measures are missing


@needs_data
@pytest.mark.parametrize("task", ["oneig_en", "oneig_zh"])
def test_oneig_reads_the_hubs_json_as_it_reads_the_csv(task: str, tmp_path: Path) -> None:
    name = open_task(task).files[0]
    with (BENCHDATA / "oneig" / name).open(encoding="utf-8", newline="") as file:
        rows = [{k: v or None for k, v in row.items()} for row in csv.DictReader(file)]
    numbered = [{**row, "id": int(row["id"] or 0)} for row in rows]
    for records in (rows, numbered):  # ids as texts, and as numbers
        text = json.dumps(records, ensure_ascii=False)
        (tmp_path / name.replace(".csv", ".json")).write_text(text, encoding="utf-8")
        assert open_task(task).load(tmp_path) == open_task(task).load(BENCHDATA)


def test_a_record_of_the_hub_without_a_prompt_is_named(tmp_path: Path) -> None:
    text = '[{"category": "Portrait", "id": "000", "prompt_en": null}]'
    (tmp_path / "OneIG-Bench.json").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match="record 1: `prompt_en` is missing"):
        open_task("oneig_en").load(tmp_path)


def test_oneig_alignment_zeroes_one_level_and_all_five_are_averaged(tmp_path: Path) -> None:
    (tmp_path / "OneIG-Bench.csv").write_text(
        "category,id,prompt_en\nGeneral_Object,000,a red kite on a string\n", encoding="utf-8"
    )
    questions = {"1": "A kite?", "2": "Is it red?", "3": "Is its red dark?"}
    parents = {"1": [0], "2": [1], "3": [2]}
    folder = tmp_path / "alignment" / "Q_D"
    folder.mkdir(parents=True)
    record = {"question": json.dumps(questions), "dependency": json.dumps(parents)}
    (folder / "object.json").write_text(json.dumps({"000": record}), encoding="utf-8")
    (tmp_path / "scripts").mkdir()
    (tmp_path / "alignment").rename(tmp_path / "scripts" / "alignment")
    rest = {"reasoning": 0.25, "style": 0.5, "diversity": 0.125}
    lines = [
        line("object_000", {"alignment": ["No", "Yes", "Yes"], **rest}, 0),
        line("object_000", {"alignment": ["Yes", "Yes", "Yes"], **rest}, 1),
    ]
    figures = scored("oneig_en", tmp_path, tmp_path, lines)["figures"]
    # of No, Yes, Yes the second is zeroed by the first; the third asks the second's own answer
    assert figures["alignment"] == pytest.approx((1 / 3 + 1) / 2)
    assert (figures["style"], figures["overall"]) == (0.5, None)


@needs_data
def test_dpg_zeroes_what_depends_on_a_no_and_skips_the_first_row(tmp_path: Path) -> None:
    toy = [
        line("toy1", ["yes", "no", "yes", "yes"], 0),
        line("toy1", ["no", "yes", "yes", "yes"], 1),
    ]
    report = scored("dpg", FIXTURES, tmp_path, toy)
    assert report["score"] == pytest.approx(37.5)
    assert (report["figures"]["entity"], report["figures"]["relation"]) == (0, 100)
    first = [line("toy0", ["yes", "yes"], k) for k in range(2)]
    both = scored("dpg", FIXTURES, tmp_path, first + toy)
    assert both["score"] == pytest.approx(37.5)  # upstream drops it: its parent was skipped
    assert both["figures"]["without_skipped_row"] == pytest.approx((100 + 37.5) / 2)


def test_dpg_zeroing_cascades(tmp_path: Path) -> None:
    head = "item_id,text,proposition_id,dependency,tuple,question_natural_language\n"
    rows = ["0,x,1,0,other (x),A?", *(f"1,p,{n},{n - 1},other (x),Q?" for n in (1, 2, 3))]
    (tmp_path / "dpg_bench.csv").write_text(head + "\n".join(rows) + "\n", encoding="utf-8")
    lines = [line("0", ["yes"]), line("1", ["no", "yes", "yes"])]
    assert scored("dpg", tmp_path, tmp_path, lines)["figures"]["dpg"] == 0


@needs_data
def test_spatial_questions_need_four_of_five_votes(tmp_path: Path) -> None:
    (tmp_path / "SpatialGenEval_T2I_Prompts.jsonl").write_bytes(
        (FIXTURES / "spatialgeneval.jsonl").read_bytes()
    )
    prompts = open_task("spatialgeneval").load(tmp_path)
    right = list(prompts[0].data["answers"])
    wrong = ["E"] * 10
    votes = {4: [right] * 4 + [wrong], 3: [right] * 3 + [wrong] * 2}
    lines = [line(n, votes[4 if n == 0 else 3]) for n in range(len(prompts))]
    report = scored("spatialgeneval", tmp_path, tmp_path, lines)
    assert report["figures"]["Object"] == pytest.approx(100 * round(1 / len(prompts), 3))
    assert report["score"] == pytest.approx(report["figures"]["Object"])
    by_line = [
        line(n, letters, k)
        for n in range(len(prompts))
        for k, letters in enumerate(votes[4 if n == 0 else 3])
    ]
    by_question = [line(n, [list(q) for q in zip(*votes[4 if n == 0 else 3], strict=True)])
                   for n in range(len(prompts))]  # fmt: skip
    for lines in (by_line, by_question):
        assert scored("spatialgeneval", tmp_path, tmp_path, lines)["score"] == report["score"]


def test_crea_sums_six_means_and_artimuse_averages(tmp_path: Path) -> None:
    lines = [line(n, [1, 2, 3, 4, 5, 1 + 4 * k], k) for n in range(12) for k in range(2)]
    report = scored("crea", tmp_path, tmp_path, lines)
    assert report["score"] == pytest.approx(1 + 2 + 3 + 4 + 5 + 3)
    (tmp_path / "evaluation_metadata.jsonl").write_text(
        '{"tag": "colors", "include": [], "prompt": "a red kite"}\n' * 2, encoding="utf-8"
    )
    assert scored("artimuse", tmp_path, tmp_path, [line(0, 40.5), line(1, 60)])["score"] == 50.25
    assert open_task("artimuse").load(tmp_path)[0].text == "Aesthetic Drawing: a red kite"


def test_the_thirty_averages_of_tables_1_and_2() -> None:
    rows = 0
    for name in (paper.MAINSTREAM, paper.DOWNSTREAM):
        table = paper.tables()[name]
        for row in table["rows"]:
            values = dict(zip(table["columns"], row["values"], strict=True))
            assert paper.average(name, values) == pytest.approx(values["Avg"], abs=0.006)
            rows += 1
    assert rows == 30


@needs_data
def test_the_real_prompts_load() -> None:
    counts = {
        "geneval": 553, "geneval2": 800, "dpg": 1065, "oneig_en": 1120, "oneig_zh": 1320,
        "longtext_en": 160, "longtext_zh": 160, "artimuse": 553, "crea": 12,
    }  # fmt: skip
    for name, count in counts.items():
        prompts = open_task(name).load(BENCHDATA)
        assert len(prompts) == len({p.id for p in prompts}) == count
        assert all(p.text.strip() for p in prompts)
    assert {*counts} <= {*names()}


@pytest.mark.parametrize(
    ("task", "text", "told"),
    [
        ("geneval", '{"tag": "colors", "prompt": "x", "include": []}\n{"tag": "x"}', "line 2"),
        ("geneval2", '{"prompt": "a", "vqa_list": [["Q?"]], "skills": ["count"]}', "vqa_list"),
        ("geneval2", '{"prompt": "a", "vqa_list": [["Q?", "one"]], "skills": ["no"]}', "skills"),
        ("longtext_en", '{"prompt": "a", "prompt_id": 1, "text": "x"}', "line 1.*text"),
        ("spatialgeneval", '{"id": "000001", "prompt": "a"}', "question_type"),
    ],
)
def test_a_malformed_record_is_named(task: str, text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / open_task(task).files[0]).write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=told):
        open_task(task).load(tmp_path)


def test_answers_that_are_missing_are_told_and_no_paper_stands_beside_them(
    gems: Gems, tmp_path: Path
) -> None:
    record = {"prompt": "a", "atom_count": 3, "vqa_list": [["Q?", "Yes"]], "skills": ["object"]}
    lines = [json.dumps(record), json.dumps({**record, "prompt": "b"})]
    (tmp_path / "geneval2_data.jsonl").write_text("\n".join(lines), encoding="utf-8")
    file = written(tmp_path, [line(0, [0.25])])
    call = ("eval", "score", "geneval2", "--data-dir", str(tmp_path), "--answers", str(file))
    report = gems(*call, "--json")
    assert (report.code, report.json["missing"], report.json["score"]) == (3, ["00001"], 25)
    words = gems(*call)
    assert "Incomplete: 1 prompts" in words.out
    assert "Paper" not in words.out
    written(tmp_path, [line(0, [0.25]), line(1, None)])
    assert gems(*call, "--json").json["failed"] == [
        {"id": "00001", "sample": 0, "error": "no answer"}
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"id": 0, "answers": [0.5, 0.5]}', "list of scores of 1 numbers"),
        ('{"id": 7, "answers": [0.5]}', "7 names no prompt"),
        ('{"id": 0, "answers": [0.5]}\n{"id": 0, "answers": [0.5]}', "comes twice"),
        ('{"id": 0}', "line 1: `id`"),
        ('{"id": 0, "answers": [1.5]}', "from 0 to 1"),
        ("[]", "line 1"),
    ],
)
def test_wrong_answers_are_refused_in_a_sentence(
    text: str, told: str, tmp_path: Path, gems: Gems
) -> None:
    record = {"prompt": "a", "atom_count": 3, "vqa_list": [["Q?", "Yes"]], "skills": ["object"]}
    (tmp_path / "geneval2_data.jsonl").write_text(json.dumps(record), encoding="utf-8")
    file = tmp_path / "answers.jsonl"
    file.write_text(text, encoding="utf-8")
    done = gems("eval", "score", "geneval2", "--data-dir", str(tmp_path), "--answers", str(file))
    assert done.code == 2
    assert told in done.err


def test_soft_tifa_sums_spellings_and_bounds_what_was_cut_off() -> None:
    whole = [("Yes", -0.7), (" yes", -1.6), ("No", -1.2)]
    low, high = soft_tifa.score(whole, "Yes")
    assert low == pytest.approx(2.718281828**-0.7 + 2.718281828**-1.6)
    assert high - low <= 1 - sum(2.718281828**p for _, p in whole) + 1e-9
    cut = [("No", -0.001), ("no", -8.0)]
    low, high = soft_tifa.score(cut, "Yes")
    assert low == 0
    assert 0 < high < 0.0011
    assert " " in soft_tifa.spellings("one")
    assert soft_tifa.score([("Ġ", -0.1), ("one", -3.0)], "one")[0] == pytest.approx(
        2.718281828**-0.1 + 2.718281828**-3.0
    )


def test_names_are_taken_as_people_write_them() -> None:
    assert open_task("DPG-Bench").name == "dpg"
    assert open_task("OneIG-EN").name == "oneig_en"
    with pytest.raises(UsageError, match="geneval2"):
        open_task("genevl2")


@needs_data
def test_data_tells_what_is_there_and_what_is_missing(gems: Gems, tmp_path: Path) -> None:
    done = gems("eval", "data", "--data-dir", str(BENCHDATA), "--json")
    found = {each["task"]: each for each in done.json}
    assert found["geneval2"]["prompts"] == 800
    assert "CC BY-NC" in found["geneval2"]["licence"]
    assert found["wise"]["missing"] == list(open_task("wise").files)
    assert done.code == 3
    assert gems("eval", "data", "dpg", "--fetch", "--data-dir", str(tmp_path), "--yes").code == 2


@needs_data
def test_wise_is_read_from_its_three_files_and_a_wrong_number_is_named(tmp_path: Path) -> None:
    records = json.loads((FIXTURES / "wise.json").read_text(encoding="utf-8"))
    last = {**records[0], "prompt_id": 1001}
    for name, some in zip(open_task("wise").files, (records[:1], records[1:], [last]), strict=True):
        (tmp_path / name).write_text(json.dumps(some), encoding="utf-8")
    with pytest.raises(UsageError, match=r"natural_science\.json, record 1: `prompt_id`"):
        open_task("wise").load(tmp_path)
    last["prompt_id"] = 901
    (tmp_path / "natural_science.json").write_text(json.dumps([last]), encoding="utf-8")
    prompts = open_task("wise").load(tmp_path)
    assert [p.id for p in prompts] == ["1", "401", "901"]
    wise = open_task("wise")
    assert isinstance(wise, Judged)
    queries = wise.queries(prompts[0], "P: {prompt} E: {explanation}")
    assert [q.text for q in queries] == [
        f"P: {prompts[0].text} E: {prompts[0].data['Explanation']}"
    ]


@needs_data
def test_oneig_annotations_are_read_as_they_are_published(tmp_path: Path) -> None:
    (tmp_path / "OneIG-Bench.csv").write_text(
        "category,id,prompt_en\nGeneral_Object,000,a kite\nText_Rendering,000,a sign\n", "utf-8"
    )
    (tmp_path / "scripts" / "alignment" / "Q_D").mkdir(parents=True)
    (tmp_path / "scripts" / "text").mkdir()
    for name, place in (("oneig_Q_D_object.json", "alignment/Q_D/object.json"),
                        ("oneig_text_content.csv", "text/text_content.csv")):  # fmt: skip
        (tmp_path / "scripts" / place).write_bytes((FIXTURES / name).read_bytes())
    kite, sign = open_task("oneig_en").load(tmp_path)
    assert kite.data["questions"] == {1: "Is there a kite?", 2: "Is the kite red?"}
    assert kite.data["parents"] == {1: [], 2: [1]}
    assert sign.data["text"] == "['OPEN']"
    oneig = open_task("oneig_en")
    assert isinstance(oneig, Judged)
    asked = oneig.queries(kite, "Look. {question}")
    assert [q.text for q in asked] == ["Look. Is there a kite?", "Look. Is the kite red?"]
