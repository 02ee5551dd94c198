"""The learners as equations, in the order of a step. A step is 1 ms, a potential has no unit.

SPIKING, every layer: basal dendrites drive the soma through synapses w, apical ones predict the
cell's own spikes from the same input through synapses P; the error is the difference. Urbanczik and
Senn (2014), with an adaptive threshold, pair STDP of w and homeostatic scaling.
RATE: predictive coding, Whittington and Bogacz (2017): states descend the sum of squared errors.
EQUILIBRIUM: equilibrium propagation, Scellier and Bengio (2017), centred: free, +beta, -beta.
DENDRITIC: one layer of SPIKING cells, whose soma a teacher drives while the dendrite learns.

Rate and equilibrium have a *window* of steps a sample. What happens once a window has a clock of
its own and happens first: the sample is shown, and what it sends to the first layer is summed.
"""

# --- spiking: input, layers ------------------------------------------------------------------

SPIKING_INPUT = """
r_max : Hz (shared, constant)
tau_s : second (shared, constant)
tau_p : second (shared, constant)
x : 1
du/dt = r_max*abs(x) : 1                            # encoder without noise: a spike at each whole
dp/dt = -p/tau_s : 1                                # rate in units of r_max
dx_bar/dt = -x_bar/tau_p : 1                        # trace for STDP
"""
SHOW = "x = stimulus(t, i)"
SPIKING_INPUT_FIRES = "u >= 1"
SPIKING_INPUT_RESET = "u -= 1; p += sign(x)/(r_max*tau_s); x_bar += 1"

SOMA = """
tau_m : second (shared, constant)
tau_b : second (shared, constant)
tau_a : second (shared, constant)
tau_theta : second (shared, constant)
theta_0 : 1 (shared, constant)
delta_theta : 1 (shared, constant)
v_reset : 1 (shared, constant)
g_a : 1 (shared, constant)
dv/dt = (-v + v_b + g_a*v_a)/tau_m : 1              # soma
dv_a/dt = (-v_a + I_a + b)/tau_a : 1                # apical dendrite: prediction
dtheta/dt = (theta_0 - theta)/tau_theta : 1         # adaptive threshold
I_a : 1
phi : 1                                             # predicted rate in units of r_max
"""
BASAL = """
gain : 1 (shared, constant)
dv_b/dt = (-v_b + gain*I_b)/tau_b : 1               # basal dendrite: feed-forward drive
I_b : 1
"""
PREDICTION = """
r_max : Hz (shared, constant)
eta_b : 1 (shared, constant)
M : 1 (shared)                                      # neuromodulation: factor of all learning
db/dt = -eta_b*M*r_max*phi : 1
"""
TRACES = """
tau_s : second (shared, constant)
tau_p : second (shared, constant)
tau_q : second (shared, constant)
tau_r : second (shared, constant)
tau_err : second (shared, constant)
deps/dt = (-eps - phi)/tau_err : 1                  # error: spikes/r_max - phi, low-passed
dp/dt = -p/tau_s : 1
dx_bar/dt = -x_bar/tau_p : 1
dy_bar/dt = -y_bar/tau_q : 1
drate/dt = -rate/tau_r : Hz
sum_phi : 1                                         # sums over the steps of a block
sum_eps : 1
"""
SPIKING_LAYER = SOMA + BASAL + PREDICTION + TRACES
MODULATE = "M = modulation(t)"
PREDICT = "phi = 1/(1 + exponential(-v_a))"
COUNT = "sum_phi += phi; sum_eps += abs(eps)"
FIRES = "v >= theta"
RESET = "v = v_reset; theta += delta_theta; b += eta_b*M"
SPIKING_RESET = (
    f"{RESET}; eps += 1/(r_max*tau_err); p += 1/(r_max*tau_s); "
    "x_bar += 1; y_bar += 1; rate += 1/tau_r"
)

SPIKING_BASAL = """
w : 1
A_plus : 1 (shared, constant)                       # STDP
A_minus : 1 (shared, constant)
kappa : 1 (shared, constant)                        # homeostatic scaling, towards rho
rho : Hz (shared, constant)
w_min : 1 (shared, constant)
w_max : 1 (shared, constant)
I_b_post = w*p_pre : 1 (summed)
"""
SCALE = "w = clip(w*(1 + M_post*kappa*(rho - rate_post)*dt), w_min, w_max)"
BASAL_PRE = "w = clip(w - M_post*A_minus*y_bar_post, w_min, w_max)"
BASAL_POST = "w = clip(w + M_post*A_plus*x_bar_pre, w_min, w_max)"
APICAL = """
dw/dt = -eta_p*M_post*r_max_post*phi_post*p_pre : 1 (clock-driven)
eta_p : 1 (shared, constant)
I_a_post = w*p_pre : 1 (summed)
"""
APICAL_POST = "w += eta_p*M_post*p_pre"

