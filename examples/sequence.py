"""Sequence memory in one page
===========================

A grid of circuits, inputs with patterns in noise, a recorder, under their published names. Three
seconds of training are too few for a memory; preset `sequence` has 100.
"""

import shutil
import sys
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(sys.argv[0]).resolve().parents[1]))

from sequence_learning import InputGenerator, Network, Recorder, nest_init

nest_init()
target = Path(sys.argv[1] if len(sys.argv) > 1 else "sequence.png")
folder = target.with_name("sequence_figures")
warnings.filterwarnings("ignore", message="no display")

# 10 x 5 circuits of 2 to 10 cells, each with a total rate of 100 Hz
grid = Network(grid_shape=(10, 5), k_min=2, k_max=10, n_inputs=100)
grid.visualize_circuits().savefig(target.with_name("sequence_circuits.png"))
grid.visualize_circuits_3d_barchart().savefig(target.with_name("sequence_bars.png"))

# two patterns of 300 ms in noise, one after the other
inpgen = InputGenerator(
    grid,
    r_noise=5,
    r_input=5,
    r_noise_pattern=2,
    use_noise=True,
    t_noise_range=[500.0, 800.0],
    n_patterns=2,
    t_pattern=[300.0] * 2,
    pattern_sequences=[[0], [1]],
)

with grid:
    recorder = Recorder(grid, save_figures=True, figures_dir=folder)
    recorder.run_network(inpgen=inpgen, t_sim=1000, title="Before", train=False)
    untrained = recorder.last

    id_list = recorder.run_network(inpgen=inpgen, t_sim=2000, title="Training #1")
    recorder.set(create_plot=True)
    recorder.run_network(
        inpgen=inpgen, t_sim=1000, dt_rec=250, title="Training #2", id_list=id_list
    )
    recorder.run_network(
        inpgen=inpgen, t_sim=2000, title="Test #1", train=False, order_neurons=True
    )
    trained = recorder.last
    recorder.verify_rate_fractions()

shutil.copy(max(folder.glob("*_test_1_run.png")), target)
for name, result in (("trained", trained), ("untrained", untrained)):
    w, rates = result.weights["input_cell"][-1], result.metrics
    found = f"{rates['rate_pattern_hz']:.1f} Hz in patterns, {rates['rate_noise_hz']:.1f} in noise"
    print(f"{name}: {found}, weights of inputs {w.mean():.2f} with S.D. {w.std():.2f}")
