"""Who may read a document: narrowed at once, never widened without leave."""

import json
import os
import zipfile
from pathlib import Path

import pytest

from ingest.corpus.opening import open_ledger
from ingest.runs.outcomes import Report
from tests.ingest.corpora import SmallCorpus
from tests.ingest.runs.test_pipeline import release_rows


@pytest.fixture
def corpus(tmp_path: Path) -> SmallCorpus:
    """A corpus of one document."""
    corpus = SmallCorpus(tmp_path)
    corpus.write("a.md", "What hr pays.")
    return corpus


def readers(corpus: SmallCorpus) -> dict[str, list[str]]:
    """Who may read each document of the live release."""
    rows = release_rows(corpus, "SELECT source, access FROM documents")
    return {str(source): json.loads(str(access)) for source, access in rows}


def held(report: Report) -> list[str]:
    return [str(each) for each in report.reading.held]


def test_what_was_said_of_a_root_holds_until_it_is_said_anew(corpus: SmallCorpus) -> None:
    corpus.add_as("hr")
    corpus.write("b.md", "What else hr pays.")
    report = corpus.add()
    assert (report.exit_code, held(report)) == (0, [])
    assert readers(corpus) == {"a.md": ["hr"], "b.md": ["hr"]}


@pytest.mark.parametrize("argument", ["in", "in/c.md", "in/*.md"])
def test_what_lies_in_a_known_root_is_labelled_by_it(corpus: SmallCorpus, argument: str) -> None:
    corpus.add_as("hr")
    corpus.write("in/c.md", "What hr knows.")
    corpus.add(corpus.sources / argument)
    assert readers(corpus)["in/c.md"] == ["hr"]


def test_a_nearer_root_is_stronger_until_the_one_around_it_is_said_anew(
    corpus: SmallCorpus,
) -> None:
    corpus.write("in/c.md", "What the board knows.")
    corpus.add_as("hr")
    corpus.add_as("board", corpus.sources / "in", widen=True)
    corpus.add()
    assert readers(corpus) == {"a.md": ["hr"], "in/c.md": ["board"]}
    corpus.add_as("it", widen=True)
    corpus.add(corpus.sources / "in")
    assert readers(corpus) == {"a.md": ["it"], "in/c.md": ["it"]}


def test_a_widening_is_held_back_and_listed_until_it_is_let(corpus: SmallCorpus) -> None:
    corpus.add_as("hr")
    for _ in range(2):
        report = corpus.add_as("public")
        assert (report.exit_code, held(report)) == (1, ["a.md: hr -> public"])
        assert readers(corpus) == {"a.md": ["hr"]}
    report = corpus.add(widen=True)
    assert (report.exit_code, [str(w) for w in report.reading.widened]) == (
        0,
        ["a.md: hr -> public"],
    )
    assert readers(corpus) == {"a.md": ["public"]}
    assert corpus.add().reading.widened == ()


def test_a_narrowing_takes_effect_at_once(corpus: SmallCorpus) -> None:
    corpus.add()
    assert corpus.add_as("hr,board").exit_code == 0
    assert readers(corpus) == {"a.md": ["board", "hr"]}
    report = corpus.add_as("hr,it")
    assert held(report) == ["a.md: board, hr -> hr, it"]
    assert readers(corpus) == {"a.md": ["hr"]}
    report = corpus.add_as("it")
    assert held(report) == ["a.md: hr -> it"]
    assert readers(corpus) == {"a.md": []}


def test_new_text_is_taken_in_with_the_readers_that_both_allow(corpus: SmallCorpus) -> None:
    corpus.add_as("hr")
    corpus.write("a.md", "What hr pays now.")
    assert held(corpus.add_as("public")) == ["a.md: hr -> public"]
    assert release_rows(corpus, "SELECT text, access FROM documents") == [
        ("What hr pays now.", '["hr"]')
    ]


@pytest.mark.parametrize("change", ["delete", "edit", "break and delete"])
def test_a_side_car_that_goes_opens_nothing(corpus: SmallCorpus, change: str) -> None:
    side_car = corpus.write("a.md.meta.json", '{"acl": ["hr"]}')
    corpus.write("b.md", "Another text.")
    corpus.add()
    if change == "break and delete":
        side_car.write_text("{")
        assert corpus.states(corpus.add())["a.md"] == "quarantined"
        assert "a.md" not in readers(corpus)
    side_car.unlink()
    if change == "edit":
        side_car.write_text('{"acl": ["hr", "everybody else"]}')
    report = corpus.add()
    assert len(held(report)) == 1
    assert readers(corpus)["a.md"] == ["hr"]


