"""Takes the account that asyncspy keeps beside its dumps; gives a `Profile` of when and how each was taken.

The dumps themselves are files of py-spy's own form: `joined` puts both together by the files' names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePath

from asyncspy.errors import InputError
from asyncspy.model.stacks import Dump, InputFile, Origin, Profile
from asyncspy.read.decode_json import AS_WRITTEN, decode
from asyncspy.recording import dump_index

MARK = f'"{dump_index.KEY}"'.encode()


def sniff(head: bytes) -> bool:
    """A JSON object that begins with our key."""
    return head.lstrip()[:1] == b"{" and head.lstrip()[1:].lstrip().startswith(MARK)


def read(data: bytes, path: str) -> Profile:
    """Dumps without threads, and the processes that were dumped."""
    document = decode(data)
    if not isinstance(document, dict):
        raise InputError("it is no account of dumps", remedy=AS_WRITTEN)
    looks, targets, sources = dump_index.decode(document)
    origins = tuple(Origin("py-spy dump", mode="wall", samples=0, target=target) for target in targets)
    return Profile({}, origins, (InputFile(path, "looks", 0),), dumps=tuple(looks), sources=sources)


def joined(profiles: Sequence[Profile]) -> list[Profile]:
    """The profiles, each dump with what an account tells of its file; accounts are left without dumps of their own."""
    told = {look.path: look for profile in profiles for look in profile.dumps if _is_account(profile)}
    return [
        replace(profile, dumps=() if _is_account(profile) else tuple(_told(dump, told) for dump in profile.dumps))
        for profile in profiles
    ]


def _is_account(profile: Profile) -> bool:
    return any(read.format == "looks" for read in profile.inputs)


def _told(dump: Dump, told: dict[str, Dump]) -> Dump:
    look = told.get(PurePath(dump.path).name)
    return dump if look is None or look.pid != dump.pid else replace(look, threads=dump.threads, path=dump.path)
