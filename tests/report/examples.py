"""Analyses and workers as real runs give them, and as hostile ones do; the data of every report test."""

from __future__ import annotations

from dataclasses import replace

from asyncspy.model.analysis import Analysis
from asyncspy.model.findings import (
    CodeShare,
    Culprit,
    DetectionLimit,
    Entry,
    Evidence,
    Finding,
    HopCosts,
    Interval,
    LoopTime,
    Remedy,
    SampleCounts,
    Wait,
)
from asyncspy.model.hangs import Hang, SuggestedCommand, WaitingThreads
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import ChainFrame, Frame, InputFile, Origin

ROOT = "/srv/shop"
SITE = "/srv/venv/lib/python3.12/site-packages"
PYTHON = "/usr/lib/python3.12"
NOW = 1_795_226_400.0

DJANGO = "5.2.19"

SOURCES = {
    f"{ROOT}/shop/pricing.py": {
        20: "",
        21: "def helper_count():",
        22: "    return User.objects.filter(is_active=True).count()",
        23: "",
    },
    f"{ROOT}/shop/signals.py": {
        11: "async def on_order_saved(sender, instance, **kwargs):",
        12: '    for watcher in instance.watchers.select_related("user", "user__profile").filter(active=True).all():',
        13: "        await notify(watcher)",
    },
    f"{ROOT}/shop/bank.py": {
        30: "def ask_the_bank(order):",
        31: '    return requests.post(BANK, json={"amount": order.total}, timeout=10)',
        32: "",
    },
    f"{ROOT}/shop/cart.py": {
        87: "    def total(self):",
        88: "\t\treturn sum(line.price for line in self.lines)",
        89: "",
    },
}


def source(file: str, line: int) -> list[tuple[int, str]]:
    """What the command line reads from disk: the lines near this one."""
    lines = SOURCES.get(file, {})
    return [(n, lines[n]) for n in sorted(lines) if abs(n - line) <= 3]


def worker(pid: int = 48291, **changed: object) -> Worker:
    known: dict[str, object] = {
        "pid": pid,
        "ppid": 48290,
        "role": "worker",
        "certain": True,
        "server": "gunicorn",
        "server_version": "27.0.1",
        "app": "shop.asgi:application",
        "bind": "127.0.0.1:8000",
        "loop": "uvloop",
        "python": "3.12.1",
        "django": DJANGO,
        "asgiref": "3.13.0",
        "async_unsafe_allowed": False,
        "command": "gunicorn: worker [shop.asgi:application]",
        "cwd": ROOT,
        "user": "deploy",
        "started_at": NOW - 3 * 86400 - 4 * 3600,
        "cpu_percent": 61.2,
        "memory_bytes": 112 * 1024**2,
        "threads": 9,
    }
    return Worker(**{**known, **changed})  # type: ignore[arg-type]


def origin(**changed: object) -> Origin:
    known: dict[str, object] = {
        "sampler": "py-spy 0.4.3",
        "mode": "gil",
        "rate": 100,
        "duration": 190.0,
        "started_at": "2026-11-21T02:13:05+00:00",
        "samples": 18_790,
        "errors": 19,
        "late_seconds": 0.0,
        "asyncspy": "0.1.0",
        "target": worker(),
    }
    return Origin(**{**known, **changed})  # type: ignore[arg-type]


SAMPLES = SampleCounts(total=18_790, loop=17_412, pool=1_180, idle=190, other=8)
REACH = DetectionLimit(unseen_share=0.000172, catch_interval_seconds=1.59)

VIEW_FRAME = Frame("checkout", f"{ROOT}/shop/views.py", 25)
MIDDLEWARE_FRAME = Frame("StockMiddleware.__call__", f"{ROOT}/shop/middleware.py", 40)
COUNT_FRAME = Frame("helper_count", f"{ROOT}/shop/pricing.py", 22)
CART_FRAME = Frame("Cart.total", f"{ROOT}/shop/cart.py", 88)
SIGNAL_FRAME = Frame("on_order_saved", f"{ROOT}/shop/signals.py", 12)
PACKAGE_FRAME = Frame("AuditMiddleware.process_request", f"{SITE}/stocktake/middleware.py", 57)


def link(frame: Frame, package: str | None = None) -> ChainFrame:
    return ChainFrame(*frame, package=package)


def django(function: str, file: str, line: int) -> ChainFrame:
    return ChainFrame(function, f"{SITE}/django/{file}", line, "django")