def test_a_source_that_was_removed_comes_back_with_the_readers_it_had(
    corpus: SmallCorpus,
) -> None:
    corpus.write("b.md", "Another text.")
    corpus.write("a.md.meta.json", '{"acl": ["hr"]}')
    corpus.add()
    (corpus.sources / "a.md").unlink()
    (corpus.sources / "a.md.meta.json").unlink()
    corpus.add()
    corpus.write("a.md", "Quite another text.")
    assert held(corpus.add()) == ["a.md: hr -> public"]
    assert readers(corpus)["a.md"] == ["hr"]


def test_a_file_that_is_moved_away_from_its_side_car_opens_nothing(corpus: SmallCorpus) -> None:
    corpus.write("a.md.meta.json", '{"acl": ["hr"]}')
    corpus.add()
    (corpus.sources / "a.md").rename(corpus.sources / "z.md")
    assert held(corpus.add()) == ["z.md: hr -> public"]
    assert readers(corpus) == {"z.md": ["hr"]}


def test_a_copy_of_what_is_still_there_is_labelled_by_its_own_place(corpus: SmallCorpus) -> None:
    corpus.write("a.md.meta.json", '{"acl": ["hr"]}')
    corpus.add()
    corpus.write("copy.md", "What hr pays.")
    report = corpus.add()
    assert corpus.states(report)["copy.md"] == "duplicate"
    assert readers(corpus) == {"a.md": ["hr"], "copy.md": ["public"]}


def test_members_of_an_archive_are_held_and_let_as_files_are(corpus: SmallCorpus) -> None:
    with zipfile.ZipFile(corpus.sources / "b.zip", "w") as archive:
        archive.writestr("in.md", "What hr packs.")
    corpus.add_as("hr")
    for _ in range(2):
        report = corpus.add_as("public")
        assert sorted(held(report)) == ["a.md: hr -> public", "b.zip/in.md: hr -> public"]
    corpus.add(widen=True)
    assert readers(corpus) == {"a.md": ["public"], "b.zip/in.md": ["public"]}
    assert corpus.add().counts == {"unchanged": 2}


def test_checksums_find_a_side_car_that_looks_as_it_did(corpus: SmallCorpus) -> None:
    side_car = corpus.write("a.md.meta.json", '{"acl": ["it"]}')
    status = side_car.stat()
    corpus.add()
    side_car.write_text('{"acl": ["hr"]}')
    os.utime(side_car, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert corpus.add().reading.held == ()
    assert held(corpus.add(checksum=True)) == ["a.md: it -> hr"]
    assert readers(corpus) == {"a.md": []}


def test_metadata_and_readers_of_a_root_are_kept_apart(corpus: SmallCorpus) -> None:
    from ingest.runs.adding import add
    from ingest.sources.labels import parse_labels
    from ingest.sources.scanning import scan
    from ingest.sources.source import ScanOptions

    def say(metadata: list[str], access: list[str], tags: list[str]) -> tuple[object, object]:
        labels = parse_labels(metadata, access, tags)
        found = scan([str(corpus.sources)], ScanOptions(labels=labels))
        add(corpus.folder, found, corpus.setup())
        [(said, access_said)] = release_rows(corpus, "SELECT metadata, access FROM documents")
        return json.loads(str(said)), json.loads(str(access_said))

    whole = {"year": 2026, "tags": ["new"]}
    assert say(["year=2026"], ["hr,board"], ["new"]) == (whole, ["board", "hr"])
    assert say([], ["hr"], []) == (whole, ["hr"])
    assert say(["team=sea"], [], []) == ({"team": "sea", "tags": ["new"]}, ["hr"])
    assert say([], [], [""]) == ({"team": "sea"}, ["hr"])
    with open_ledger(corpus.folder.ledger) as ledger:
        [root] = ledger.history.roots()
    assert json.loads(root.labels) == {"metadata": {"team": "sea"}, "tags": [], "access": ["hr"]}
