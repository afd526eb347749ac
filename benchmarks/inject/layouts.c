/* Compiled to assembly and never run: each line that begins with "->" names an offset and its number.
   `python -m benchmarks.inject.layouts` does that with each version's own headers. */
#define Py_BUILD_CORE 1
#include <Python.h>
#include <stddef.h>
#include "internal/pycore_runtime.h"
#include "internal/pycore_interp.h"
#if PY_VERSION_HEX >= 0x030c0000
#include "internal/pycore_ceval_state.h"
#endif

#define SAY(name, value) __asm__ volatile("\n->" name " %c0" ::"i"((long)(value)))
#define CALLS ((struct _pending_calls *)0)->calls

void layouts(void) {
    SAY("version", PY_VERSION_HEX >> 8);
    SAY("main_interpreter", offsetof(_PyRuntimeState, interpreters.main));
    SAY("main_thread", offsetof(_PyRuntimeState, main_thread));
#if PY_VERSION_HEX < 0x030c0000
    SAY("queue", offsetof(PyInterpreterState, ceval.pending));
    SAY("breaker", offsetof(PyInterpreterState, ceval.eval_breaker));
#else
    SAY("queue", offsetof(_PyRuntimeState, ceval.pending_mainthread));
    SAY("spare_queue", offsetof(PyInterpreterState, ceval.pending));
#if PY_VERSION_HEX < 0x030d0000
    SAY("breaker", offsetof(PyInterpreterState, ceval.eval_breaker));
#else
    SAY("main_state", offsetof(_PyRuntimeState, main_tstate));
    SAY("breaker", offsetof(PyThreadState, eval_breaker));
#endif
#endif
    SAY("calls", offsetof(struct _pending_calls, calls));
    SAY("slot", sizeof(CALLS[0]));
    SAY("slots", sizeof(CALLS) / sizeof(CALLS[0]));
    SAY("first", offsetof(struct _pending_calls, first));
#if PY_VERSION_HEX < 0x030d0000
    SAY("lock", offsetof(struct _pending_calls, lock));
    SAY("to_do", offsetof(struct _pending_calls, calls_to_do));
    SAY("last", offsetof(struct _pending_calls, last));
#else
    SAY("lock", offsetof(struct _pending_calls, mutex));
    SAY("to_do", offsetof(struct _pending_calls, npending));
    SAY("limit", offsetof(struct _pending_calls, max));
    SAY("loop_limit", offsetof(struct _pending_calls, maxloop));
    SAY("last", offsetof(struct _pending_calls, next));
#endif
}
