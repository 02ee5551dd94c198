"""Run a function in a process of its own."""

from __future__ import annotations

import multiprocessing


def _call(function, argument) -> None:
    raise SystemExit(function(argument))


def run_isolated(function, argument) -> int:
    """Exit status of ``function(argument)``, run in a fresh process.

    Parameters
    ----------
    function : callable
        Importable; returns an exit status. A crash is a status other than 0.
    argument : object
        Picklable.
    """
    process = multiprocessing.get_context("spawn").Process(target=_call, args=(function, argument))
    process.start()
    try:
        process.join()
    except BaseException:
        process.terminate()
        process.join()
        raise
    return process.exitcode
