"""Blocks served by one compiled program (Brian's C++ standalone mode)."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import struct
import subprocess
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from driver.engine.compile.passes import CROSSOVER
from driver.engine.compile.program import GENERATOR, Maker, find_or_build
from driver.engine.compile.store import damage
from driver.engine.model import Block, Gone, Held, Model, Spikes, Variable, checked
from driver.engine.scratch import Scratch
from driver.engine.timing.profile import BLOCKS, Profile, part
from driver.files import on_disk

KNOWN, GIVEN, ZERO = b"\0", b"\1", b"\2"  # how an array comes, see `driver.engine.compile.serve`
PIPE_BYTES = 2**20


class BlockError(RuntimeError):
    """The compiled program ended or complained."""


class StandaloneEngine:
    """The model's program, running, with this run's wiring. See `driver.engine.compile.generate`.

    Parameters
    ----------
    model : Model
    say : callable
        Told in a line when a compilation starts and ends.
    profile : Profile, optional
        Told where the time goes, by a program that counts it.
    threads : int
        That share the loops over large groups.
    """

    backend = "cpp_standalone"
    holds = True

    def __init__(
        self,
        model: Model,
        say=lambda text: None,
        profile: Profile | None = None,
        threads: int = 1,
    ):
        self.model, self.profile, self.threads = model, profile, threads
        self.program = find_or_build(self.maker(), say, profile)
        self.scratch = Scratch()
        manifest = json.loads((self.program / "manifest.json").read_text())
        if manifest["generator"] != GENERATOR:
            raise BlockError("driver/ changed while this process was running; start it again")
        self.objects = manifest["objects"]
        self.shared = manifest["shared"]
        self.flags = manifest["flags"]
        self.fixed = set(manifest["fixed"]) - set(model.state)
        if threads > 1 and not self.shared:
            least = f"{CROSSOVER} cells"
            say(f"--threads {threads}: no group has {least}, so one thread does it all")
        self.inputs = {key: Variable(**v) for key, v in manifest["inputs"].items()}
        self.folder = self.scratch.path
        try:
            self._provide(manifest["wiring"])
            self._start()
        except BaseException:
            self.scratch.remove()
            raise

    def maker(self) -> Maker:
        """How the program is made."""
        return Maker(self.model, self.profile is not None, self.threads > 1)

    def _provide(self, wiring: Mapping[str, str]) -> None:
        """Lay out the tables of the program, and the wiring of this run in place of its own."""
        tables = {path.name: path.read_bytes() for path in self.program.glob("static_arrays/*")}
        for key, name in wiring.items():
            if Path(name).name != name:
                raise BlockError(f"{self.program}: its manifest names {name}, which is no table")
            tables[name] = np.ascontiguousarray(self.model.wiring[key], dtype=np.int32).data
        (self.folder / "static_arrays").mkdir()
        for name, content in tables.items():
            file = self.folder / "static_arrays" / name
            try:
                file.write_bytes(content)
            except OSError as error:
                raise on_disk(error, file, len(content)) from None

    def _start(self) -> None:
        """Start the program, if it is what was compiled; its answers come through a pipe."""
        if why := damage(self.program):
            raise BlockError(f"the compiled program {self.program} cannot be started: {why}")
        reader, writer = os.pipe()
        self.complaints = self.folder / "complaints.txt"
        with open(self.complaints, "w") as complaints:
            self.process = subprocess.Popen(
                [self.program / "main"],
                cwd=self.folder,
                env={**os.environ, **self._environment(), "ANSWER_FD": str(writer)},
                stdin=subprocess.PIPE,
                stdout=complaints,
                stderr=complaints,
                pass_fds=(writer,),
                start_new_session=True,  # Ctrl+C is ours to handle
            )
        os.close(writer)
        self.answers = os.fdopen(reader, "rb")
        for pipe in (self.process.stdin, self.answers):
            with contextlib.suppress(OSError, AttributeError):  # where they cannot be made wider
                fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        self.busy = False
        self.held: Held | None = None  # the state that is in the program
        self.known: dict[str, np.ndarray] = {}  # what else is in it, and can only be what it was

    def _environment(self) -> dict[str, str]:
        """For the program: libm is slow where it binds lazily.

        Threads with nothing to do spin for a millisecond and then sleep, which is the default of
        OpenMP: at once would cost what they gain in a step, for ever would spin between blocks.
        """
        return {"LD_BIND_NOW": "1", "OMP_NUM_THREADS": str(self.threads)}

    def run(
        self,
        values: Mapping[str, np.ndarray | float],
        *,
        first_step: int,
        n_steps: int,
        record: tuple[str, ...] = (),
        state: Mapping[str, np.ndarray] | None = None,
        hold: bool = False,
    ) -> Block:
        """Run a block, see `driver.engine.model.Engine`.

        What the program has is not sent again: the state that it holds, and arrays that no code
        of a step writes and that are those of the block before, and read-only.
        """
        with part(self.profile, BLOCKS):
            return self._run(values, first_step, n_steps, record, state, hold)

    def _run(self, values, first_step: int, n_steps: int, record, state, hold: bool) -> Block:
        if self.busy:  # a block was interrupted: its answer is not this one's
            self._stop()
            self._start()
        known = {key for key, array in self.known.items() if values.get(key) is array}
        if state is not None and state is self.held:
            known.update(self.model.state)
        elif state is not None:
            values = {**values, **state}
        arrays = checked(values, self.inputs, self.model, first_step, known)
        for key in self.flags:
            if (array := arrays.get(key)) is not None and not ((array == 0) | (array == 1)).all():
                raise ValueError(f"{key} is a flag: 0 or 1 is needed, it holds {array.max():g}")
        self.known = {key: values[key] for key in self.fixed if is_frozen(values.get(key))}
        self.held, self.busy = None, True
        with self._program():
            self._ask(arrays, n_steps, record, not hold)
            block = self._answer(first_step, n_steps, record, not hold)
            if self.profile is not None:
                self._book(n_steps)
        self.busy = False
        self.held = block.state if hold else None
        return block

    @contextlib.contextmanager
    def _program(self):
        """While it is spoken to it may end."""
        try:
            yield
        except (BrokenPipeError, EOFError) as error:
            raise BlockError(f"the compiled program ended: {self._complaint()}") from error

    def _ask(self, arrays: dict, n_steps: int, record: tuple[str, ...], with_state: bool) -> None:
        send = self.process.stdin.write
        send(struct.pack("<q", n_steps))
        send(bytes(name in record for name in self.model.populations))
        send(bytes([with_state]))
        for key in self.inputs:
            if key not in arrays:
                send(KNOWN)
            elif arrays[key] is None:
                send(ZERO)
            else:
                send(GIVEN)
                send(arrays[key].data)
        self.process.stdin.flush()

    def _answer(self, first_step: int, n_steps: int, record, with_state: bool) -> Block:
        wrong = int(self._read("<i4", 1)[0])
        if with_state:
            state = {key: self._read_variable(key) for key in self.model.state}
        else:
            state = Held(self.model.state, self._fetch)
        spikes, counts = {}, {}
        for name in self.model.populations:
            counts[name], recorded = (int(n) for n in self._read("<i8", 2))
            index = self._read("<i4", recorded)
            by_step = self._read("<i4", n_steps if name in record else 0)
            steps = np.arange(first_step, first_step + by_step.size)
            spikes[name] = Spikes(index, np.repeat(steps, by_step))
        if self.complaints.stat().st_size:
            raise BlockError(f"the compiled program complained: {self._complaint()}")
        return Block(state, spikes, counts, self.model.state[wrong] if wrong >= 0 else "")

    def _fetch(self, state: Held, key: str) -> np.ndarray:
        """A variable of the state that the program holds; read-only, as it will not be sent."""
        if state is not self.held or self.busy:
            raise Gone(f"{key} was left in the compiled program, which has gone on since")
        self.busy = True
        with self._program(), part(self.profile, BLOCKS):
            wanted = bytes(key == name for name in self.model.state)
            self.process.stdin.write(struct.pack("<q", -1) + wanted)
            self.process.stdin.flush()
            array = self._read_variable(key)
        self.busy = False
        array.setflags(write=False)
        return array

    def _read_variable(self, key: str) -> np.ndarray:
        return self._read(self.inputs[key].dtype, self.inputs[key].size)

    def _book(self, n_steps: int) -> None:
        """Take the times of a block, see `driver.engine.timing.counters`."""
        loop, clock, *objects = self._read("<f8", 2 + len(self.objects)) / 1e9
        self.profile.loop(zip(self.objects, objects, strict=True), loop, clock, n_steps)

    def _read(self, dtype: str, size: int) -> np.ndarray:
        array = np.empty(size, dtype)
        if size and self.answers.readinto(array.data.cast("B")) != array.nbytes:
            raise EOFError
        return array

    def _complaint(self) -> str:
        status = self.process.poll()
        text = self.complaints.read_text()[-800:].strip()
        return f"{text or 'no message'} (status {status})"

    def _stop(self) -> None:
        self.process.kill()
        self.process.wait()
        with contextlib.suppress(OSError):  # whatever it held is of no use now
            self.process.stdin.close()
        self.answers.close()

    def close(self) -> None:
        """End the program and delete its folder."""
        self._stop()
        self.scratch.remove()


def is_frozen(value) -> bool:
    """Whether a value is an array that nobody is going to change, nor what it is a view of."""
    while isinstance(value, np.ndarray):
        if value.flags.writeable:
            return False
        if value.base is None:
            return True
        value = value.base
    return False