def to_compiler() -> tuple[ChainFrame, ...]:
    return (
        django("Query.get_count", "db/models/sql/query.py", 644),
        django("Query.get_aggregation", "db/models/sql/query.py", 626),
        django("SQLCompiler.execute_sql", "db/models/sql/compiler.py", 1610),
    )


own = Finding(
    kind="async-unsafe",
    evidence=Evidence(reached=5, heading=39),
    allowed=False,
    culprit=Culprit(COUNT_FRAME),
    call="QuerySet.count",
    sink="SQLCompiler.execute_sql",
    entries=(Entry("async view", VIEW_FRAME, 36), Entry("middleware", MIDDLEWARE_FRAME, 8)),
    chain=(
        link(VIEW_FRAME),
        link(Frame("Cart.summary", f"{ROOT}/shop/cart.py", 61)),
        link(COUNT_FRAME),
        django("QuerySet.count", "db/models/query.py", 604),
        *to_compiler(),
    ),
    remedies=(
        Remedy("await the a-method: .acount(…)", "4.1", "return await User.objects.filter(is_active=True).acount()"),
        Remedy(
            "call helper_count through a thread, in Cart.summary (cart.py:61)",
            None,
            "await sync_to_async(helper_count)(…)",
            "in Cart.summary (cart.py:61), with helper_count as it is",
        ),
    ),
    share=Interval(0.002527, 0.001883, 0.003391),
)

allowed = Finding(
    kind="async-unsafe",
    evidence=Evidence(reached=21, heading=4),
    allowed=True,
    culprit=Culprit(SIGNAL_FRAME),
    call="iterating a queryset",
    sink="CursorWrapper.execute",
    entries=(Entry("callback", SIGNAL_FRAME, 25),),
    chain=(
        link(SIGNAL_FRAME),
        django("QuerySet.__iter__", "db/models/query.py", 384),
        django("QuerySet._fetch_all", "db/models/query.py", 1949),
        django("ModelIterable.__iter__", "db/models/query.py", 91),
        django("SQLCompiler.execute_sql", "db/models/sql/compiler.py", 1623),
        django("CursorWrapper.execute", "db/backends/utils.py", 79),
    ),
    remedies=(Remedy("loop with async for", "4.1", "async for watcher in instance.watchers.filter(active=True):"),),
    share=Interval(0.001436, 0.000973, 0.002119),
)

third_party = Finding(
    kind="async-unsafe",
    evidence=Evidence(heading=9),
    allowed=False,
    culprit=Culprit(PACKAGE_FRAME, package="stocktake"),
    call="request.session",
    sink="SessionStore.load",
    entries=(Entry("middleware", PACKAGE_FRAME, 9),),
    chain=(
        link(PACKAGE_FRAME, "stocktake"),
        django("SessionBase.get", "contrib/sessions/backends/base.py", 65),
        django("SessionBase._get_session", "contrib/sessions/backends/base.py", 268),
        django("SessionStore.load", "contrib/sessions/backends/db.py", 49),
    ),
    remedies=(Remedy("await request.session.aget(…)", "5.1"),),
    share=Interval(0.000517, 0.000272, 0.000982),
)

many_entries = Finding(
    kind="async-unsafe",
    evidence=Evidence(heading=312, logged=4, exact=2),
    allowed=False,
    culprit=Culprit(CART_FRAME),
    call="iterating a queryset",
    sink="ModelIterable.__iter__",
    entries=(
        *(
            Entry("async view", Frame(f"{name}_page", f"{ROOT}/shop/pages/{name}.py", 10 + i), 100 - 13 * i)
            for i, name in enumerate(("start", "search", "basket", "orders", "wishlist", "returns", "gifts"))
        ),
        Entry("template tag", Frame("cart_badge", f"{ROOT}/shop/templatetags/cart.py", 9), 1),
    ),
    chain=(
        link(Frame("start_page", f"{ROOT}/shop/pages/start.py", 10)),
        django("render", "shortcuts.py", 25),
        django("render_to_string", "template/loader.py", 62),
        ChainFrame("Template.render", f"{SITE}/jinja2/environment.py", 1291, "jinja2"),
        link(CART_FRAME),
        django("QuerySet.__iter__", "db/models/query.py", 384),
        django("QuerySet._fetch_all", "db/models/query.py", 1949),
        django("ModelIterable.__iter__", "db/models/query.py", 91),
    ),
    share=Interval(0.017919, 0.016045, 0.020007),
)

