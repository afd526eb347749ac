"""What was asked of whom is saved beside the dumps, and what is not sound of it is left out."""

from __future__ import annotations

import json
from typing import Any

from asyncspy.model.stacks import AskedServer, Dump
from asyncspy.recording import dump_index


def saved(*dumps: Dump) -> dict[str, Any]:
    index: dict[str, Any] = json.loads(json.dumps(dump_index.encode(dumps, [])))
    return index


def test_whom_threads_ask_is_read_as_it_was_written() -> None:
    dumps = [Dump(pid=7, asks={71: AskedServer((7, 8), 8000)}), Dump(pid=7, asks={}), Dump(pid=7)]
    assert dump_index.decode(saved(*dumps))[0] == [*dumps[:2], Dump(pid=7, asks=None)]


def test_what_is_not_sound_is_left_out() -> None:
    document = saved(Dump(pid=7, asks={71: AskedServer((7,), 8000)}))
    (look,) = document[dump_index.KEY]["looks"]
    unsound = {"x": [[7], 80], "72": [7, 80], "73": [["7"], 80], "74": [[7], -1], "75": [[7]], "76": None}
    look["asks"].update(unsound)
    assert dump_index.decode(document)[0][0].asks == {71: AskedServer((7,), 8000)}
    look["asks"] = [1]
    assert dump_index.decode(document)[0][0].asks is None
