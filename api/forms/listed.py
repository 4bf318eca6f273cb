"""The bodies of lists, and of what is told of the service."""

from typing import Literal

from api.forms.found import Form


class CorpusForm(Form):
    """A corpus and its live release."""

    id: str
    object: Literal["corpus"]
    release: int
    created: str
    documents: int
    chunks: int
    language: str
    embedder: str
    precision_note: str | None


class ListedDocumentForm(Form):
    """A document of a corpus; the last three of one that is asked for alone."""

    id: str
    object: Literal["document"]
    version: str
    source: str
    title: str
    media_type: str | None = None
    characters: int | None = None
    pages: int | None = None


class PageForm(Form):
    """A part of a list, `last_id` to go on from."""

    object: Literal["list"]
    has_more: bool
    first_id: str | None
    last_id: str | None


class CorporaForm(PageForm):
    """All corpora."""

    data: list[CorpusForm]


class DocumentsForm(PageForm):
    """Documents in the order of their source."""

    data: list[ListedDocumentForm]


class AliveForm(Form):
    """The process answers."""

    status: Literal["alive"]


class ReadyForm(Form):
    """Whether each part is `ok`, or why not."""

    status: Literal["ready", "not ready"]
    parts: dict[str, str]


class VersionForm(Form):
    """The version of the code."""

    version: str
