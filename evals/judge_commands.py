"""Opening the judge, and what `judge-check` does."""

import argparse
import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from evals import terminal
from evals.reports.judgement import JudgeCheck
from ingest.releases.erasure import JUDGE_CACHE
from rag.bootstrap import load_embedder
from rag.errors import NotMeasured, SettingsError
from rag.settings import Settings

if TYPE_CHECKING:
    from evals.claims.labelled import LabelledClaim
    from evals.judging.judge import Judge
    from evals.judging.judged import JudgedTier


def load_judged_tier(options: argparse.Namespace, settings: Settings) -> "JudgedTier":
    """The judged tier as the options have it; complains where it warns. Raises SettingsError."""
    judge = _open_judge(settings)
    from evals.judging.judged import JudgedTier, JudgePlan

    prices = [float(price) for price in settings.judge_price.split(",") if price]
    plan = JudgePlan(
        options.repeats,
        claims=() if options.no_judge_check else _read_check_set(None),
        price=(prices[0], prices[1]) if prices else None,
        warnings=tuple(_warn_of_judge(settings)),
    )
    for warning in plan.warnings:
        terminal.complain(f"warning: {warning}")
    return JudgedTier(judge, load_embedder(settings), plan=plan)


def _warn_of_judge(settings: Settings) -> Iterator[str]:
    """That a judge is the chat model whose answers it judges."""
    same_model = settings.chat_model in (settings.judge_model, f"openai:{settings.judge_model}")
    urls = (settings.chat_base_url, settings.judge_base_url)
    if same_model and len({url.rstrip("/") for url in urls}) == 1:
        yield (
            f"the judge {settings.judge_model} is the chat model that answers: it may like what "
            "it wrote itself"
        )


def _open_judge(settings: Settings) -> "Judge":
    if not settings.judge_model:
        raise SettingsError(
            "RAG_JUDGE_MODEL is empty: name the judge's model, or leave out --judge"
        )
    try:
        from evals.judging.cache import JudgeCache
        from evals.judging.judge import Judge
        from evals.judging.ragas_metrics import JUDGED  # noqa: F401 - so that ragas is there
    except ModuleNotFoundError as error:
        library = (error.name or "").split(".")[0]
        raise SettingsError(
            f"the judged tier needs {library}: run `pip install '.[evals]'`"
        ) from error
    return Judge(
        settings.judge_model,
        base_url=settings.judge_base_url,
        api_key=settings.judge_api_key.get_secret_value(),
        cache=JudgeCache(settings.data / JUDGE_CACHE),
    )


def _read_check_set(path: Path | None) -> "Sequence[LabelledClaim]":
    from evals.claims.labelled import read_claims
    from evals.judging.checking import CHECK_SET, check_claims_fit

    claims = read_claims(path or CHECK_SET)
    check_claims_fit(path or CHECK_SET, claims)
    return claims


def _check_judge(options: argparse.Namespace, settings: Settings) -> int:
    judge = _open_judge(settings)
    claims = _read_check_set(options.set)
    from evals.judging.checking import check_judge

    async def check() -> JudgeCheck:
        try:
            return await check_judge(judge, claims, repeats=options.repeats)
        finally:
            await judge.close()

    found = asyncio.run(check())
    terminal.print_lines(found.lines())
    if not found.valid:
        terminal.complain(found.note)
    return 0 if found.valid else NotMeasured.exit_code


JUDGE_COMMANDS = {"judge-check": _check_judge}