# --- what samples have in common -------------------------------------------------------------

RATE_INPUT = "r : 1"
SHOW_SAMPLE = "r = samples(t, i)"
LAST = "(t_in_timesteps + 1) % window == 0"  # step of a window
WINDOW = """
window : integer (shared, constant)
eta : 1 (shared, constant)
"""

# --- rate --------------------------------------------------------------------------------------

RATE_ERROR = """
reg : 1 (shared, constant)
bias : 1
drive : 1                                           # from the layer below
err = x - drive - bias : 1
"""
RATE_HIDDEN = (
    WINDOW
    + RATE_ERROR
    + """
tau : second (shared, constant)
back : 1                                            # errors of the layer above
r : 1
dx/dt = (-err + (1 - r**2)*back)/tau : 1            # descends F = sum err**2 / 2
"""
)
RATE_OUTPUT = WINDOW + RATE_ERROR + "x : 1"
RATE_FIRST = "w : 1"
RATE_UPPER = """
w : 1
drive_post = w*r_pre : 1 (summed)
back_pre = w*err_post : 1 (summed)
"""
CLEAR_DRIVE = "drive = 0"
SUM_DRIVE = "drive_post += w*r_pre"
FORWARD = "x = drive + bias"
TANH = "r = 1 - 2/(exponential(2*x) + 1)"  # tanh, same bits on every backend
TEACH = "x = targets(t, i)"
RATE_LEARNS = "w += eta_post*(err_post*r_pre - reg_post*w)"
RATE_BIAS_LEARNS = "bias += eta*err"

# --- equilibrium ---------------------------------------------------------------------------------

STATE = (
    WINDOW
    + """
reg : 1 (shared, constant)
tau : second (shared, constant)
two_beta : 1 (shared, constant)
bias : 1
up : 1                                              # from below, from above
down : 1
s_free : 1                                          # where the free phase ended, and +beta
s_plus : 1
"""
)
EQUILIBRIUM_HIDDEN = STATE + "ds/dt = (-s + up + down + bias)/tau : 1"
EQUILIBRIUM_OUTPUT = (
    STATE
    + """
beta : 1 (shared, constant)
n_free : integer (shared, constant)
n_nudged : integer (shared, constant)
phase = t_in_timesteps % window : integer (shared)
nudge = beta*(int(phase >= n_free) - 2*int(phase >= n_free + n_nudged)) : 1 (shared)
y : 1
ds/dt = (-s + up + down + bias + nudge*(y - s))/tau : 1
"""
)
EQUILIBRIUM_FIRST = "w : 1"
EQUILIBRIUM_UPPER = """
w : 1
up_post = w*s_pre : 1 (summed)
down_pre = w*s_post : 1 (summed)
"""
CLIP = "s = clip(s, 0, 1)"  # the energy has no state outside
BEGIN = "s = 0"
CLEAR_UP = "up = 0"
SUM_UP = "up_post += w*r_pre"
TEACH_Y = "y = targets(t, i)"
FREE_ENDS = "t_in_timesteps % window == {n_free} - 1"
PLUS_ENDS = "t_in_timesteps % window == {n_free} + {n_nudged} - 1"
KEEP_FREE = "s_free = s"
KEEP_PLUS = "s_plus = s; s = s_free"
DECAYED = "w = (1 - eta_post*reg_post)*w + eta_post/two_beta_post*"
EQUILIBRIUM_LEARNS_FIRST = DECAYED + "(s_plus_post - s_post)*r_pre"
EQUILIBRIUM_LEARNS = DECAYED + "(s_plus_post*s_plus_pre - s_post*s_pre)"
EQUILIBRIUM_BIAS_LEARNS = "bias += eta/two_beta*(s_plus - s)"

# --- dendritic ---------------------------------------------------------------------------------

