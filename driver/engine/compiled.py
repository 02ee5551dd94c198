"""Blocks served by one compiled program (Brian's C++ standalone mode)."""

from __future__ import annotations

import contextlib
import json
import os
import struct
import subprocess
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from driver.engine.compile import threads as sharing
from driver.engine.compile.program import GENERATOR, Maker, find_or_build
from driver.engine.compile.store import damage
from driver.engine.model import Block, Model, Spikes, Variable, checked, is_table
from driver.engine.scratch import Scratch
from driver.engine.timing.profile import BLOCKS, Profile, part
from driver.files import on_disk


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
        if threads > 1 and not self.shared:
            least = f"{sharing.CROSSOVER} cells"
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
        self.busy = False

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
    ) -> Block:
        """Run a block, see `driver.engine.model.Engine`."""
        with part(self.profile, BLOCKS):
            return self._run(values, first_step, n_steps, record)

    def _run(self, values, first_step: int, n_steps: int, record: tuple[str, ...]) -> Block:
        arrays = checked(values, self.inputs, self.model, first_step)
        if self.busy:  # a block was interrupted: its answer is not this one's
            self._stop()
            self._start()
        self.busy = True
        try:
            self._ask(arrays, n_steps, record)
            block = self._answer(first_step)
            if self.profile is not None:
                self._book(n_steps)
            self.busy = False
            return block
        except (BrokenPipeError, EOFError) as error:
            raise BlockError(f"the compiled program ended: {self._complaint()}") from error

    def _ask(self, arrays: dict[str, np.ndarray], n_steps: int, record: tuple[str, ...]) -> None:
        send = self.process.stdin.write
        send(struct.pack("<q", n_steps))
        send(bytes(name in record for name in self.model.populations))
        for key, array in arrays.items():
            given = not is_table(key) or bool(array.any())
            if is_table(key):
                send(bytes([given]))
            if given:
                send(array.data)
        self.process.stdin.flush()

    def _answer(self, first_step: int) -> Block:
        state = {
            key: self._read(self.inputs[key].dtype, self.inputs[key].size)
            for key in self.model.state
        }
        spikes, counts = {}, {}
        for name in self.model.populations:
            counts[name], recorded = (int(n) for n in self._read("<i8", 2))
            index = self._read("<i4", recorded)
            step = np.rint(self._read("<f8", recorded) / self.model.structure["dt_s"])
            spikes[name] = Spikes(index, step.astype(np.int64) + first_step)
        if self.complaints.stat().st_size:
            raise BlockError(f"the compiled program complained: {self._complaint()}")
        return Block(state, spikes, counts)

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
