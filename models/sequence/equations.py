"""The model as equations, in the order of a step; Klampfl and Maass (2013).

A cell's potential is the sum of its EPSPs, u_k = sum_i w_ki y_ki, and y the difference of two
exponentials. All synapses of a cell decay alike, so the sums A = sum w a and B = sum w b of the two
parts live in the cell, u = A - B; they jump at a spike of the source, by w, and where a weight
changes, by dw times the trace of the source. Nothing is summed over synapses in every step.

Within a step: decay; softmax; who fires; resets and traces; what spikes do to their targets; what
they do to the weights of the cell that fired. A spike moves potentials from the next step on.
"""

STEP = """
first_step : integer (shared, constant)             # absolute step at which this block starts
step = first_step + t_in_timesteps : integer (shared)
"""

INPUT = """
tau_rise : second (shared, constant)
tau_decay : second (shared, constant)
da/dt = -a/tau_decay : 1                            # both parts of the EPSP of its spikes
db/dt = -b/tau_rise : 1
"""
INPUT_FIRES = "input_spikes(t, i) > 0.5"
INPUT_RESET = "a += 1; b += 1"

CELL = """
seed : integer (shared, constant)
tau_rise : second (shared, constant)
tau_decay : second (shared, constant)
r_max : Hz (shared, constant)                       # of a circuit
linear : 1 (shared, constant)                       # 1: probability r dt
learn : 1 (shared, constant)                        # 0: no weight moves
present : 1 (constant)                              # 0: an empty place
dA/dt = -A/tau_decay : 1                            # potential A - B
dB/dt = -B/tau_rise : 1
da/dt = -a/tau_decay : 1                            # EPSP of its spikes, a - b
db/dt = -b/tau_rise : 1
eu : 1                                              # exp(potential)
Z : 1 (linked)                                      # sum of eu in its circuit
r_dt : 1                                            # spikes expected in this step
fires : 1
"""
POTENTIAL = "eu = present*exponential(clip(A - B, -500, 500))"
CIRCUIT = "Z : 1"
SOFTMAX = "Z_post = eu_pre : 1 (summed)"
RATE = "r_dt = r_max*dt*eu/clip(Z, 1e-300, 1e300)"
CHANCE = "linear*r_dt + (1 - linear)*(1 - exponential(-r_dt))"
DRAW = f"fires = int(uniform(seed, FIRING, i, step) < {CHANCE})"
FIRES, TEACHES = "fires > 0.5", "fires*learn > 0.5"

DEPRESSION = """
U : 1 (constant)                                    # share of resources that a first spike uses
D : second (constant)                               # recovery from depression
F : second (constant)                               # and from facilitation
x : 1                                               # resources R at the last spike
uf : 1                                              # share u that it used
last : 1                                            # its step
efficacy : 1                                        # u R of the last spike
"""
# Markram, Wang and Tsodyks (1998); x before uf: it needs the share of the spike before
SPENT = """
gap = ({step} - last)*dt
x = 1 + (x - uf*x - 1)*exponential(-gap/D)
uf = U + uf*(1 - U)*exponential(-gap/F)
last = {step}
efficacy = uf*x
"""
CELL_RESET = SPENT.format(step="step") + "a += efficacy; b += efficacy"
CELL_RESET_PLAIN = "a += 1; b += 1"

SYNAPSE = """
w : 1
S : 1                                               # running mean of w
Q : 1                                               # and of its square
eta0 : 1 (shared, constant)
tracked : 1 (shared, constant)                      # 1: eta by the variance Q - S**2
annealed : 1 (shared, constant)                     # 1: eta0 over the number of steps
"""
INPUT_ARRIVES = "A_post += w; B_post += w"
SPIKE_ARRIVES = "A_post += w*efficacy_pre; B_post += w*efficacy_pre"

# At a spike of the cell w moves towards ln y, y the EPSP of this synapse (a - b): exp(w) becomes
# the mean of y at spikes. Nessler, Pfeiffer, Buesing and Maass (2013), the step size eta by the
# variance of w, their equation 71.
LEARNS = """
P = exponential(w)
by_variance = eta0*(Q - S*S)/(1 + exponential(-S))
eta = clip(tracked*by_variance + (1 - tracked)*eta0/(1 + annealed*step_post), 0, 1)
dw = eta*({a} - {b} - P)/clip(P, eta, 1e300)
w += dw
S += eta*(w - S)
Q += eta*(w*w - Q)
A_post += dw*{a}
B_post += dw*{b}
"""
CELL_LEARNS = LEARNS.format(a="a_pre", b="b_pre")

# Short-term plasticity of a synapse of its own: so are its traces, at its last spike
OWN_DEPRESSION = (
    DEPRESSION
    + """
a_own : 1
b_own : 1
"""
)
OWN_SPENT = (
    SPENT.format(step="step_post")
    + """
a_own = a_own*exponential(-gap/tau_decay_post) + efficacy
b_own = b_own*exponential(-gap/tau_rise_post) + efficacy
A_post += w*efficacy
B_post += w*efficacy
"""
)
OWN_LEARNS = """
since = (step_post - last)*dt
a_now = a_own*exponential(-since/tau_decay_post)
b_now = b_own*exponential(-since/tau_rise_post)
""" + LEARNS.format(a="a_now", b="b_now")

EQUATIONS = {
    "Input": INPUT,
    "Input: at a spike": INPUT_RESET,
    "Cell": CELL,
    "Cell: softmax, with Z the sum over its circuit": POTENTIAL,
    "Cell: its share of the rate of the circuit": RATE,
    "Cell: it fires if": DRAW.removeprefix("fires = int(").removesuffix(")"),
    "Cell: short-term plasticity of its synapses": DEPRESSION,
    "Cell: at a spike": CELL_RESET,
    "Synapse": SYNAPSE,
    "Synapse: at a spike of the input": INPUT_ARRIVES,
    "Synapse: at a spike of the presynaptic cell": SPIKE_ARRIVES,
    "Synapse: at a spike of the postsynaptic cell": CELL_LEARNS,
}