POISSON = """
first_step : integer (shared, constant)             # absolute step at which this block starts
step = first_step + t_in_timesteps : integer (shared)
seed : integer (shared, constant)
r_max : Hz (shared, constant)
tau_s : second (shared, constant)
tau_mean : second (shared, constant)
r : 1                                               # of the sample
dp/dt = -p/tau_s : 1                                # rate in units of r_max
dp_mean/dt = (p - p_mean)/tau_mean : 1              # what is on in most images says nothing
"""
POISSON_FIRES = "uniform(seed, PIXELS, i, step) < r*r_max*dt"
POISSON_RESET = "p += 1/(r_max*tau_s)"
DENDRITIC = """
eta : 1 (shared, constant)
r_max : Hz (shared, constant)
tau_m : second (shared, constant)
tau_theta : second (shared, constant)
theta_0 : 1 (shared, constant)
delta_theta : 1 (shared, constant)
I_max : 1 (shared, constant)
y : 1                                               # teacher
v_a : 1                                             # dendrite: prediction
phi : 1                                             # predicted rate in units of r_max
dv/dt = (-v + I_max*y)/tau_m : 1
dtheta/dt = (theta_0 - theta)/tau_theta : 1
dbias/dt = -eta*r_max*phi : 1
"""
PREDICT_CLASS = "phi = 1/(1 + exponential(-(v_a + bias)))"
DENDRITIC_RESET = "v = 0; theta += delta_theta; bias += eta"
DENDRITIC_SYNAPSE = """
dw/dt = -eta_post*r_max_post*phi_post*(p_pre - p_mean_pre) : 1 (clock-driven)
v_a_post = w*(p_pre - p_mean_pre) : 1 (summed)
"""
DENDRITIC_POST = "w += eta_post*(p_pre - p_mean_pre)"

# --- energy: no equations of Brian's, for the report -----------------------------------------

ENERGY = """
a_0 = x;  a_k = tanh(W_k a_(k-1) + b_k);  f = W_K a_(K-1) + b_K
E = mean over samples of |f - y|**2/2 + reg/2*(sum of squared weights)
d_K = f - y;  d_k = (1 - a_k**2)*(transposed W_(k+1) d_(k+1))
V = momentum*V - eta*dE/dW;  W = W + V;  dE/dW_k = d_k a_(k-1) + reg*W_k;  dE/db_k = d_k
"""

JEPA = """
z_c = g(context);  z_t = g_mean(target);  foretold = h(z_c)        # g_mean: no gradient
none, ema:  loss = mean of |foretold - z_t|**2/2;  ema: g_mean = m*g_mean + (1 - m)*g
vicreg:  loss = 25*mean of (foretold - z_t)**2 + 25*mean of max(0, 1 - s.d.) + c_w*sum of cov**2/d
"""

EQUATIONS = {
    "Spiking: input": SPIKING_INPUT,
    "Spiking: layer": SPIKING_LAYER,
    "Spiking: prediction, and what a spike does": f"{PREDICT}\n{SPIKING_RESET}",
    "Spiking: basal synapse": SPIKING_BASAL,
    "Spiking: basal synapse, at spikes of source and target": f"{BASAL_PRE}\n{BASAL_POST}",
    "Spiking: basal synapse, in every step": SCALE,
    "Spiking: apical synapse": APICAL,
    "Spiking: apical synapse, at a spike of the target": APICAL_POST,
    "Rate: hidden layer": RATE_HIDDEN,
    "Rate: rate, and at the start of a sample": f"{TANH}\n{FORWARD}",
    "Rate: synapse": RATE_UPPER,
    "Rate: in the last step of a sample": f"{RATE_LEARNS}\n{RATE_BIAS_LEARNS}",
    "Equilibrium: output layer": EQUILIBRIUM_OUTPUT,
    "Equilibrium: synapse": EQUILIBRIUM_UPPER,
    "Equilibrium: in every step; at the end of both first phases": "\n".join(
        (CLIP, KEEP_FREE, KEEP_PLUS)
    ),
    "Equilibrium: in the last step of a sample": (
        f"{EQUILIBRIUM_LEARNS}\n{EQUILIBRIUM_BIAS_LEARNS}"
    ),
    "Energy: back-propagation in batches, see models/predictive/energy.py": ENERGY,
    "Jepa: joint embedding, see models/predictive/jepa.py": JEPA,
    "Dendritic: input": POISSON,
    "Dendritic: it fires if; a spike": f"{POISSON_FIRES}\n{POISSON_RESET}",
    "Dendritic: cell": DENDRITIC,
    "Dendritic: prediction, and what a spike does": f"{PREDICT_CLASS}\n{DENDRITIC_RESET}",
    "Dendritic: synapse, at a spike of the cell": f"{DENDRITIC_SYNAPSE.strip()}\n{DENDRITIC_POST}",
}


def of_learner(p) -> dict[str, str]:
    """The equations of the learner that has these parameters."""
    learner = type(p).__name__.removesuffix("Params")
    return {title: code for title, code in EQUATIONS.items() if title.startswith(learner)}
