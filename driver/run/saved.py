"""A run folder, read: what every model's has. A model adds what only it knows.

Nothing here is guessed: a file or a field that is not there is an error that names it, and so is
a file that was edited (see `driver.run.content`).
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
from collections.abc import Mapping, Set
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from pydantic import ValidationError

from driver.files import is_plain, open_plain
from driver.formatting import short
from driver.run import checkpoint, content
from driver.run.content import (
    SHA256,
    TRUST,
    Edited,
    Fields,
    NotARun,
    differences,
    read_json,
    sentence,
)
from driver.run.folder import PARAMS, SUMMARY, RunFolder, links_in
from driver.run.format import Format

P = TypeVar("P")
MAX_NAMED = 8  # fields that differ


class Run:
    """A run folder, finished or not.

    Parameters
    ----------
    folder : path
        With a ``params.json`` of this program.
    format : Format, optional
        Of the model's run folders, if it has no class of its own, which names it.
    trust_edited : bool
        Read files all the same that were edited since they were written.

    Attributes
    ----------
    parts : dict
        Parameters by their name in ``params.json``.
    edited : list of str
        Which of the files that were read so far were edited, and how.
    unverified : bool
        Whether one of them has no checksum, as older programs wrote none.

    Raises
    ------
    NotARun
        If there is no such folder, its parameters cannot be read, or it has links inside.
    Edited
        If its parameters are not those that were written, or not those of its results.
    """

    format: Format
    published = False  # whether another program made it, the published one of the model

    def __init__(
        self, folder: Path | str, format: Format | None = None, *, trust_edited: bool = False
    ):
        self.format = format or self.format
        self.folder = Path(folder)
        self.artifacts = self.folder / "artifacts"
        self.figures = self.folder / "figures"
        self.trust_edited, self.edited, self.unverified = trust_edited, [], False
        if links := links_in(self.folder):
            raise NotARun(f"{links[0]} is a link: in a run folder none is followed")
        where, known = self.folder / PARAMS, self.format
        self.file = self.read(where, content.Params)
        version = self.file.get("schema_version")
        if version != known.schema_version:
            raise NotARun(f"{where}: schema_version {version}, not {known.schema_version}")
        try:
            classes = known.parts(self.mode)
        except KeyError:
            raise NotARun(f"{where}: {known.prog} has no mode {self.mode}") from None
        self.parts = {
            name: parameters(cls, self.file[name], where, known.later)
            for name, cls in classes.items()
        }
        if SHA256 not in self.file and self.finished:  # of an older program: its results know
            try:
                file = RunFolder(folder).results_file(self.finished[0])
                self.check_params(self.read(file, content.Results))
            except Edited:
                raise
            except NotARun:  # whoever wants these results will be told
                pass

    def read(self, path: Path, schema: type[content.Foreign] | None = None) -> Fields:
        """Content of one of its JSON files; see `driver.run.content.read_json`.

        What differs is said of a file whose content stands in another one, too.
        """
        found = read_json(path, schema, trust=True)
        if found.edited:
            self.complain(found.edited, self.differing(found))
        self.unverified |= SHA256 not in found
        head = found if schema is content.Params else self.file
        if (SHA256 in found) != (SHA256 in head) and not head.get("earlier"):
            bare = found if SHA256 in head else head  # all files of a go have one, or none has
            self.complain(f"{bare.path} has lost its checksum", [])
        return found

    def complain(self, words: str, differing: list[str]) -> None:
        """Note that a file was edited; raises `Edited` unless that is trusted."""
        text = ": ".join([words, *filter(None, [", ".join(differing[:MAX_NAMED])])])
        if not self.trust_edited:
            raise Edited(f"{text}; {TRUST} reads it all the same")
        if text not in self.edited:
            self.edited.append(text)

    def differing(self, found: Fields) -> list[str]:
        """What of a file of the run is otherwise where it is written a second time."""
        if found.path.name == PARAMS:
            others = sorted(self.artifacts.glob("*_seed_*_params.json"))
        else:
            others = [self.folder / SUMMARY]
        for path in others:
            with contextlib.suppress(NotARun):
                if names := differences(found, read_json(path), path):
                    return names
        if found.path.name != PARAMS:
            return []
        groups = [group for group in found.values() if isinstance(group, dict)]
        for path in sorted(self.artifacts.glob(f"{checkpoint.TAG}*.npz")):
            with contextlib.suppress(checkpoint.Unreadable, ValueError):
                stored = checkpoint.read(path)
                texts = [json.loads(str(stored[k])) for k in stored if k.endswith("_json")]
                return [n for g in groups for text in texts for n in differences(g, text, path)]
        return []

    def check_params(self, results: Fields) -> None:
        """Raise `Edited` unless results are those of the parameters in ``params.json``."""
        first, *rest = (self.file[name] for name in self.parts)
        if results["params_sha256"] != checksum_of(first | {"seed": results["seed"]}, *rest):
            words = f"{results.path} has the results of other parameters than {PARAMS}"
            self.complain(words, self.differing(self.file))

    @property
    def params(self) -> Any:
        """The first of the `parts`, with the first seed."""
        return next(iter(self.parts.values()))

    @property
    def name(self) -> str:
        """As it was made; the folder may have been renamed."""
        return self.file["run_folder"]

    @property
    def mode(self) -> str:
        return self.file["mode"]

    @property
    def seeds(self) -> list[int]:
        """Seeds that the run was asked for."""
        first = self.file["seed_start"]
        return list(range(first, first + self.file["multi_seed"]))

    @property
    def finished(self) -> list[int]:
        """Seeds whose results are written."""
        return [s for s in self.seeds if RunFolder(self.folder).results_file(s).exists()]

    @property
    def begun(self) -> bool:
        """Whether a seed has a checkpoint to go on from."""
        return any(checkpoint.exists(checkpoint.find(self.folder, s)) for s in self.seeds)

    @property
    def in_use(self) -> bool:
        """Whether a process is working in the folder."""
        return RunFolder(self.folder).in_use

    def log_file(self, seed: int | None = None) -> Path | None:
        """Log of the run, or of one of several seeds; None if it is not beside the runs.

        A later run of the same name may have written a log of that name: it has another start.
        """
        name = self.name if seed is None else f"{self.name}_seed_{seed}"
        root = self.folder.absolute().parent
        places = (root.parent if root.name == "Runs" else root, root, root.parent)
        files = [place / "Logs" / f"{name}.log" for place in places]
        start = self.file["environment"]["start_time_utc"]
        return next((file for file in files if is_plain(file) and start in text_of(file)), None)

    @cached_property
    def summary(self) -> dict[str, Any] | None:
        """``run_summary.json``; None while the run is not complete."""
        path = self.folder / SUMMARY
        return self.read(path) if path.exists() else None

    def seed(self, seed: int | None = None) -> Seed:
        """One seed of the run; the first if not given.

        Raises
        ------
        NotARun
            If the run does not have this seed.
        """
        return Seed(self, self.known(seed))

    def known(self, seed: int | None) -> int:
        """`seed`, or the first; raises `NotARun` if the run does not have it."""
        seed = self.seeds[0] if seed is None else seed
        if seed not in self.seeds:
            known = f"{self.seeds[0]} to {self.seeds[-1]}"
            raise NotARun(f"{self.folder} has no seed {seed}, only {known}")
        return seed

    def __repr__(self) -> str:
        done = f"{len(self.finished)} of {len(self.seeds)} seeds finished"
        return f"Run({str(self.folder)!r}: {self.mode}, {done})"


class Seed:
    """What a run folder holds about one seed; files are read when they are asked for.

    Attributes
    ----------
    run : Run
    params : dataclass
        Of the run, with this seed.
    """

    def __init__(self, run: Run, seed: int):
        self.run = run
        self.params = dataclasses.replace(run.params, seed=seed)

    @property
    def number(self) -> int:
        return self.params.seed

    @property
    def figures(self) -> Path:
        """Folder of its figures."""
        return self.run.figures

    @cached_property
    def results(self) -> dict[str, Any]:
        """Every number of the seed, ``seed_<s>_results.json``."""
        path = RunFolder(self.run.folder).results_file(self.number)
        found = self.run.read(path, content.Results)
        if found["seed"] != self.number:
            raise NotARun(f"{path} is of seed {found['seed']}")
        self.run.check_params(found)
        return found

    def numbers(self, label: str) -> Mapping[str, Any]:
        """The part of the `results` that is of one network, ``trained`` or ``untrained``."""
        return numbers_of(self.results, label)

    @cached_property
    def recordings(self) -> dict[str, np.ndarray]:
        """What figures are drawn from, ``seed_<s>_recordings.npz``; docs/files.md has the table."""
        return self.arrays(self.run.artifacts / f"seed_{self.number}_recordings.npz")

    def recording(self, label: str) -> dict[str, np.ndarray]:
        """What was kept of one network, `trained` or `untrained`, ``seed_<s>_<label>.npz``."""
        return self.arrays(self.run.artifacts / f"seed_{self.number}_{label}.npz")

    @cached_property
    def weights(self) -> dict[str, np.ndarray]:
        """Wiring, and weights before and after training, by name; docs/files.md has the table."""
        return self.arrays(self.weight_file)

    def arrays(self, path: Path) -> dict[str, np.ndarray]:
        """Arrays of one file, if they are those that the sidecar of the weights tells of.

        Raises
        ------
        NotARun
            If it cannot be read.
        Edited
            If there are others in it, unless that is trusted.
        """
        found = read_npz(path)
        try:
            sidecar = self.weight_file.with_name(f"{self.weight_file.stem}_params.json")
            sums = self.run.read(sidecar).get("arrays_sha256", {})
        except Edited:
            raise
        except NotARun:  # of a run that tests weights, or an older one
            return found
        if isinstance(sums, dict) and sums.get(path.name, "") not in ("", checkpoint.digest(found)):
            self.run.complain(f"{path} was edited since it was written", [])
        return found

    @property
    def status(self) -> dict[str, Any] | None:
        """What the seed was doing when it was last heard of; None if it never began."""
        path = RunFolder(self.run.folder).status_file(self.number)
        try:
            return self.run.read(path, content.Status)
        except Edited:
            raise
        except NotARun:
            return None

    @property
    def weight_file(self) -> Path:
        """The weights of the results; of several, saved under other tags, the one they name."""
        ending = f"_seed_{self.number}_params.json"
        tags = [file.name.removesuffix(ending) for file in self.run.artifacts.glob(f"*{ending}")]
        where = f"{self.run.artifacts} (<tag>_seed_{self.number}.npz)"
        if not tags:
            raise NotARun(f"no weights of seed {self.number} in {where}")
        tag = tags[0] if len(tags) == 1 else self.results["save_tag"]
        if tag not in tags:
            raise NotARun(f"no weights of seed {self.number} with tag {tag} in {where}")
        return self.run.artifacts / f"{tag}_seed_{self.number}.npz"

    def __repr__(self) -> str:
        return f"Seed({self.number} of {self.run.folder})"


def numbers_of(results: Mapping[str, Any], label: str) -> Mapping[str, Any]:
    """Numbers of one network in a results file; empty if it has no such network.

    A file has them under ``trained`` and ``untrained``, or those of the trained one at its top.
    """
    return results.get(label, results if label == "trained" else {})


def parameters(
    cls: type[P], values: Mapping[str, Any], path: Path, later: Set[str] = frozenset()
) -> P:
    """Parameters as they were stored; none is filled in by today's default, but those of `later`.

    Raises
    ------
    NotARun
        If one is missing, unknown or out of bounds.
    """
    if not isinstance(values, Mapping):
        raise NotARun(f"{path}: {cls.__name__} are {short(repr(values), 40)}, not names and values")
    missing = {f.name for f in dataclasses.fields(cls)} - set(values) - later
    if missing:
        raise NotARun(f"{path}: {cls.__name__} lacks {', '.join(sorted(missing))}")
    try:
        return cls(**values)
    except ValidationError as error:
        raise NotARun(f"{path}: {sentence(error)}") from None
    except ValueError as error:
        raise NotARun(f"{path}: {error}") from None


def checksum(*parts: Any) -> str:
    """SHA-256 of all parameters; by it a results file says what it is the result of."""
    return checksum_of(*map(dataclasses.asdict, parts))


def checksum_of(*parts: Mapping[str, Any]) -> str:
    """The same of parameters as ``params.json`` has them, older ones without those of today."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def text_of(path: Path) -> str:
    with open_plain(path) as file:
        return file.read().decode(errors="replace")


def read_npz(path: Path) -> Fields:
    """Arrays of an archive of a run; damage makes of it almost any error."""
    try:
        with open_plain(path) as plain, np.load(plain, allow_pickle=False) as file:
            return Fields(file, path)
    except FileNotFoundError:
        raise NotARun(f"there is no {path}") from None
    except Exception as error:
        words = getattr(error, "strerror", None) or str(error)
        raise NotARun(f"{path} cannot be read ({words})") from None
