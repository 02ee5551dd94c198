"""From flags to a request: see `driver.run.read`."""

from __future__ import annotations

from collections.abc import Sequence

from driver.flags.from_dataclass import UsageError
from driver.run.read import PlainRequest, plain_read
from models.predictive.params import FORMAT


def read(argv: Sequence[str]) -> PlainRequest:
    """A learner that needs no engine has no backend to choose."""
    request = plain_read(FORMAT, argv)
    mode, backend = request.options.mode, request.options.backend
    if getattr(request.params, "on_host", False) and backend not in ("auto", "numpy"):
        raise UsageError(f"--backend {backend}: --mode {mode} runs on none but numpy")
    return request
