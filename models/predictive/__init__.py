"""Predictive coding by local rules, in spikes and rates. In the order of reading:

params        every number of a run, a dataclass a learner; presets
equations     the learners as text, in the order of a step; `network` makes Brian's objects of them
spiking       numbers and state of the spiking network; `stepper` moves it without Brian
switching     its experiment: inputs that switch, and the controls
learner       what learners of images share: epochs of samples, what is measured
rate, equilibrium, dendritic    the rules, and what of them needs no engine
controls      a linear classifier and back-propagation; `outcome` the verdict
experiment    a seed from request to files; `metric_table` names the numbers for all that follows
show          figures, from the folder alone
interactive   the spiking network from Python, `classifiers` the others; see the package `bio_snn`
neuron        a single cell, and STDP; `arguments`, `stored`, `runs` serve the three of them
room          all of it as one table of names
"""
