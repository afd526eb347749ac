"""Say a refusal to a person: what was found, and what to do next."""

from __future__ import annotations

from asyncspy.errors import EndedError, TargetError
from asyncspy.sample.inject.refused import NotInjected

OTHERWISE = (
    "count with asyncspy.django in INSTALLED_APPS (Python 3.10 or newer), or sample: asyncspy attach --pid {pid}"
)
AGAIN = "try again; if it stays so: " + OTHERWISE
INSIDE = "run asyncspy inside of that container; or sample: asyncspy attach --pid {pid}"
REPORT = "please report this with the output of its `python -VV`; until then " + OTHERWISE

WORDS = {
    # the process
    "gone": ("it ended, or runs another program by now", "asyncspy find-workers lists what runs now"),
    "denied": ("there is no right to write into it", "asyncspy doctor --pid {pid} names what is missing"),
    "stopped": ("it is stopped by a signal", "let it go on first: kill -CONT {pid}"),
    "traced": ("another program traces it: a debugger, strace or py-spy", "end that first; then try again"),
    "threads": ("its threads cannot all be stopped ({detail})", AGAIN),
    "main_thread": ("Python was not started in its first thread", OTHERWISE),
    "confined_root": (
        "it is root with fewer rights than asyncspy has here, and a rehearsal would run its program",
        INSIDE,
    ),
    "other_root": ("it runs in another root (a container), which only root may enter", "run asyncspy as root"),
    # its interpreter
    "architecture": ("--inject has not been run on this architecture yet ({detail})", OTHERWISE),
    "embedded": ("{detail} is no python program that can be started for a rehearsal", OTHERWISE),
    "replaced": ("its program was replaced on disk since it started ({detail}), and cannot be rehearsed", "restart it"),
    "musl": ("it runs on musl, which uses the memory where a text would wait", OTHERWISE),
    "older": ("it runs Python {detail}, and --inject knows 3.9 to 3.13", "sample: asyncspy attach --pid {pid}"),
    "newer": ("it runs Python {detail}, which lets code in by itself", "leave out --inject"),
    "version": ("its version of Python ({detail}) is not one whose layout is known", REPORT),
    "free_threaded": ("its Python is a free-threaded build", OTHERWISE),
    "debug_build": ("its Python is a debug build", OTHERWISE),
    "no_symbols": ("no interpreter in it shows its symbols {detail}", OTHERWISE),
    "damaged": ("its program cannot be read from memory ({detail})", OTHERWISE),
    # the rehearsal
    "no_copy": ("its program could not be started for a rehearsal: {detail}", OTHERWISE),
    "other_copy": ("the program that was started for a rehearsal differs from it ({detail})", OTHERWISE),
    "rehearsal": ("the rehearsal failed, and the process was not touched: {detail}", REPORT),
    # the moment
    "another": ("another asyncspy lets something into it at this moment", "wait until that ends, and try again"),
    "busy": ("its queue of pending calls was in use at every try ({detail})", AGAIN),
    "slow": ("its threads could not be stopped within a quarter of a second", AGAIN),
    "no_room": ("there is no memory in it where a text could wait ({detail})", OTHERWISE),
    "unexpected": ("what was read from it is not what it must be: {detail}", OTHERWISE),
    "failed": ("the program that writes could not do its work: {detail}", AGAIN),
}
"""What was found, and the next step, by the kind of a refusal; `detail` is the process's or the system's own word."""

MAX_DETAIL = 300


def in_words(pid: int, refused: NotInjected) -> TargetError:
    """An error for a command to end with."""
    found, remedy = said_of(pid, refused)
    error = EndedError if refused.kind == "gone" else TargetError
    return error(f"nothing was injected into process {pid}: {found}", remedy=remedy)


def said_of(pid: int, refused: NotInjected) -> tuple[str, str]:
    """What was found, and the next step."""
    found, remedy = WORDS[refused.kind]
    detail = "".join(each if each.isprintable() else "?" for each in refused.detail[:MAX_DETAIL])
    return found.format(detail=detail).replace(" ()", "").rstrip(": "), remedy.format(pid=pid)
