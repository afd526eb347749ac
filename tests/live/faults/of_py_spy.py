"""What becomes of py-spy."""

from __future__ import annotations

import threading

from tests.live.faults.scene import LONG, Scene, held
from tests.live.faults.table import fault, fell_behind, samples, started
from tests.live.processes import eventually

GARBAGE = "open(output, 'w').write('{\"profiles\": [')\n"


@fault("py-spy is killed", 4, "ended by SIGKILL", saved=False)
def _(one: Scene) -> None:
    started(one).kill()


@fault("py-spy is asked to end by SIGTERM", 4, saved=False)
def _(one: Scene) -> None:
    started(one).terminate()


@fault("py-spy hangs while it holds the target", 0, "py-spy hung while it held process", also=samples)
def _(one: Scene) -> None:
    one.spin()
    one.start("--rate", "1000")
    sampler = one.sampled()

    def caught() -> bool:
        sampler.suspend()
        if eventually(lambda: sampler.status() == "stopped", timeout=LONG) and held(one.pid):
            return True
        sampler.resume()
        return False

    assert eventually(caught, timeout=LONG)


@fault("py-spy hangs while it holds the target, and cannot be woken", 4, "hung while it held", saved=False)
def _(one: Scene) -> None:
    one.spin()
    holds = (
        "import ctypes, threading\npid = int(sys.argv[sys.argv.index('--pid') + 1])\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "libc = ctypes.CDLL(None)\nlibc.ptrace(16, pid, 0, 0)\nos.waitpid(pid, 0)\n"
        "print('Sampling process', flush=True)\ntime.sleep(600)"
    )
    one.start(stub=holds)


@fault("py-spy hangs", 4, "did not end", saved=False)
def _(one: Scene) -> None:
    one.spin()
    hangs = "signal.signal(signal.SIGINT, signal.SIG_IGN); print('Sampling process', flush=True)\ntime.sleep(600)"
    one.start(duration="1", stub=hangs, grace="0.5")


@fault("py-spy prints garbage", 4, "wrote no speedscope document; .* kept as", saved=False, kept=True)
def _(one: Scene) -> None:
    one.spin()
    one.start(stub=GARBAGE)


@fault("py-spy ends at once, and writes nothing", 0, "ended by itself")
def _(one: Scene) -> None:
    one.spin()
    one.start(stub="sys.exit(0)")


@fault("py-spy falls behind", 0, also=fell_behind)
def _(one: Scene) -> None:
    sampler = started(one, duration="4")

    def caught() -> bool:
        sampler.suspend()
        if eventually(lambda: sampler.status() == "stopped", timeout=LONG) and not held(one.pid):
            return True
        sampler.resume()
        return False

    assert eventually(caught, timeout=LONG)
    threading.Event().wait(1.5)
    sampler.resume()


@fault("py-spy stumbles at the start", 0, also=samples)
def _(one: Scene) -> None:
    one.spin()
    tried = str(one.folder / "tried")
    one.start(
        duration="1",
        stub=f"if not os.path.exists({tried!r}):\n    open({tried!r}, 'w')\n"
        "    sys.exit('Error: Failed to get stack traces')\nos.execv(real, [real, *sys.argv[1:]])",
    )


@fault("py-spy is not there any more", 4, "could not record .* No such file", saved=False)
def _(one: Scene) -> None:
    one.spin()
    one.start(once="os.unlink(__file__)")
