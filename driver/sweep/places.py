"""Where the runs of a sweep are done, and how each of them ended.

A run of a sweep is an ordinary run: a process, a folder and a log of its own. So a killed run costs
that run, and any of them can be repeated alone by its command.
"""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, as_completed
from pathlib import Path

from driver.flags.from_dataclass import UsageError
from driver.run.isolation import INTERRUPTED, tied

CONNECTED_WITHIN_S = 10  # a dask scheduler
ANSWERED_WITHIN_S = 5  # by its first worker, if there is one yet


@dataclasses.dataclass(frozen=True)
class Ended:
    """How a run ended: exit status, and the last line that it said."""

    status: int
    said: str


class Local:
    """Child processes of this one, started by a pool of threads.

    Parameters
    ----------
    jobs : int
        At once.
    """

    def __init__(self, jobs: int):
        self.executor: Executor = ThreadPoolExecutor(jobs)
        self.running: set[subprocess.Popen] = set()
        self.lock = threading.Lock()
        self.stopped = False

    def work(self, command: Sequence[str]) -> Ended:
        with self.lock:
            if self.stopped:
                return Ended(INTERRUPTED, "not started")
            process = tied(command)
            self.running.add(process)
        try:
            return ended(process)
        finally:
            with self.lock:
                self.running.discard(process)

    def stop(self) -> None:
        """Interrupt what is running, so that it saves, and start nothing more."""
        with self.lock:
            self.stopped = True
            for process in self.running:
                process.terminate()


class Dask:
    """Workers of a dask cluster, one run at a time on each of their threads.

    Parameters
    ----------
    address : str
        Of its scheduler.
    tls : dict of str, optional
        Files by the names of dask's options: ``tls_ca_file``, ``tls_cert``, ``tls_key``. Without
        them dask's own settings hold.
    """

    def __init__(self, address: str, tls: Mapping[str, str | None] | None = None):
        try:
            from distributed import Client
        except ImportError:
            raise UsageError(
                "--scheduler needs dask: pip install -r requirements-cluster.txt"
            ) from None
        try:
            security = security_of({name: file for name, file in (tls or {}).items() if file})
            self.client = Client(address, timeout=CONNECTED_WITHIN_S, security=security)
        except (OSError, ValueError, TypeError) as error:
            raise UsageError(f"--scheduler {address}: {error or type(error).__name__}") from None
        self._require_our_code(address)
        self.executor = self.client.get_executor(pure=False, retries=3)
        self.work = work

    def _require_our_code(self, address: str) -> None:
        """What cannot import this repository would fail every run at once."""
        try:
            self.client.submit(here, pure=False).result(timeout=ANSWERED_WITHIN_S)
        except TimeoutError:
            pass  # no worker yet
        except Exception as error:
            said = " ".join(str(error).split())[:90]
            raise UsageError(
                f"--scheduler {address}: its scheduler or a worker cannot run our code ({said}); "
                "start both in this folder, with PYTHONPATH naming it"
            ) from None

    def stop(self) -> None:
        self.client.close()


def security_of(tls: Mapping[str, str]):
    """Encryption for dask by files of certificates; None leaves it to dask's own settings."""
    from distributed import Security

    if not tls:
        return None
    if missing := [name for name, file in tls.items() if not Path(file).is_file()]:
        raise ValueError(
            f"--{missing[0].replace('_', '-')} {tls[missing[0]]}: there is no such file"
        )
    return Security(
        require_encryption=True,
        tls_ca_file=tls.get("tls_ca_file"),
        tls_client_cert=tls.get("tls_cert"),
        tls_client_key=tls.get("tls_key"),
    )


def here() -> bool:
    """Whether this code can be imported where it is called."""
    return True


def work(command: Sequence[str]) -> Ended:
    """Run a command in a child process, which ends with this one."""
    return ended(tied(command))


def ended(process: subprocess.Popen) -> Ended:
    """Wait for a child; its last line on standard error says how it went."""
    lines = [line for line in process.stderr.read().splitlines() if line.strip()]
    return Ended(process.wait(), lines[-1] if lines else "")


def run_all(
    commands: Mapping[str, Sequence[str]], place: Local | Dask, tell: Callable[[str, Ended], None]
) -> None:
    """Run every command, as many at a time as `place` takes; `tell` is told of each by its name.

    Ctrl+C interrupts those that run, which save, and starts no more.
    """
    futures: dict[Future, str] = {}
    try:
        for name, command in commands.items():
            futures[place.executor.submit(place.work, list(command))] = name
        for future in as_completed(futures):
            tell(futures[future], outcome(future))
    except KeyboardInterrupt:
        for future in futures:
            future.cancel()
        place.stop()
        place.executor.shutdown(wait=True, cancel_futures=True)
        raise
    place.executor.shutdown()


def outcome(future: Future) -> Ended:
    """What a worker returned; a worker that was lost is a failed run and not a failed sweep."""
    try:
        return future.result()
    except Exception as error:
        return Ended(1, f"{type(error).__name__}: {error}")


def program(script: Path, argv: Sequence[str]) -> list[str]:
    """The command that runs `script` with the interpreter of this process."""
    return [sys.executable, str(script), *argv]
