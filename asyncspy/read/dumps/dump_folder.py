"""Parse the index that asyncspy keeps beside its dumps into a `Profile` of when and how each was taken.

The dumps themselves are files as py-spy prints them: `add_index` puts both together by the files' names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import BinaryIO

from asyncspy.errors import InputError
from asyncspy.model.stacks import Dump, InputFile, Origin, Profile
from asyncspy.read.decode_json import AS_WRITTEN, decode
from asyncspy.read.open_file import read_all
from asyncspy.recording import dump_index

FORMAT = "looks"


def read(stream: BinaryIO, path: str) -> Profile:
    """Read the dumps without their threads, and the processes that were dumped."""
    document = decode(read_all(stream))
    if not isinstance(document, dict):
        raise InputError("it is not an index of dumps", remedy=AS_WRITTEN)
    dumps, targets, sources = dump_index.decode(document)
    origins = tuple(Origin("py-spy dump", mode="wall", samples=0, target=target) for target in targets)
    return Profile({}, origins, (InputFile(path, FORMAT, 0),), dumps=tuple(dumps), sources=sources)


def add_index(profiles: Sequence[Profile]) -> list[Profile]:
    """The profiles, each dump with what an index says of its file; an index is left without dumps of its own."""
    indexed = {dump.path: dump for profile in profiles if _is_index(profile) for dump in profile.dumps}
    return [
        replace(each, dumps=() if _is_index(each) else tuple(_with_index(dump, indexed) for dump in each.dumps))
        for each in profiles
    ]


def _is_index(profile: Profile) -> bool:
    return any(read_in.format == FORMAT for read_in in profile.inputs)


def _with_index(dump: Dump, indexed: dict[str, Dump]) -> Dump:
    known = indexed.get(PurePath(dump.path).name)
    return dump if known is None or known.pid != dump.pid else replace(known, threads=dump.threads, path=dump.path)
