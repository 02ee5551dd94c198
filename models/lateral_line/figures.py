"""Figures of one run, drawn from the arrays in its folder."""


def draw_run(run_folder, seed):
    return []
