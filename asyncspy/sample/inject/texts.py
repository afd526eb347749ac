"""Build the line of Python that the main thread runs; it never raises, whatever happens in it."""

from __future__ import annotations

from asyncspy.sample.inject.refused import NotInjected

GUARDED = b"""try:
 try:exec(compile((lambda f:(f.read(),f.close())[0])(open('%b','rb')),'<asyncspy>','exec',%d),{'__name__':'asyncspy'})
 except KeyboardInterrupt:__import__('_thread').interrupt_main()
except BaseException:pass
\0"""
"""Names none of its own: it runs in the module `__main__` of the application. A Ctrl-C that arrives meanwhile is
delivered again to the application, which it is meant for. A pending call that raised would be a SystemError there."""


FUTURE_ANNOTATIONS = 0x1000000
"""The flag of `from __future__ import annotations`, which imports a module where it is written out; 3.9 to 3.13."""


def run_file(path: str) -> bytes:
    """Has the file run in a namespace of its own."""
    plain = path.isascii() and path.isprintable() and not set(path) & set("'\"\\")
    if not plain or not path.startswith("/"):
        raise NotInjected("unexpected", f"{path!r} is no plain path")
    return GUARDED % (path.encode(), FUTURE_ANNOTATIONS)


def write_number(number: int, like: bytes) -> bytes:
    """For the rehearsal: writes a digit to the standard output; as long as the text that it stands for."""
    text = b"try:\n try:exec(compile(('import os;os.write(1,b\"%d\")'),'','exec'),{})\n finally:0\n"
    text += b"except BaseException:pass\n"
    return (text % number).ljust(len(like) - 2, b" ") + b"\n\0"
