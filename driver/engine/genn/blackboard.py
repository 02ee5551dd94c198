"""A blackboard between groups, for code that may see one group only.

brian2genn lets code that runs regularly touch the variables of its own group and nothing else: a
synapse cannot add to its target. So one group writes a number under a key and a place, and
another one looks it up: ``w = add(TOTAL, j, w)`` in the synapses, ``S = look(TOTAL, i)`` in their
targets. Such code runs on the host, so the board is a table of the compiled program. Whoever
uses a key clears it first (`put`); nothing stays on the board from one step to another.
"""

from __future__ import annotations

HEADER = """
#pragma once
#include <vector>
inline double& on_the_board(int key, int place) {
    static std::vector<std::vector<double>> board;
    if (key >= (int)board.size()) board.resize(key + 1);
    if (place >= (int)board[key].size()) board[key].resize(place + 1, 0.0);
    return board[key][place];
}
inline double board_put(int key, int place, double value) {
    return on_the_board(key, place) = value;
}
inline double board_add(int key, int place, double value) {
    on_the_board(key, place) += value;
    return value;
}
inline double board_look(int key, int place) { return on_the_board(key, place); }
"""
HEADER_FILE = "blackboard.h"


def blackboard(*keys: str) -> dict:
    """`put`, `add` and `look` for the namespace of a group, and the keys.

    Parameters
    ----------
    *keys : str
        Names of what stands on the board; all groups of a network are given the same.

    Returns
    -------
    dict
        ``put(key, place, value)`` writes and ``add(key, place, value)`` adds; both return `value`,
        in its unit. ``look(key, place)`` reads, a pure number in SI base units. Each key is a
        number of its own.
    """
    from brian2 import Function

    def not_here(*args):
        raise NotImplementedError("the blackboard exists in compiled programs only")

    made = {}
    for name in ("put", "add"):
        made[name] = Function(
            not_here,
            arg_units=[1, 1, None],
            return_unit=lambda key, place, value: value,
            stateless=False,
        )
    # within the code of one group a number on the board stays what it is, so reading has no order
    made["look"] = Function(not_here, arg_units=[1, 1], return_unit=1, stateless=True)
    for name, function in made.items():
        function.implementations.add_implementation("cpp", "", name=f"board_{name}")
    return made | {key: number for number, key in enumerate(keys)}
