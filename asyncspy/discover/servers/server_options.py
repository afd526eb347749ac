"""A server's arguments to what they set: the app, where it listens, its loop, how many workers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from asyncspy.discover.command_line import Process
from asyncspy.discover.servers.catalog import LOOPS, WORKER_LOOPS, Loop, Server

APP = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*(?:\(.*\))?|[A-Za-z_]\w*(?:\.\w+)+")
"""`module:attribute` or a dotted module. A title may hold any name that its user gave: those are no app."""

_COUNT = re.compile(r"[0-9]{1,6}")


@dataclass(frozen=True, slots=True)
class Options:
    """A parsed command line; `environ` stands in for options that are not given."""

    server: Server
    positional: tuple[str, ...] = ()
    given: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    environ: Mapping[str, str] | None = None

    @property
    def app(self) -> str | None:
        """What is served, as it was named."""
        return self.positional[0] if self.positional else self._from_environ("app")

    @property
    def reload(self) -> bool:
        """Whether the server restarts itself when a file changes."""
        return "--reload" in self.given or (self._from_environ("reload") or "0").lower() in {"1", "true", "yes", "on"}

    @property
    def workers(self) -> int | None:
        """How many workers were asked for; None where only an unreadable environment could say."""
        named = self._value(self.server.workers)
        if named is None and self.server.workers_environ is not None:
            if self.environ is None:
                return None
            named = self.environ.get(self.server.workers_environ)
        return int(named) if named is not None and _COUNT.fullmatch(named) else 1

    @property
    def dirty(self) -> bool:
        """Whether a dirty arbiter with workers of its own was asked for."""
        return self._value(self.server.dirty) is not None

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables that the server sets for its workers."""
        pairs = (pair.partition("=") for name in self.server.environ_options for pair in self.given.get(name, ()))
        return {name: value for name, found, value in pairs if found}

    @property
    def environ_files(self) -> tuple[str, ...]:
        """The files of variables that it loads; they set only what is not set yet."""
        return tuple(path for name in self.server.environ_files for path in self.given.get(name, ()) if path)

    @property
    def settings(self) -> str | None:
        """The settings module, where an option or the environment names it."""
        return self._value(self.server.settings) or (self.environ or {}).get("DJANGO_SETTINGS_MODULE") or None

    @property
    def bind(self) -> str | None:
        """Where it listens, if the command line says all of it; the default is only filled in beside half of it."""
        if socket := self._value(self.server.socket):
            return f"unix:{socket}"
        if binds := [value for name in self.server.bind for value in self.given.get(name, ())]:
            return ", ".join(binds)
        if self.server.address_first and self.positional:
            named, _, at = self.positional[0].rpartition(":")
            return f"{named or self.server.default_bind[0]}:{at}"
        host, port = self._value(self.server.host), self._value(self.server.port)
        if host is None and port is None:
            return None
        default_host, default_port = self.server.default_bind
        return address(host or default_host, port or default_port)

    @property
    def loop(self) -> Loop | None:
        """The event loop of its workers, as far as the command line tells; None for a loop of another make, or none."""
        worker_class = self._value(self.server.worker_class) or ""
        insists = WORKER_LOOPS.get(worker_class, "auto")
        if insists != "auto":
            return insists
        named = self._value(self.server.loop)
        if named is not None:
            return LOOPS.get(named)
        return WORKER_LOOPS.get(worker_class, "unknown") if worker_class else self.server.loop_unless_said

    def _value(self, names: tuple[str, ...]) -> str | None:
        values = [value for name in names for value in self.given.get(name, ())]
        if values:
            return values[-1]
        long = next((name for name in names if name.startswith("--")), None)
        return self._from_environ(long.removeprefix("--")) if long else None

    def _from_environ(self, name: str) -> str | None:
        if self.server.environ_prefix is None or self.environ is None:
            return None
        return self.environ.get(self.server.environ_prefix + name.upper().replace("-", "_")) or None


def parse(server: Server, arguments: tuple[str, ...], process: Process) -> Options:
    """Read a command line as the server's own parser would, as far as asyncspy needs it."""
    given: dict[str, tuple[str, ...]] = {}
    positional: list[str] = []
    rest = list(arguments)
    while rest:
        argument = rest.pop(0)
        if not argument.startswith("-") or argument == "-":
            positional.append(argument)
            continue
        name, value = _split(argument)
        if value is None and name not in server.flags:
            value = rest.pop(0) if rest else ""
        given[name] = (*given.get(name, ()), value or "")
    return Options(server, tuple(filter(None, positional)), given, process.environ)


def address(host: str, port: str | int) -> str:
    """`127.0.0.1:8000`, `[::1]:8000`."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _split(argument: str) -> tuple[str, str | None]:
    """`--port=8000` and `-w4` name the option and its value in one; `-w` and `--port` leave the value to the next."""
    if argument.startswith("--"):
        name, equals, value = argument.partition("=")
        return name, value if equals else None
    return argument[:2], argument[2:].removeprefix("=") or None
