"""Which backend runs a model, by the work to be done; and the model on it, ready to run."""

from __future__ import annotations

from driver.engine.compiler import compiler
from driver.engine.model import BACKENDS, CUDA, GENN, Engine, Model
from driver.engine.timing.profile import ENGINE, Profile, part

# Seconds on one core of a server, roughly; only their proportions matter for the choice.
NUMPY_SECONDS_PER_STEP = 6e-4
NUMPY_SECONDS_PER_CELL_STEP = 3e-8
COLD_BUILD_SECONDS = 8.0


def choose(requested: str, model: Model, n_steps: int, n_cells: int) -> tuple[str, str]:
    """Backend for the work to be done, and why.

    Parameters
    ----------
    requested : str
        One of `BACKENDS`.
    n_steps, n_cells : int
        Steps of the whole run and cells of the network.

    Returns
    -------
    backend, reason : str

    Raises
    ------
    ValueError
        If the backend needs a compiler and there is none.
    """
    found = compiler()
    if requested not in BACKENDS:
        raise ValueError(f"--backend {requested!r} is not one of {', '.join(BACKENDS)}")
    if requested not in ("auto", "numpy") and not found:
        raise ValueError(f"--backend {requested} needs a C++ compiler; none found (try $CXX)")
    # where the model cannot be had, to install what is missing would not help
    if requested in GENN and isinstance(model.genn, str):
        raise ValueError(f"--backend {requested}: {model.genn}")
    if requested == CUDA and model.not_on_cuda:
        raise ValueError(f"--backend {requested}: {model.not_on_cuda}")
    check(requested)
    if requested != "auto":
        return requested, "as asked"
    if not found:
        return "numpy", "no C++ compiler found"

    from driver.engine.compile.program import Maker, cached
    from driver.engine.compile.store import NoPlace

    try:
        if cached(Maker(model), found):
            return "cpp_standalone", "compiled before"
    except NoPlace as error:
        return "numpy", str(error)
    seconds = numpy_seconds(n_steps, n_cells)
    if seconds < COLD_BUILD_SECONDS:
        return "numpy", f"about {seconds:.0f} s of work, less than compiling takes"
    return "cpp_standalone", f"about {seconds:.0f} s of work for numpy, worth compiling once"


def check(backend: str) -> None:
    """Raise `ValueError` if a piece of the environment of a backend is missing."""
    if backend in GENN:
        from driver.engine.genn import found as genn_found

        genn_found.check(backend)
    if backend == CUDA:
        from driver.engine.cuda import found as cuda_found

        cuda_found.check()


def numpy_seconds(n_steps: int, n_cells: int) -> float:
    """What the numpy target takes for so many steps of so many cells, roughly."""
    return n_steps * (NUMPY_SECONDS_PER_STEP + n_cells * NUMPY_SECONDS_PER_CELL_STEP)


def open_engine(
    backend: str,
    model: Model,
    say=lambda text: None,
    profile: Profile | None = None,
    threads: int = 1,
) -> Engine:
    """Make the model ready to run.

    Parameters
    ----------
    backend : str
        One of `BACKENDS` except "auto".
    model : Model
    say : callable
        Told in a line what takes time.
    profile : Profile, optional
        Told where all of it goes.
    threads : int
        Of a compiled program.
    """
    with part(profile, ENGINE):
        return _open(backend, model, say, profile, threads)


def _open(backend: str, model: Model, say, profile: Profile | None, threads: int) -> Engine:
    if threads > 1 and backend != "cpp_standalone":
        raise ValueError(f"{threads} threads need the backend cpp_standalone, not {backend}")
    if backend == "cpp_standalone":
        from driver.engine.compiled import StandaloneEngine

        return StandaloneEngine(model, say, profile, threads)
    if backend in GENN:
        from driver.engine.genn.engine import GennEngine

        return GennEngine(backend, model, say, profile)
    if backend == CUDA:
        from driver.engine.cuda.engine import CudaEngine

        return CudaEngine(model, say, profile)
    from driver.engine.in_python import RuntimeEngine

    return RuntimeEngine(model, backend, profile)