_DEEP = "apps/storefront/presentation/views/checkout/internationalisation/regional"
LONG_FRAME = Frame(
    "RegionalCheckoutConfirmationView.get_context_data.<locals>.collect_recommendations_for_household",
    f"{ROOT}/{_DEEP}/recommendations_for_returning_households.py",
    1184,
)
long_names = Finding(
    kind="async-unsafe",
    evidence=Evidence(reached=1),
    allowed=False,
    culprit=Culprit(LONG_FRAME),
    call="ReverseManyToOneDescriptor.__get__.<locals>.RelatedManagerForRecommendations.count",
    sink="SQLCompiler.execute_sql",
    entries=(Entry("async view", Frame("RegionalCheckoutConfirmationView.dispatch", LONG_FRAME.file, 77), 1),),
    chain=(
        link(Frame("RegionalCheckoutConfirmationView.dispatch", LONG_FRAME.file, 77)),
        link(LONG_FRAME),
        django("RelatedManagerForRecommendations.count", "db/models/manager.py", 87),
        *to_compiler(),
    ),
    remedies=(
        Remedy(
            "move the database work into a sync function and await it through sync_to_async",
            code="recommendations = await sync_to_async(collect_recommendations_for_household, thread_sensitive=True)("
            "household, region)",
        ),
    ),
    share=Interval(0.0000574, 0.0000101, 0.000325),
)

HOSTILE = (
    "a\x1b[31mred\x1b]8;;http://x\x07 \u202egnp.exe\u2066 [bold]markup[/] :smile: \r\n\u2028next"
    "\x85 \ud800 \x00\x7f\u200b e\u0301\u0301\u0301\u0301"
)
HOSTILE_FRAME = Frame(HOSTILE, f"{ROOT}/{HOSTILE}.py", 7)
hostile = Finding(
    kind="async-unsafe",
    evidence=Evidence(heading=3),
    allowed=True,
    culprit=Culprit(HOSTILE_FRAME, package=HOSTILE),
    call=HOSTILE,
    sink=HOSTILE + "!",
    entries=(Entry(HOSTILE, Frame(HOSTILE, HOSTILE, -4), 3),),
    chain=(link(Frame(HOSTILE, HOSTILE)), ChainFrame(HOSTILE, HOSTILE, 2, HOSTILE), link(HOSTILE_FRAME, HOSTILE)),
    remedies=(Remedy(HOSTILE, HOSTILE, HOSTILE, HOSTILE), Remedy(HOSTILE)),
    share=Interval(0.00017, 0.00006, 0.0005),
)

