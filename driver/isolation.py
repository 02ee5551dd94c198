"""Run a function in a process of its own."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading

PATIENCE_S = 10.0
INTERRUPTS = (signal.SIGINT, signal.SIGTERM)  # Ctrl+C, and how a cluster says it


def _call(function, argument) -> None:
    for number in INTERRUPTS:
        signal.signal(number, _interrupt_once)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    raise SystemExit(function(argument))


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
    process.start()
    try:
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
        process.terminate()
        process.join()
