"""The dot-prediction models; in which order to read this room.

params, presets    every parameter with its bounds and meaning; named variants of both fidelities
kinds              the two models under this roof: which files `local/` and `lattice/` both have
equations          all equations, and the order of what happens inside a step
*/wiring           who is linked to whom: patches and strips, or the directions of a lattice
*/network          the Brian objects, built once per structure; `network_genn` the same for GeNN
*/values           from parameters to constants, initial state and gains, by group and variable
simulation         one network of one seed, ready for blocks of steps
experiment         a seed from request to files: run, try, measure, the same with the untrained twin
*/trials           what is tried afterwards: frozen tests, removal of the input, recall
*/records          what is kept of a run while it goes on: spikes of a window, series of all steps
metrics, */measure from saved arrays to numbers: tube and focus, overlap and recall, verdicts
metric_table       what each number means, and where it is shown
show, */figures    figures, film, the view in space and the report, from saved arrays alone
options, checks    the command line: flags, what they must be to each other, what may surprise
room, saved, words what the driver takes, a run folder read, the word `animate`

Of ``*/name`` both models have one; what they share stands in ``name`` beside it.
"""