FETCH_FRAME = Frame("ask_the_bank", f"{ROOT}/shop/bank.py", 31)
BUSY_FRAME = Frame("thumbnails", f"{ROOT}/shop/pictures.py", 12)
STAMP_FRAME = Frame("StampMiddleware.__call__", f"{ROOT}/shop/middleware.py", 16)
RATES_FRAME = Frame("rates", f"{ROOT}/shop/rates.py", 44)
blocked = Finding(
    kind="blocked-loop",
    evidence=Evidence(sampled=312),
    allowed=False,
    culprit=Culprit(FETCH_FRAME),
    call="post",
    sink=None,
    entries=(Entry("async view", VIEW_FRAME, 312),),
    chain=(link(VIEW_FRAME), link(FETCH_FRAME), ChainFrame("post", f"{SITE}/requests/api.py", 115, "requests")),
    remedies=(Remedy("use the asynchronous client"), Remedy("run it in a thread")),
    share=Interval(0.26, 0.236, 0.286),
    wait=Wait("socket", certain=True),
)
held = replace(
    blocked,
    evidence=Evidence(sampled=400),
    culprit=Culprit(BUSY_FRAME),
    call="work without a frame of its own",
    entries=(Entry("async view", BUSY_FRAME, 400),),
    chain=(link(BUSY_FRAME),),
    share=Interval(0.333, 0.307, 0.361),
    wait=Wait("unknown", certain=False),
)
pinned = Finding(
    kind="sync-middleware",
    evidence=Evidence(sampled=2810),
    allowed=False,
    culprit=Culprit(STAMP_FRAME),
    call="get_response",
    sink="AsyncToSync.__call__",
    entries=(),
    chain=(
        django("convert_exception_to_response.<locals>.inner", "core/handlers/exception.py", 55),
        link(STAMP_FRAME),
        ChainFrame("AsyncToSync.__call__", f"{SITE}/asgiref/sync.py", 342, "asgiref"),
    ),
    remedies=(Remedy("make it async-capable"),),
    threads=2.34,
    drags=6,
)
full = Finding(
    kind="pool-saturated",
    evidence=Evidence(sampled=1130),
    allowed=False,
    culprit=Culprit(RATES_FRAME),
    call="the one thread of thread-sensitive work",
    sink=None,
    entries=(),
    chain=(link(RATES_FRAME),),
    remedies=(Remedy("use one thread for each request"),),
    share=Interval(0.942, 0.927, 0.954),
    threads=1.0,
)
hopping = Finding(
    kind="hop-cost",
    evidence=Evidence(sampled=5210),
    allowed=False,
    culprit=Culprit(RATES_FRAME),
    call="SyncToAsync.__call__",
    sink=None,
    entries=(Entry("async view", VIEW_FRAME, 5210),),
    chain=(
        link(VIEW_FRAME),
        link(RATES_FRAME),
        ChainFrame("SyncToAsync.__call__", f"{SITE}/asgiref/sync.py", 567, "asgiref"),
    ),
    remedies=(Remedy("cross once"),),
    share=Interval(0.2992, 0.2925, 0.3061),
)
HOPS = HopCosts(
    samples=7_000,
    share=Interval(0.402, 0.3948, 0.4093),
    callers=(
        CodeShare(RATES_FRAME, None, 5_210),
        CodeShare(Frame("MiddlewareMixin.__acall__", f"{SITE}/django/utils/deprecation.py"), "django", 900),
        CodeShare(None, None, 500),
        CodeShare(Frame("ASGIHandler.__call__", f"{SITE}/django/core/handlers/asgi.py"), "django", 200),
        CodeShare(Frame("ASGIHandler.handle", f"{SITE}/django/core/handlers/asgi.py"), "django", 100),
        CodeShare(Frame("Operation.run", f"{SITE}/ninja/operation.py"), "ninja", 60),
        CodeShare(VIEW_FRAME, None, 30),
    ),
    work=(
        CodeShare(
            Frame("SessionMiddleware.process_request", f"{SITE}/django/contrib/sessions/middleware.py"), "django", 90
        ),
        CodeShare(Frame("process_response", f"{SITE}/django/middleware/common.py"), "django", 20),
        CodeShare(None, None, 1_070),
    ),
)
WALL = LoopTime(loop=1_200, idle=380, waiting=312, busy=508, pool_threads=3.31)

typical = Analysis("violations", SAMPLES, (own, allowed, third_party), REACH, (origin(),), django=DJANGO)
one = Analysis("violations", SAMPLES, (own,), REACH, (origin(),), django=DJANGO)
crowded = Analysis(
    "violations",
    SAMPLES,
    (many_entries, long_names),
    REACH,
    (origin(late_seconds=1.2, interrupted=True), origin(target=worker(48292), rate=50)),
    (
        InputFile("asyncspy-48291.speedscope.json", "speedscope", 812),
        InputFile("flame.svg", "py-spy SVG", 404, 3, ("frames under 0.1% of the samples are not in an SVG",)),
        InputFile("web.log", "log", 4, 1),
    ),
    django=DJANGO,
)
none_seen = Analysis("none-seen", SAMPLES, (), REACH, (origin(),))
no_samples = Analysis("no-data", SampleCounts(), (), DetectionLimit(), (origin(samples=0, errors=0),))
only_sync = Analysis("no-data", SampleCounts(total=940, sync=930, idle=10), (), DetectionLimit(), (origin(),))
only_pool = Analysis("no-data", SampleCounts(total=40, pool=30, idle=10), (), DetectionLimit(), (origin(),))
hostile_all = Analysis(
    "violations",
    SampleCounts(total=3, loop=3),
    (hostile,),
    DetectionLimit(float("nan"), float("inf")),
    (origin(sampler=HOSTILE, duration=float("inf"), target=worker(server=HOSTILE, app=HOSTILE, django=HOSTILE)),),
    (InputFile(HOSTILE, HOSTILE, 3, 1, (HOSTILE,)),),
    django=HOSTILE,
)

