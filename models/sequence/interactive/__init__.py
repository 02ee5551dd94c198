"""The network to be used from Python, one run after the other; see `sequence_learning`.

grid      the network: its circuits and cells, its state, its engine
inputs    what it is shown
recorder  runs it and keeps what happened; `result` is what a run returns
plots     figures of the grid and of runs
"""


def nest_init(*args, **kwargs) -> None:
    """Do nothing: scripts for NEST begin with this call, and here is no kernel to be set up."""
