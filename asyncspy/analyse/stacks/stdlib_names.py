"""List classes and functions of the standard library's packages that lie in an `__init__.py`.

Where a recording has no folders, such a file name says nothing: `getMessage (__init__.py)` is `logging`'s, and not the
user's own. tests/analyse/stacks/test_ownership.py compares this with the Python that runs.
"""

from __future__ import annotations

INIT_FILE = "__init__.py"

LOGGING_CLASSES = frozenset(
    "LogRecord PercentStyle StrFormatStyle StringTemplateStyle Formatter BufferingFormatter Filter Filterer Handler "
    "StreamHandler FileHandler _StderrHandler NullHandler PlaceHolder Manager Logger RootLogger LoggerAdapter".split()
)
OTHER_CLASSES = frozenset(
    "OrderedDict Counter ChainMap UserDict UserList UserString _Link _OrderedDictItemsView _OrderedDictKeysView "
    "_OrderedDictValuesView CDLL PyDLL LibraryLoader HTTPStatus HTTPMethod RegexFlag Scanner DummyProcess".split()
)
CLASSES = LOGGING_CLASSES | OTHER_CLASSES
"""Classes of logging, collections, ctypes, http, re and multiprocessing.dummy."""

LOGGING_FUNCTIONS = frozenset(
    "_acquireLock _addHandlerRef _checkLevel _fixupChildren _fixupParents _format _log _open _releaseLock "
    "_removeHandlerRef _showwarning acquire addFilter addHandler addLevelName basicConfig callHandlers captureWarnings "
    "close createLock critical debug disable emit error exception fatal filter findCaller flush format formatException "
    "formatFooter formatHeader formatMessage formatStack formatTime getChild getEffectiveLevel getLevelName "
    "getLogRecordFactory getLogger getLoggerClass getMessage handle handleError hasHandlers info isEnabledFor log "
    "makeLogRecord makeRecord release removeFilter removeHandler setFormatter setLevel setLogRecordFactory "
    "setLoggerClass setStream shutdown usesTime validate warn warning".split()
)
OTHER_FUNCTIONS = frozenset(
    "dump dumps loads import_module namedtuple _compile fullmatch findall finditer subn".split()
)
FUNCTIONS = LOGGING_FUNCTIONS | OTHER_FUNCTIONS
"""Functions and methods of logging, json, importlib, collections and re by their last name, as older recordings have
them. A name that own packages rather have in such a file (`load`, `search`, `get`) is not among them."""


def is_of_stdlib(function: str, file: str) -> bool:
    """Whether a frame without folder is one of these; a qualified name is known by its class."""
    if file != INIT_FILE:
        return False
    owner, _, name = function.rpartition(".")
    return owner.partition(".")[0] in CLASSES if owner else name in FUNCTIONS
