"""The model as equations: LL -> MON -> TS, inhibition, plasticity, homeostasis.

Symbols are those of docs/lateral_line.md. Numbers that a
run may change are `(shared, constant)` and arrive with each block of steps, so one compiled
program serves every seed and every parameter set of the same size.

Order inside a step: state update, thresholds, presynaptic pathways, resets, postsynaptic
pathways. The last two are swapped against Brian's default, so that coincident spikes pair as
published (see TRACE; `network.after_resets` does it). A spike of step n reaches its target's conductance in step n
and its membrane in step n + 1; there are no delays.
"""

# fmt: off
# ruff: noqa: E501

# --- time ------------------------------------------------------------------------------

STEP = """
first_step  : integer (shared, constant)                       # absolute step at which this block starts
step        = first_step + t_in_timesteps : integer (shared)   # absolute step of the run
"""

DRAWS = """
seed        : integer (shared, constant)                       # seed of the run
phase       : integer (shared, constant)                       # 0 training, 1 test: separate random streams
phase_start : integer (shared, constant)                       # absolute step at which the phase starts
"""

# --- lateral line afferents: a moving sphere, its dipole flow, Poisson spikes ----------

LL_SOURCE = """
frame_start : integer (shared, constant)                       # absolute step of the first stimulus frame
frame_steps : integer (shared, constant)                       # steps that a frame is held
frame       = (step - frame_start)//frame_steps : integer (shared)
X           = source_x(frame*dt)         : meter (shared)      # source position along the body
D           = source_distance(frame*dt)  : meter (shared)      # source distance from the body
e_X         = source_direction(frame*dt) : 1 (shared)          # direction of motion, +1 or -1
"""

LL_FLOW = """
position    : meter (constant)                                 # place of the neuromast on the body
U           : meter/second (shared, constant)                  # speed of the sphere
R           : meter (shared, constant)                         # radius of the sphere
Delta_x     = position - X                : meter
rho_2       = Delta_x*Delta_x + D*D       : meter**2           # squared distance to the source
velocity    = 0.5*U*R*R*R*e_X*(D*D - 2*Delta_x*Delta_x)/(rho_2*rho_2*sqrt(rho_2)) : meter/second  # dipole flow along the body
"""

LL_RATE = """
r_0         : Hz (shared, constant)                            # spontaneous rate
A           : 1/meter (shared, constant)                       # Hz per flow velocity
r_max       : Hz (shared, constant)                            # ceiling
baseline    : Hz (shared, constant)                            # subtracted before the gain (rate mode)
gain        : 1 (shared, constant)
sensed      = clip(r_0 + A*velocity + noise(frame*dt, i), 0*Hz, r_max) + extra_noise(frame*dt, i) : Hz
rate        = gain*(sensed - baseline)*int(sensed > baseline) : Hz
"""

LL_THRESHOLD = "uniform(seed, LL_SPIKES + phase, i, step - phase_start) < rate*dt"
LL_RESET = "trace += 1"

# --- LIF cells: MON, TS and the two global inhibitory cells -----------------------------

LIF = """
dv/dt       = active*(E_L - v + g_e - g_i)/tau_m : volt        # membrane potential, held while refractory
dg_e/dt     = -g_e/tau_s                         : volt        # excitation, as the depolarisation it drives
dg_i/dt     = -g_i/tau_s                         : volt        # inhibition
active      = int(step >= ready)                 : 1           # 0 during the refractory period
ready       : integer                                          # first step after the refractory period
E_L         : volt (shared, constant)
V_th        : volt (shared, constant)
V_reset     : volt (shared, constant)
tau_m       : second (shared, constant)
tau_s       : second (shared, constant)
refractory_steps : integer (shared, constant)
"""

LIF_THRESHOLD = "v > V_th and step >= ready"
LIF_RESET = "v = V_reset; ready = step + refractory_steps"

# One trace per cell: a+ of its outgoing and a- of its incoming synapses, in units of one spike.
# tau_trace = dt/(1 - exp(-dt/tau)) makes the Euler step decay by exactly exp(-dt/tau).
# It rises at the reset, after the presynaptic pathways have read it as a-, and before the
# postsynaptic pathways read it as a+: the published order for coincident spikes.
TRACE = """
dtrace/dt   = -trace/tau_trace : 1
tau_trace   : second (shared, constant)
"""
TRACE_RESET = "trace += 1"

# --- background: one Poisson source per cell --------------------------------------------

# A Bernoulli draw per step, told by its gaps: geometric, so a cell costs one comparison a step.
BACKGROUND = """
next_event  : integer                                          # step of the next spike
log_miss    : 1 (shared, constant)                             # log(1 - rate*dt)
"""
BACKGROUND_THRESHOLD = "step >= next_event"
BACKGROUND_RESET = "next_event = step + 1 + int(clip(log(1 - uniform(seed, BACKGROUND_SPIKES + phase, i, step - phase_start))/log_miss, 0, 1e9))"

# --- synapses ----------------------------------------------------------------------------

LL_MON_FIXED = """
w           : volt                                             # EPSP jump
"""
LL_MON_FIXED_ON_PRE = "g_e_post += w"

LL_MON_PLASTIC = """
w           : volt                                             # EPSP jump, 0 to w_max
w_max       : volt (shared, constant)
A_plus      : 1 (shared, constant)                             # gain of pre before post
A_minus     : 1 (shared, constant)                             # of post before pre; negative is depression
learn       : 1 (shared, constant)                             # 1 plastic, 0 frozen
"""
# multiplicative on both sides: additive steps would pin every weight to a bound
LL_MON_ON_PRE = """
g_e_post += w
w = clip(w + learn*A_minus*trace_post*w, 0*volt, w_max)
"""
LL_MON_ON_POST = "w = clip(w + learn*A_plus*trace_pre*(w_max - w), 0*volt, w_max)"

