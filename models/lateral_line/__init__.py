"""The lateral line: LL -> MON -> TS learn a map of where a sphere moves. In the order of reading:

params        every number of a run, with unit, bound and meaning; `presets` are differences
equations     cells, synapses, plasticity and homeostasis as text, in the order of a step
wiring        who is connected to whom, and the weights before training; NumPy only
network       the Brian objects, built once per size; `network_genn` says it as GeNN can
values        from parameters to the SI numbers, state and stimulus of each block of steps
simulation    one network of one seed: blocks of training, homeostasis between trials, tests
protocol      the story: train, freeze, test, test the untrained twin; `training` has the blocks
records       series during training; `checkpoint` keeps them with the state, to go on from there
metrics       what is measured, functions of arrays; of several passes of a test (`passes`)
              `map_metrics` of a map that may be turned and mirrored, `cell_tuning`, `readout`;
              `metric_table` names it for all that follows
outcome       what a seed says, in a sentence
results       the numbers of a seed's file; `artifacts` its arrays, `summary` those of a whole run
saved         a run folder, read; `again` runs its network on, `stored` tests its weights
show          figures, film and reports, from the folder alone; `export` for other programs
analyses      tuning, convergence, and what stored weights and the flow alone imply
room          what the driver calls: `options` and `checks` read flags, `experiment` runs a seed
"""
