"""Sequence memory: a grid of winner-take-all circuits learns a pattern. In the order of reading:

params        every number of a run, with unit, bound and meaning, presets; stimulus in `stimuli`
equations     cells, softmax, short-term plasticity and learning as text, in the order of a step
wiring        circuits on a grid, links between them, cells; NumPy only
network       the Brian objects, built once per size
values        from parameters to the SI numbers, state and tables of each block of steps
simulation    one network of one seed: blocks of training, tests
experiment    a seed from request to files: learn, test, test the untrained twin
records       what is kept of a training
potentials    rate fractions of a test, from its spikes and weights; `responses` cuts them up
memory        what tells memory from wiring; `assembly` what describes the response
outcome       the verdict; `metric_table` names the numbers for all that follows
show          figures, from the folder alone
interactive   the network to be used from Python, see the package `sequence_learning`
room          all of it as one table of names
"""