MON_TS_PLASTIC = """
w           : 1                                                # weight, 0 to w_max
G           : volt (shared, constant)                          # EPSP jump of a weight of 1
w_max       : 1 (shared, constant)
A_plus      : 1 (shared, constant)                             # in units of w
A_minus     : 1 (shared, constant)
learn       : 1 (shared, constant)
"""
# additive on both sides
MON_TS_ON_PRE = """
g_e_post += G*w
w = clip(w + learn*A_minus*trace_post, 0, w_max)
"""
MON_TS_ON_POST = "w = clip(w + learn*A_plus*trace_pre, 0, w_max)"

# --- the messenger: learning from what neighbours do --------------------------------------

# A TS cell that fires releases a messenger which spreads over its neighbours (a retrograde signal,
# Gally et al. 1990; Krekelberg and Taylor 1996). Where there is more of it than usual, synapses
# whose source fires now gain, elsewhere they lose. tau_D is such that the Euler step decays by
# exactly exp(-dt/tau). Weights see the messenger before the spikes of their own step.
MESSENGER = """
dD/dt       = -D/tau_D                  : 1                    # messenger at this cell
dD_mean/dt  = (D - D_mean)/tau_mean     : 1                    # what usually is
tau_D       : second (shared, constant)
tau_mean    : second (shared, constant)
released    : 1                                                # what a spike releases, before it is scaled to 1
"""
MON_TS_MESSENGER = """
w           : 1                                                # weight, 0 to w_max
G           : volt (shared, constant)                          # EPSP jump of a weight of 1
w_max       : 1 (shared, constant)
A           = rate(t) : 1 (shared)                             # of this trial, in units of w
learn       : 1 (shared, constant)
"""
MON_TS_MESSENGER_ON_PRE = """
g_e_post += G*w
w = clip(w + learn*A*(D_post - D_mean_post), 0, w_max)
"""
TS_MESSENGER = """
distance    : integer (constant)                               # between the two cells, along TS
share       : 1                                                # of what the source releases
"""
TS_MESSENGER_ON_PRE = "D_post += share"
# At the start of every trial, in this order. gauss(t, d) is exp(-d**2/(2*R**2)) with the reach R of
# the trial; every backend reads it from a table, because their exp differ in the last bit.
RELEASE_CLEAR = "released = 0"
SHARE_SPREAD = """
share = gauss(t, distance)
released_pre += share
"""
SHARE_SCALE = "share = share/released_pre"

EXCITATION = "g_e_post += w"
INHIBITION = "g_i_post += w"
STATIC = """
w           : volt                                             # jump of the target's g_e or g_i
"""
STATIC_SHARED = """
w           : volt (shared, constant)
"""

# Flat inhibition among TS cells: the spikes of a step are counted in one cell, which passes them on
# to all, so a spike costs one event and not one for each cell.
TS_POOL = """
n_spikes    : 1                                                # of all TS cells in this step
w           : volt (shared, constant)                          # jump of every g_i for each of them
"""
POOL_ON_PRE = "n_spikes_post += 1"
POOL_TELL = "g_i_pre += w_post*n_spikes_post"
POOL_CLEAR = "n_spikes = 0"

# --- homeostasis: slow rescaling of summed input, once per trial clock, in this order -----

# `due` selects the trials that end a period; on all others the scale is exactly 1.
MON_HOMEOSTASIS = """
homeo_eta   : 1 (shared, constant)                             # eta, 0 switches it off
homeo_every : integer (shared, constant)                       # period in trials
due         = int(step > 0)*int((step//trial_steps) % homeo_every == 0) : integer (shared)
S_target    : volt (shared, constant)                          # T: mean of the initial S over cells
S           : volt                                             # summed incoming weight
scale       : 1
"""
TS_HOMEOSTASIS = """
homeo_eta   : 1 (shared, constant)
homeo_every : integer (shared, constant)
due         = int(step > 0)*int((step//trial_steps) % homeo_every == 0) : integer (shared)
S_target    : 1                                                # T: mean of the current S, or fixed
S           : 1
scale       : 1
"""
MON_SUM_CLEAR = "S = 0*volt"
TS_SUM_CLEAR = "S = 0; S_target = 0"
SUM_ADD = "S_post += w"
MON_SCALE = "scale = clip(1 + homeo_eta*due*(S_target/(S + 1e-15*volt) - 1), 0.9, 1.1)"
TS_SCALE = "scale = clip(1 + homeo_eta*due*(S_target/(S + 1e-15) - 1), 0.9, 1.1)"
LL_MON_RESCALE = "w = clip(w*scale_post, 0*volt, w_max)"
MON_TS_RESCALE = "w = clip(w*scale_post, 0, w_max)"

# The mean of S over the TS cells that have input, gathered in one cell.
TS_MEAN = """
total       : 1
n_cells     : 1
mean        : 1
fixed_target : 1 (shared, constant)                            # > 0 holds T at this value instead
"""
TS_MEAN_CLEAR = "total = 0; n_cells = 0"
TS_MEAN_ADD = "total_post += S_pre; n_cells_post += int(S_pre > 0)"
TS_MEAN_DIVIDE = "mean = int(fixed_target > 0)*fixed_target + int(fixed_target <= 0)*total/(n_cells + int(n_cells == 0))"
TS_MEAN_TELL = "S_target_pre += mean_post"
