"""Every error that Plumbline raises on purpose, one tree.

RagError                     anything Plumbline can explain; `str()` is one line: what to do
├── UsageError               the caller asked for something that cannot be meant
│   ├── InvalidCorpusName    the name could not be a folder on every system
│   ├── InvalidQuestion      empty, too long, or not text
│   ├── InvalidText          a text to check is empty, too long, or not text
│   ├── InvalidPassages      the passages it comes with are none, too many, or two of one id
│   ├── InvalidFilter        a filter names an unknown field, or a value that cannot fit
│   ├── InvalidRetriever     no retriever has that name
│   ├── UnsupportedParameter a request wants what no answer can have
│   ├── SourceNotFound       a source path is missing, or holds no file at all
│   └── InvalidRegressionSet a regression set is missing, or a line of it is wrong
├── SettingsError            the environment holds an unknown name or a value that is refused
├── NotFoundError            a named thing does not exist
│   ├── CorpusNotFound       no corpus of that name has a live release
│   ├── ReleaseNotFound      the corpus has no release of that number
│   └── DocumentNotFound     the release holds no document of that id
├── ReleaseRefused           the gate of a corpus does not let a release go live
├── WriterBusy               another process is writing this corpus
├── StorageError             the disk refused (full, read-only, damaged)
│   └── ReleaseBroken        a release failed its verification and must not serve
├── ExtractionFailed         one source could not be turned into text; its run goes on
│   ├── SourceUnreadable     it cannot be read for the moment; what was had of it stays
│   └── SourceSkipped        nothing reads a source of its kind
├── EmbedderError            the embedding model is missing, changed, or gave unusable vectors
├── SupportUnchecked         a support check did not come to its end; another may tell
├── AddressTaken             the service cannot listen where it was told to
├── NotMeasured              an evaluation could not produce a number at all
└── ChatModelError           the chat model's provider failed
    ├── ChatModelUnavailable nothing was received; trying again later may help
    └── ChatModelTruncated   the stream ended early; `partial` keeps what had arrived
"""


class RagError(Exception):
    """The root: carries the exit code with which a command reports it."""

    exit_code = 1


class UsageError(RagError):
    """The caller asked for something that cannot be meant."""

    exit_code = 2


class InvalidCorpusName(UsageError):
    """The corpus name is not allowed."""


class InvalidQuestion(UsageError):
    """The question is empty, too long, or not text."""


class InvalidText(UsageError):
    """The text to check is empty, too long, or not text."""


class InvalidPassages(UsageError):
    """The passages to check a text against are none, too many, or cannot be told apart."""


class InvalidFilter(UsageError):
    """A filter names an unknown field or condition, or a value that cannot fit."""


class InvalidRetriever(UsageError):
    """No retriever has that name."""


class UnsupportedParameter(UsageError):
    """A request wants what no answer can have; `param` is what it says so by."""

    def __init__(self, message: str, param: str) -> None:
        super().__init__(message)
        self.param = param


class SourceNotFound(UsageError):
    """A source path is missing or holds no files."""


class InvalidRegressionSet(UsageError):
    """A regression set is missing, or a line of it is wrong; names file, line and field."""

    exit_code = 4


class SettingsError(RagError):
    """A setting is unknown or its value is refused."""

    exit_code = 78


class NotFoundError(RagError):
    """A named thing does not exist."""

    exit_code = 66


class CorpusNotFound(NotFoundError):
    """No corpus of that name has a live release."""


class ReleaseNotFound(NotFoundError):
    """The corpus has no release of that number."""


class DocumentNotFound(NotFoundError):
    """The release holds no document of that id."""


class ReleaseRefused(RagError):
    """The gate of a corpus does not let a release go live."""


class WriterBusy(RagError):
    """Another process is writing this corpus."""

    exit_code = 75


class StorageError(RagError):
    """The disk refused."""

    exit_code = 74


class ReleaseBroken(StorageError):
    """A release failed its verification and must not serve."""


class ExtractionFailed(RagError):
    """One source could not be turned into text."""


class SourceUnreadable(ExtractionFailed):
    """A source cannot be read for the moment; what was had of it stays, and it is tried again."""


class SourceSkipped(ExtractionFailed):
    """Nothing reads a source of this kind, so that nothing is lost by leaving it."""


class EmbedderError(RagError):
    """The embedding model is missing, changed, or gave unusable vectors.

    `is_passing` says that no text is to blame: trying again may help.
    """

    exit_code = 78
    is_passing = False


class SupportUnchecked(RagError):
    """A support check was too slow, or gave nothing that can be used; another may tell."""


class AddressTaken(RagError):
    """Another program listens there, or nobody may."""

    exit_code = 69


class NotMeasured(RagError):
    """An evaluation could not produce a number at all."""

    exit_code = 3


class ChatModelError(RagError):
    """The chat model's provider failed."""

    exit_code = 69


class ChatModelUnavailable(ChatModelError):
    """Nothing was received from the provider; `retry_after_s` is its own advice, if it gave any."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class ChatModelTruncated(ChatModelError):
    """The stream ended before the model had finished; `partial` is the text received so far."""

    def __init__(self, message: str, *, partial: str = "") -> None:
        super().__init__(message)
        self.partial = partial