SHIPPING_FRAME = Frame("rates", f"{ROOT}/shop/shipping.py", 31)
stuck = Hang(
    pid=48291,
    verdict="deadlock",
    certain=True,
    grounds=("the event loop joins a thread that waits for the event loop", "no thread moved for 60s"),
    waits=(
        WaitingThreads(48291, "loop", ("MainThread",), "pool", Culprit(SHIPPING_FRAME), ("ThreadPoolExecutor-3_0",),
                (link(VIEW_FRAME), link(SHIPPING_FRAME), ChainFrame("join", f"{PYTHON}/threading.py", 1149, "stdlib")),
                9, True),
        WaitingThreads(48291, "request", ("ThreadPoolExecutor-3_0", "ThreadPoolExecutor-4_0"), "loop",
                Culprit(STAMP_FRAME), ("MainThread",), (link(STAMP_FRAME),), 9, True),
    ),
    known=("asgiref#535",),
    now=(SuggestedCommand("kill -TERM 48291", "gunicorn starts another worker in its place"),),
    later=(Remedy("upgrade asgiref", code="pip install --upgrade 'asgiref>=3.12'"),),
    looks=9,
    seconds=60.2,
    paused=0.08,
    target=worker(asgiref="3.11.1"),
)  # fmt: skip
hung = Analysis("no-data", SampleCounts(), hangs=(stuck,), inputs=(InputFile("dump.json", "looks", 9),))
hostile_hang = replace(
    stuck,
    grounds=(HOSTILE,),
    waits=(
        replace(stuck.waits[0], line=Culprit(HOSTILE_FRAME), threads=(HOSTILE,), on=(HOSTILE,), receiver=HOSTILE,
                frames=(link(HOSTILE_FRAME), ChainFrame(HOSTILE, HOSTILE, 2, HOSTILE))),
    ),
    known=(HOSTILE,),
    now=(SuggestedCommand(HOSTILE, HOSTILE),),
    later=(Remedy(HOSTILE, code=HOSTILE),),
    target=worker(server=HOSTILE, app=HOSTILE, django=HOSTILE),
)  # fmt: skip
hostile_hung = replace(hung, hangs=(hostile_hang,))

costly = Analysis(
    "violations",
    SAMPLES,
    (own, pinned, hopping),
    REACH,
    (origin(target=worker(asgiref="3.11.1")),),
    hops=HOPS,
    django=DJANGO,
)
waiting = Analysis(
    "none-seen",
    SampleCounts(total=9_000, loop=820, pool=3_972, idle=4_208),
    (blocked, held, full, pinned),
    DetectionLimit(0.0036, 5.3),
    (origin(mode="wall", rate=20, duration=60.0, samples=9_000),),
    wall=WALL,
    django=DJANGO,
)

ALL = {
    "typical": typical,
    "one": one,
    "crowded": crowded,
    "none_seen": none_seen,
    "no_samples": no_samples,
    "only_sync": only_sync,
    "only_pool": only_pool,
    "costly": costly,
    "waiting": waiting,
    "hung": hung,
    "hung too": replace(waiting, hangs=(stuck,)),
    "hostile": hostile_all,
    "hostile hang": hostile_hung,
}

GUNICORN = (
    worker(48290, ppid=1, role="master", loop=None, attachable=True, cpu_percent=0.0, memory_bytes=32 * 1024**2,
           threads=1, async_unsafe_allowed=True),
    worker(48291, async_unsafe_allowed=True),
    worker(48292, started_at=NOW - 7800, cpu_percent=58.0, async_unsafe_allowed=True),
)  # fmt: skip
UVICORN = (
    worker(51077, ppid=1, server="uvicorn", server_version="0.54.0", app="intranet.asgi:app", bind="0.0.0.0:8001",
           loop="asyncio", django="4.2.20", asgiref="3.8.1", attachable=False, user="intranet",
           reason="The process belongs to the user intranet.",
           remedy="sudo asyncspy attach --pid 51077"),
    worker(52001, ppid=1, server="daphne", server_version=None, app=None, bind=None, loop=None, certain=False,
           django=None, asgiref=None, python=None, started_at=None, cpu_percent=None, memory_bytes=None,
           threads=None),
)  # fmt: skip
WORKERS = (*GUNICORN, *UVICORN)
HOSTILE_WORKER = worker(
    7, server=HOSTILE, server_version=HOSTILE, app=HOSTILE, bind=HOSTILE, loop=HOSTILE, python=HOSTILE, django=HOSTILE,
    asgiref=HOSTILE, attachable=False, reason=HOSTILE, remedy=HOSTILE, command=HOSTILE, cwd=HOSTILE, user=HOSTILE,
)  # fmt: skip
