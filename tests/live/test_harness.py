"""The shop does what its marks say, behind every server, and nothing of it is left running."""

from __future__ import annotations

from typing import cast

import psutil
import pytest

from tests.live.harness import PROGRAMS, Loop, ServerKind, load, runs, serving

SHOP = PROGRAMS / "shop"


@pytest.mark.live
@pytest.mark.parametrize("server", ["uvicorn", "uvicorn-workers", "gunicorn"])
@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_every_server_answers_from_each_worker_and_is_gone_afterwards(server: ServerKind, loop: Loop) -> None:
    with serving(SHOP, server=server, loop=loop, env={"SHOP_VIOLATE_EVERY": "0"}) as served:
        assert len(served.worker_pids) == (1 if server == "uvicorn" else 2)
        assert load(served.url, requests=20).statuses == {200: 20}
        family = [psutil.Process(served.pid), *psutil.Process(served.pid).children(recursive=True)]
    assert [process for process in family if runs(process)] == []


@pytest.mark.live
def test_one_request_in_so_many_breaks_the_rule() -> None:
    with serving(SHOP, env={"SHOP_VIOLATE_EVERY": "4"}) as served:
        assert load(served.url, requests=40).statuses == {200: 30, 500: 10}


@pytest.mark.live
def test_where_the_fault_is_allowed_every_request_succeeds() -> None:
    with serving(SHOP, env={"SHOP_VIOLATE_EVERY": "1", "DJANGO_ALLOW_ASYNC_UNSAFE": "1"}) as served:
        assert load(served.url, requests=20).statuses == {200: 20}


@pytest.mark.live
def test_a_program_that_does_not_start_says_why() -> None:
    with pytest.raises(RuntimeError, match="unheard-of"), serving(SHOP, loop=cast(Loop, "unheard-of")):
        pass
