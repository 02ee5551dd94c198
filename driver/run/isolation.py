"""Run functions, and programs of ours, in processes of their own."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from multiprocessing import connection, resource_tracker

PATIENCE_S = 10.0
INTERRUPTED = 130
TIED = "END_WITH_PARENT"  # in the environment of a child of `tied`
# Ctrl+C, how a cluster says it, and a terminal that was closed
INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def listen(handler) -> None:
    """Be interrupted by `handler`; under ``nohup`` a terminal may close all the same."""
    for number in INTERRUPTS:
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, handler)


@contextlib.contextmanager
def interrupts_wait() -> Iterator[None]:
    """An interruption waits for the end of the ``with`` statement; so keep it short.

    More of them change nothing: a terminal and a parent may both tell us. Only Python's own
    handling waits, in the main thread.
    """
    came: list[tuple] = []
    before = {number: signal.getsignal(number) for number in INTERRUPTS}
    if threading.current_thread() is threading.main_thread():
        mine = {number: handler for number, handler in before.items() if callable(handler)}
    else:
        mine = {}
    for number in mine:
        signal.signal(number, lambda *what: came.append(what))
    try:
        yield
    finally:
        for number, handler in mine.items():
            signal.signal(number, handler)
    if came:
        mine[came[0][0]](*came[0])


def _call(function, argument) -> None:
    listen(_interrupt_once)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, INTERRUPTS)
        raise SystemExit(function(argument))
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None


def _end_with_parent() -> None:
    """A killed parent must not leave a child that writes into a folder nobody guards."""
    multiprocessing.parent_process().join()
    os._exit(1)


def _interrupt_once(_, frame) -> None:
    """A terminal tells parent and child, and the parent tells the child again: save in peace."""
    for number in INTERRUPTS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def run_isolated(function, arguments: Iterable, jobs: int = 1) -> Iterator[tuple[object, int]]:
    """Run ``function(argument)`` for every argument, each in a fresh process.

    Parameters
    ----------
    function : callable
        Importable; returns an exit status. A crash is a status other than 0.
    arguments : iterable
        Of picklable objects.
    jobs : int
        Processes at once.

    Yields
    ------
    argument, status
        As each of them ends.

    Notes
    -----
    On Ctrl+C the processes are interrupted as well and given time to save and clean up.
    """
    waiting, running = deque(arguments), {}
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                _start(function, waiting.popleft(), running)
            for sentinel in connection.wait(list(running)):
                process, argument = running.pop(sentinel)
                process.join()
                yield argument, process.exitcode
    except (KeyboardInterrupt, GeneratorExit):
        interrupt([process for process, _ in running.values()])
        raise


def _start(function, argument, running: dict) -> None:
    """Start a process and enter it into `running`, so that no Ctrl+C falls between the two."""
    process = multiprocessing.get_context("spawn").Process(target=_call, args=(function, argument))
    resource_tracker.ensure_running()  # it would unblock what is blocked here
    before = signal.pthread_sigmask(signal.SIG_BLOCK, INTERRUPTS)
    try:
        process.start()  # inherits the mask, and listens when it can save
        running[process.sentinel] = process, argument
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def interrupt(processes: Sequence[multiprocessing.process.BaseProcess]) -> None:
    """End processes as Ctrl+C does; a terminal has told them already, `kill` may not have."""
    connection.wait([process.sentinel for process in processes], timeout=0.2)
    for process in processes:
        if process.is_alive():
            os.kill(process.pid, signal.SIGINT)
    end = time.monotonic() + PATIENCE_S
    for process in processes:
        process.join(max(0.0, end - time.monotonic()))
        if process.is_alive():
            process.kill()  # it may not listen any more
            process.join()


# --- programs that end with who started them -------------------------------------------


def tied(command: Sequence[str]) -> subprocess.Popen:
    """Start a program of ours that is interrupted, and saves, when this process ends.

    However it ends: the program holds the other end of a pipe. Its standard error can be read.
    """
    return subprocess.Popen(
        list(command),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {TIED: "1"},
    )


def end_with_parent() -> None:
    """In a program that was started by `tied`: be interrupted when its parent is gone."""
    if TIED in os.environ:
        os.environ.pop(TIED)  # not for the programs that it starts
        threading.Thread(target=_watch_input, daemon=True).start()


def _watch_input() -> None:
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
