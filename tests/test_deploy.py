"""What deploy/ starts every night is a command that exists, under settings that exist."""

import configparser
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from evals.__main__ import build_parser
from evals.gates.verdict import BROKEN, NOT_MEASURED, REGRESSION
from ingest.adapters.yaml import read_plain_yaml
from rag.errors import InvalidRegressionSet
from rag.settings import Settings

DEPLOY = Path(__file__).parent.parent / "deploy"
CRONJOB: Any = read_plain_yaml((DEPLOY / "nightly-cronjob.yaml").read_text())
JOB = CRONJOB["spec"]["jobTemplate"]["spec"]
[CONTAINER] = JOB["template"]["spec"]["containers"]


def unit(name: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # names of systemd have case
    parser.read(DEPLOY / name)
    return parser


def commands() -> dict[str, list[str]]:
    """What each of them runs, as arguments of `python -m evals`."""
    [cron] = [line for line in (DEPLOY / "crontab").read_text().splitlines() if line[0] != "#"]
    started = {
        "systemd": shlex.split(unit("plumbline-nightly.service")["Service"]["ExecStart"]),
        "cron": shlex.split(cron.partition(">>")[0]),
        "kubernetes": CONTAINER["command"],
    }
    return {by: words[words.index("evals") + 1 :] for by, words in started.items()}


@pytest.mark.parametrize("by", ["systemd", "cron", "kubernetes"])
def test_what_is_started_is_a_nightly_evaluation(by: str) -> None:
    options = build_parser().parse_args(commands()[by])
    assert options.command == "nightly"
    assert options.corpus == "team"
    assert options.out.is_absolute()


def test_every_setting_that_is_named_exists() -> None:
    named = {
        name.lower()
        for path in DEPLOY.iterdir()
        for name in re.findall(r"RAG_([A-Z_]+)", path.read_text())
    }
    assert named <= Settings.model_fields.keys()


def test_what_a_night_found_is_not_asked_again_and_a_cut_off_night_is() -> None:
    [rule] = JOB["podFailurePolicy"]["rules"]
    usage = InvalidRegressionSet.exit_code
    assert rule["onExitCodes"]["values"] == [REGRESSION, BROKEN, NOT_MEASURED, usage]
    assert rule["onExitCodes"]["containerName"] == CONTAINER["name"]
    assert JOB["backoffLimit"] > 0


def test_no_two_nights_are_started_at_once() -> None:
    assert CRONJOB["spec"]["concurrencyPolicy"] == "Forbid"
    assert unit("plumbline-nightly.service")["Service"]["Type"] == "oneshot"
    assert unit("plumbline-nightly.timer")["Timer"]["OnCalendar"]
