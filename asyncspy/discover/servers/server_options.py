"""Parse a server's arguments: the app, where it listens, its loop, how many workers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from asyncspy.discover.command_line import ProcessInfo
from asyncspy.discover.servers.catalog import LOOP_VALUES, WORKER_CLASS_LOOPS, LoopSetting, Server

APP_NAME = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*(?:\(.*\))?|[A-Za-z_]\w*(?:\.\w+)+")
"""`module:attribute` or a dotted module. A process title may hold any other name that its user chose."""

_WORKER_COUNT = re.compile(r"[0-9]{1,6}")


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """A parsed command line; variables in `environ` apply if an option is not given."""

    server: Server
    positional: tuple[str, ...] = ()
    given: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    environ: Mapping[str, str] | None = None

    @property
    def app(self) -> str | None:
        """The app, as the command line names it."""
        return self.positional[0] if self.positional else self._from_environ("app")

    @property
    def reload(self) -> bool:
        """Whether the server restarts when a file changes."""
        return "--reload" in self.given or (self._from_environ("reload") or "0").lower() in {"1", "true", "yes", "on"}

    @property
    def workers(self) -> int | None:
        """How many workers were asked for; None if only an unreadable environment could say."""
        named = self._value(self.server.workers)
        if named is None and self.server.workers_environ is not None:
            if self.environ is None:
                return None
            named = self.environ.get(self.server.workers_environ)
        return int(named) if named is not None and _WORKER_COUNT.fullmatch(named) else 1

    @property
    def dirty(self) -> bool:
        """Whether gunicorn's dirty arbiter was asked for, which has workers of its own."""
        return self._value(self.server.dirty) is not None

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables that the server's options set for its workers."""
        pairs = (pair.partition("=") for name in self.server.environ_options for pair in self.given.get(name, ()))
        return {name: value for name, found, value in pairs if found}

    @property
    def environ_files(self) -> tuple[str, ...]:
        """The files with variables that it loads; they set only what is not set yet."""
        return tuple(path for name in self.server.environ_files for path in self.given.get(name, ()) if path)

    @property
    def settings(self) -> str | None:
        """The settings module that an option or the environment names."""
        return self._value(self.server.settings) or (self.environ or {}).get("DJANGO_SETTINGS_MODULE") or None

    @property
    def bind(self) -> str | None:
        """Where it listens; None if neither host nor port is given, else the missing one is the default."""
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
        return format_address(host or default_host, port or default_port)

    @property
    def loop(self) -> LoopSetting | None:
        """The event loop of its workers, as the command line sets it; None for a custom loop, or no loop."""
        worker_class = self._value(self.server.worker_class) or ""
        forced = WORKER_CLASS_LOOPS.get(worker_class, "auto")
        if forced != "auto":
            return forced
        named = self._value(self.server.loop)
        if named is not None:
            return LOOP_VALUES.get(named)
        return WORKER_CLASS_LOOPS.get(worker_class, "unknown") if worker_class else self.server.loop_unless_said

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


def parse_options(server: Server, arguments: tuple[str, ...], process: ProcessInfo) -> ServerOptions:
    """Parse a command line as the server's own parser would, as far as asyncspy needs it."""
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
    return ServerOptions(server, tuple(filter(None, positional)), given, process.environ)


def format_address(host: str, port: str | int) -> str:
    """Join host and port: `127.0.0.1:8000`, `[::1]:8000`."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _split(argument: str) -> tuple[str, str | None]:
    """Split `--port=8000` and `-w4` into option and value; the value is None if the next argument holds it."""
    if argument.startswith("--"):
        name, equals, value = argument.partition("=")
        return name, value if equals else None
    return argument[:2], argument[2:].removeprefix("=") or None
