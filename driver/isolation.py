"""Run a function in a process of its own."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import threading
from collections.abc import Sequence
from multiprocessing import resource_tracker

PATIENCE_S = 10.0
INTERRUPTED = 130
TIED = "END_WITH_PARENT"  # in the environment of a child of `tied`
INTERRUPTS = (signal.SIGINT, signal.SIGTERM)  # Ctrl+C, and how a cluster says it


def _call(function, argument) -> None:
    for number in INTERRUPTS:
        signal.signal(number, _interrupt_once)
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


def run_isolated(function, argument) -> int:
    """Exit status of ``function(argument)``, run in a fresh process.

    Parameters
    ----------
    function : callable
        Importable; returns an exit status. A crash is a status other than 0.
    argument : object
        Picklable.

    Notes
    -----
    On Ctrl+C the process is interrupted as well and given time to save and clean up.
    """
    process = multiprocessing.get_context("spawn").Process(target=_call, args=(function, argument))
    resource_tracker.ensure_running()  # it would unblock what is blocked here
    before = signal.pthread_sigmask(signal.SIG_BLOCK, INTERRUPTS)
    try:
        try:
            process.start()  # inherits the mask, and listens when it can save
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        process.join()
    except KeyboardInterrupt:
        interrupt(process)
        raise
    return process.exitcode


def interrupt(process: multiprocessing.process.BaseProcess) -> None:
    """End a process as Ctrl+C does; a terminal has told it already, `kill` may not have."""
    process.join(0.2)
    if process.is_alive():
        os.kill(process.pid, signal.SIGINT)
    process.join(PATIENCE_S)
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
