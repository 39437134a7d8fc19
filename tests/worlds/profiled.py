"""What the CPU seconds of a command went into: stacks of all threads, of its process and of copies of it.

Every hundredth of a second each thread's CPU clock is read, and what it has moved by is put down to the
module of simlab that the thread is in (to "imports" where it imports). Which stage it is the main thread's
stack says; what copies of the process do meanwhile counts to the same stage. Linux.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

STAGE_OF = {
    "api/data/data:load": "load",
    "api/data/data:demo": "load",
    "api/learning/learning:segment": "fit and segment",
    "api/plans/search:prepare": "plan, warm-up",
    "api/plans/search:search": "simulate",
    "api/plans/search:solve_ready": "solve",
    "api/plans/in_sample:in_sample": "in-sample",
    "api/plans/search:tested": "verdict",
    "api/output/writing:write_optimization": "write",
    "api/output/drawing:draw_report": "report",
}
"""Functions that are a stage, from the outermost on; where none is under way it is imports and the rest."""
REST = "imports, rest"

BY_SAMPLES = """
import atexit, collections, json, os, sys, threading, time
place, stage_of, *words = json.loads(sys.argv[1])
state = {}

def label(stack):
    if any(code.co_name == "_find_and_load" for code in stack):
        return "imports"
    for code in stack:
        before, found, after = code.co_filename.rpartition("/simlab/")
        if found:
            return after.removesuffix(".py")
    return "Python"

def stage(stack):
    for code in reversed(stack):
        name = code.co_filename.rpartition("/simlab/")[2].removesuffix(".py") + ":" + code.co_name
        if name in stage_of:
            return stage_of[name]
    return ""

def sample(state):
    last, own = {}, threading.get_ident()
    while not state["ended"]:
        time.sleep(0.01)
        now, frames = time.time(), sys._current_frames()
        for thread, frame in frames.items():
            try:
                spent = time.clock_gettime(time.pthread_getcpuclockid(thread))
            except OSError:
                continue
            stack = []
            while frame is not None:
                stack.append(frame.f_code)
                frame = frame.f_back
            main = thread == state["main"]
            if main and state["stages"][-1][1] != (found := stage(stack)):
                state["stages"].append((now, found))
            if thread != own:
                kind = "main" if main else "threads"
                before = last.get(thread, 0.0)
                before = before if before <= spent else 0.0  # a new thread under an old one's number
                state["spent"][round(now, 1), kind, label(stack)] += spent - before
            last[thread] = spent

def begin(copy=True):
    state.clear()
    main = threading.main_thread().ident
    spent = collections.Counter()
    state.update(ended=False, main=main, copy=copy, spent=spent, stages=[(time.time(), "")])
    state["sampler"] = threading.Thread(target=sample, args=(state,), daemon=True)
    state["sampler"].start()

def tell():
    state["ended"] = True
    state["sampler"].join()
    spent = [[*key, value] for key, value in state["spent"].items()]
    told = {"copy": state["copy"], "end": time.time(), "stages": state["stages"], "spent": spent}
    with open(f"{place}/{os.getpid()}.json", "w") as file:
        json.dump(told, file)

leave = os._exit
def told_first(code):
    tell()
    leave(code)

os._exit = told_first
atexit.register(tell)
begin(copy=False)
os.register_at_fork(after_in_child=begin)
if words[0] == "load":
    import simlab
    simlab.load(words[1])
else:
    from simlab.cli import main
    sys.argv = ["simlab", *words]
    main()
"""

BY_FUNCTION = """
import collections, sys, time
from numba.core import event
own, begun = collections.Counter(), []

class Compiled(event.Listener):
    def on_start(self, event):
        begun.append([time.thread_time(), 0.0])

    def on_end(self, event):
        start, inside = begun.pop()
        spent = time.thread_time() - start
        own[event.data["dispatcher"].py_func.__name__] += spent - inside
        if begun:
            begun[-1][1] += spent

from simlab.execution.ahead import compile_late
with event.install_listener("numba:compile", Compiled()):
    compile_late()
most = ", ".join(f"{name} {seconds:.1f}" for name, seconds in own.most_common(8))
sys.stderr.write(f"{len(own)} functions, {sum(own.values()):.1f} s: {most}")
"""
"""Compile what a first run compiles beside it: CPU by function, without the functions that it calls."""


@dataclass
class Stage:
    """Seconds of one stage.

    Attributes
    ----------
    clock : float
    spent : Counter
        CPU seconds by who spent them: the main thread, other threads of the process, its copies.
    parts : Counter
        CPU seconds by module.
    """

    clock: float = 0.0
    spent: Counter[str] = field(default_factory=Counter)
    parts: Counter[str] = field(default_factory=Counter)

    def by_whom(self) -> str:
        """ "main 3.4, threads 4.7, copies 7.1"."""
        return ", ".join(f"{who} {seconds:.1f}" for who, seconds in self.spent.items() if seconds >= 0.05)

    def most(self, modules: int) -> str:
        """Where most of the CPU went."""
        found = self.parts.most_common(modules)
        return ", ".join(f"{name} {seconds:.1f}" for name, seconds in found if seconds >= 0.05)


def added(stages: Iterable[Stage]) -> Stage:
    """All stages as one."""
    whole = Stage()
    for one in stages:
        whole.clock += one.clock
        whole.spent += one.spent
        whole.parts += one.parts
    return whole


def arguments(place: Path, words: list[str]) -> str:
    """What `BY_SAMPLES` takes: where its files go, and the command."""
    place.mkdir(parents=True)
    return json.dumps([str(place), STAGE_OF, *words])


def by_stage(place: Path) -> dict[str, Stage]:
    """The stages of a command that has ended, in the order in which they began."""
    told = [json.loads(path.read_text()) for path in sorted(place.glob("*.json"))]
    own = next(one for one in told if not one["copy"])
    begun = [(at, name or REST) for at, name in own["stages"]]
    ends = [at for at, _ in begun[1:]] + [own["end"]]
    found: dict[str, Stage] = {}
    for (at, name), end in zip(begun, ends, strict=True):
        found.setdefault(name, Stage()).clock += end - at
    for one in told:
        for at, kind, part, seconds in one["spent"]:
            name = next((name for begin, name in reversed(begun) if begin <= at + 0.05), begun[0][1])
            found[name].spent["copies" if one["copy"] else kind] += seconds
            found[name].parts[part] += seconds
    return found
