"""The models as equations: a moving dot, a retina, cells in a lattice or a layer, a readout.

All quantities of the cells are pure numbers, as in the discrete equations that the models come
from: a threshold of 1, a weight of 1 that brings a cell from 0 to it. One step is 1 ms, and a
leak factor rho per step is the time constant -dt/ln(rho), integrated exactly.

Order inside a step
-------------------
start             the dots move, the retina and the outputs forget the step before
before_groups     the dots light the retina, the retina drives its cells
groups            leak and adaptation
after_groups      what came in is added; refractory cells are held
thresholds        spikes; which cells fired one step ago
synapses          hidden cells drive the output (local layer), plane L-1 the readout (cube)
after_synapses    the output decides and is compared with its target
resets            after-hyperpolarisation, adaptation, flags of who fired
after_resets      learning, and then delivery: what is delivered now arrives in the next step

So a spike of step t - 1 reaches its target at step t, and the link between them is judged at
step t, before it delivers again. There are no delays: who fired one step ago is a variable, so
the state of a network is complete between any two steps.
"""

# fmt: off
# ruff: noqa: E501

# --- time and chance ---------------------------------------------------------------------

STEP = """
first_step     : integer (shared, constant)                       # absolute step at which this block starts
step           = first_step + t_in_timesteps : integer (shared)   # absolute step of the run
"""

NOISE = """
seed           : integer (shared, constant)                       # seed of the run
sigma          : 1 (shared, constant)                             # s.d. of the noise, per step
noise          = sigma*normal(seed, NOISE_STREAM, i, step) : 1
"""

SHOWN = """
off_from       : integer (shared, constant)                       # first step without input
off_to         : integer (shared, constant)                       # first step with input again
shown          = 1 - int(step >= off_from)*int(step < off_to) : integer (shared)
"""

# --- the dots (the same motion in NumPy: stimuli.dots) --------------------------------------

DOTS = """
x              : 1                                                # column, 0 to n - 1
y              : 1                                                # row
vx             : 1                                                # pixels per move
vy             : 1
moves          : integer                                          # made so far
n              : integer (shared, constant)                       # pixels a side
ratio          : integer (shared, constant)                       # steps per move
first_move     : integer (shared, constant)                       # step of the first move: 0, or 1 if the launch is shown
moves_unseen   : integer (shared, constant)                       # 1: the dots move on while the input is off
due            = int(step % ratio == 0)*int(step >= first_move)*(shown + (1 - shown)*moves_unseen) : integer (shared)
"""

AHEAD = """
horizon        : integer (shared, constant)                       # moves that are predicted
x_ahead        = (n - 1) - abs((n - 1) - (x + horizon*vx + 2*(n - 1)*horizon) % (2*(n - 1))) : 1   # unfolded, moved on, folded
y_ahead        = (n - 1) - abs((n - 1) - (y + horizon*vy + 2*(n - 1)*horizon) % (2*(n - 1))) : 1
"""

LAUNCHES = """
seed           : integer (shared, constant)                       # seed of the run
speed          : 1 (shared, constant)                             # pixels per move, away from the edge
speed_t        : 1 (shared, constant)                             # pixels per move, along it
relaunch_every : integer (shared, constant)                       # moves between two launches; 0: only one
held_out_every : integer (shared, constant)                       # every k-th closed loop is not launched on; 0: all are
number         : integer                                          # of the launch
since          = moves - number*relaunch_every : integer          # moves since the launch
then           = int(since >= -horizon) : integer                 # whether the dot was already there, `-horizon` moves ago
fresh          : integer                                          # 1: this move is a launch
edge           : integer                                          # 0 left, 1 right, 2 top, 3 bottom
drawn          : 1                                                # place on the edge
side           : 1                                                # direction along it, +1 or -1
is_x           = int(edge < 2)  : integer                                   # launched along x
is_far         = edge % 2       : integer                                   # from the edge at n - 1
across         = is_far*(n - 1) : 1
inward         = speed*(1 - 2*is_far) : 1
phase          = int(side > 0)*drawn + int(side < 0)*(2*(n - 1) - drawn) : 1   # unfolded coordinate along the edge
loop_number    = ((2*is_x - 1)*(across - phase) + 4*(n - 1)) % (2*(n - 1)) : 1 # which closed loop
held           = int(held_out_every > 0)*(1 - int(loop_number == 2*(n - 1) - 1))*int(loop_number % (held_out_every + int(held_out_every == 0)) == 0) : integer
along          = drawn + held*(1 - 2*int(drawn == n - 1)) : 1               # the loop beside a held-out one
"""

COUNT_MOVE = "moves = moves + due"
DRAW = """
number = moves//(relaunch_every + int(relaunch_every == 0))
fresh = due*int(relaunch_every > 0)*int(moves % (relaunch_every + int(relaunch_every == 0)) == 0)
edge = int(floor(4*uniform(seed, LAUNCH, i, number)))
drawn = floor(n*uniform(seed, LAUNCH + 1, i, number))
side = 1 - 2*floor(2*uniform(seed, LAUNCH + 2, i, number))
"""
MOVE = """
x = x + due*vx
y = y + due*vy
"""
BOUNCE = """
vx = vx*(1 - 2*int(x < 0))*(1 - 2*int(x > n - 1))
vy = vy*(1 - 2*int(y < 0))*(1 - 2*int(y > n - 1))
x = (n - 1) - abs((n - 1) - abs(x))
y = (n - 1) - abs((n - 1) - abs(y))
"""
LAUNCHED = """
x = fresh*(is_x*across + (1 - is_x)*along) + (1 - fresh)*x
y = fresh*(is_x*along + (1 - is_x)*across) + (1 - fresh)*y
vx = fresh*(is_x*inward + (1 - is_x)*side*speed_t) + (1 - fresh)*vx
vy = fresh*(is_x*side*speed_t + (1 - is_x)*inward) + (1 - fresh)*vy
"""
DOTS_ARE_SOMEWHERE = "moves >= 0"   # an event in every step: it lights the retina and sets the target

# --- the retina: one pixel a cell ------------------------------------------------------------

RETINA = """
x              : 1 (constant)                                     # column of the pixel
y              : 1 (constant)                                     # row
lit            : 1                                                # dots on it
radius         : 1 (shared, constant)                             # pixels around a dot that it lights
"""
RETINA_CLEAR = "lit = 0"
LIGHT = "lit_post += shown_pre*int(abs(x_pre - x_post) <= radius_post)*int(abs(y_pre - y_post) <= radius_post)"
LIT = "lit > 0"

LAST_FRAME = """
was_lit        : 1                                                # dots on it one step ago
"""
LAST_FRAME_KEEP = "was_lit = lit"
WAS_LIT = "was_lit > 0"
FREE_RUNNING = """
imagined       : 1                                                # the output showed a dot here one step ago
"""
RETINA_IMAGINE = "lit = imagined*(1 - shown)"                      # without input the output is the next frame
FORGET = "imagined = 0"
IMAGINE = "imagined_post = 1"

INPUT = "gain : 1 (shared, constant)"
INPUT_ON_PRE = "I_syn_post += gain"

# --- cells of the cube --------------------------------------------------------------------------

MEMBRANE = """
dv/dt          = (v_rest - v)/tau_v : 1                           # membrane potential; v_rest is a bias per step over 1 - rho
v_rest         : 1 (constant)
tau_v          : second (shared, constant)                        # -dt/ln(rho)
I_syn          : 1                                                # arrives in this step
spiked         : 1                                                # 1 for a cell that fired in the last step
"""

ADAPTATION = """
da/dt          = -a/tau_a : 1                                     # raises the threshold
tau_a          : second (shared, constant)                        # -dt/ln(1 - 1/tau_adapt)
a_jump         : 1 (shared, constant)                             # at a spike; d_theta after the decay that precedes its first use
theta0         : 1 (shared, constant)
timer          : 1                                                # steps that the cell is still held
tau_ref        : 1 (shared, constant)                             # steps that a cell is held after a spike
v_ref          : 1 (shared, constant)                             # where it is held: an after-hyperpolarisation
"""
ADAPTATION_THRESHOLD = "v >= theta0 + a"
ADAPTATION_RESET = """
v = 0
a += a_jump
timer = tau_ref
spiked = 1
"""
ADAPTATION_INJECT = """
v = int(timer <= 0)*(v + I_syn) + int(timer > 0)*v_ref
timer = timer - int(timer > 0)
I_syn = 0
"""
ADAPTATION_INJECT_NOISY = """
v = int(timer <= 0)*(v + I_syn + noise) + int(timer > 0)*v_ref
timer = timer - int(timer > 0)
I_syn = 0
"""

HOMEOSTASIS = """
theta          : 1                                                # threshold
eta_theta      : 1 (shared, constant)                             # step of the homeostasis
r_target       : 1 (shared, constant)                             # spikes per step that it aims at
theta_min      : 1 (shared, constant)
theta_max      : 1 (shared, constant)
"""
HOMEOSTASIS_THRESHOLD = "v >= theta"
HOMEOSTASIS_RESET = """
v = 0
spiked = 1
"""
HOMEOSTASIS_INJECT = """
v = v + I_syn
I_syn = 0
theta = int(step > 0)*clip(theta + eta_theta*(spiked - r_target), theta_min, theta_max) + int(step <= 0)*theta
"""
HOMEOSTASIS_INJECT_NOISY = """
v = v + I_syn + noise
I_syn = 0
theta = int(step > 0)*clip(theta + eta_theta*(spiked - r_target), theta_min, theta_max) + int(step <= 0)*theta
"""   # the threshold of a step answers to the spike of the step before

FIRED = "spiked > 0"           # an event of its own: this cell fired one step ago
FIRED_RESET = "spiked = 0"

# --- links between cells -------------------------------------------------------------------------

FIXED = "w : 1 (constant)"
SHARED = "w : 1 (shared, constant)"
DELIVER = "I_syn_post += w"

HEBB = """
w              : 1
eta            : 1 (shared, constant)                             # gain of a link whose target fires one step after its source
delta          : 1 (shared, constant)                             # loss of one whose target does not
w_min          : 1 (shared, constant)
w_max          : 1 (shared, constant)
"""
HEBB_ON_FIRED = "w = clip(w + eta*spiked_post - delta*(1 - spiked_post), w_min, w_max)"

TWICE = "traversed : 1 (constant)                                 # how often a spike takes this link"
TWICE_DELIVER = "I_syn_post += traversed*w"
TWICE_ON_FIRED = "w = clip(w + traversed*(eta*spiked_post - delta*(1 - spiked_post)), w_min, w_max)"

# --- reward (02_01): what the output plane shows, against what it should show --------------------

AIM = """
x              : 1 (constant)                                     # one pixel of the output plane
y              : 1 (constant)
target         : 1                                                # dots that should be on it
fired          : 1                                                # its cell fired in this step
"""
AIM_CLEAR = """
target = 0
fired = 0
"""
TARGET = "target_post += shown_pre*int(x_ahead_pre == x_post)*int(y_ahead_pre == y_post)"
FIRED_AT = "fired_post = 1"

METER = """
n_all          : 1                                                # spikes of this step, all planes
n_union        : 1                                                # pixels that fired or should have
n_hit          : 1                                                # pixels that fired and should have
n_cells        : 1 (shared, constant)
r_target       : 1 (shared, constant)
good_iou       : 1 (shared, constant)                             # overlap that is rewarded
R              : 1                                                # +1 or -1, for all links
"""
METER_CLEAR = """
n_all = 0
n_union = 0
n_hit = 0
"""
COUNT_ALL = "n_all_post += 1"
COMPARE = """
n_union_post += int(fired_pre + target_pre > 0)
n_hit_post += fired_pre*int(target_pre > 0)
"""
JUDGE = "R = 2*int(n_hit >= good_iou*n_union)*int(n_union > 0)*int(n_all/n_cells < 2*r_target) - 1"

HEARS_REWARD = """
R              : 1                                                # of the meter, or of the cell's own column
"""
TELL = "R_post = R_pre"

REWARDED = """
w              : 1
eta            : 1 (shared, constant)
k              : 1 (shared, constant)                             # share of the direction: 1 forward, less sideways and backwards
w_min          : 1 (shared, constant)
w_max          : 1 (shared, constant)
"""
REWARDED_ON_FIRED = "w = clip(w + k*eta*R_post*spiked_post, w_min, w_max)"

# --- reward by column, through an eligibility trace ----------------------------------------------

COLUMN = """
x              : 1 (constant)                                     # one pixel of the output plane, and the cells behind it
y              : 1 (constant)
fired          : 1                                                # its cell fired during this move
distance       : 1                                                # from the nearest target, pixels
known          : 1                                                # 1 if the dot had been launched when it was due here
r_now          : 1                                                # +1 within 1 pixel, -1 beyond 3
r_mean         : 1                                                # its running mean
n_mean         : 1 (shared, constant)                             # moves that it runs over
R              : 1                                                # reward of this column
"""
DISTANCE = """
known_post = then_pre
distance_post = clip(distance_post, 0, 0.5*(abs(x_ahead_pre - x_post) + abs(y_ahead_pre - y_post) + abs(abs(x_ahead_pre - x_post) - abs(y_ahead_pre - y_post))))   # the larger of both
"""
COLUMN_CLEAR = "distance = 1e9"
COLUMN_JUDGE = """
r_now = known*fired*(int(distance <= 1) - int(distance > 3))
R = r_now - r_mean
r_mean = r_mean + (r_now - r_mean)/n_mean
fired = 0
"""

PAIRS = """
dpre_trace/dt  = -pre_trace/tau_pair  : 1                         # steps up by a_plus at a spike
dpost_trace/dt = -post_trace/tau_pair : 1                         # steps up by a_minus at a spike
tau_pair       : second (shared, constant)
a_plus         : 1 (shared, constant)
a_minus        : 1 (shared, constant)
"""
PAIRS_RESET = "pre_trace += a_plus"
PAIRS_LATER = "post_trace += a_minus"   # after it was read: a coincidence counts as pre, then post

ELIGIBLE = """
w              : 1
eligible       : 1                                                # what the pairs of late would change
keep           : 1 (shared, constant)                             # of it from one move to the next
eta            : 1 (shared, constant)
w_min          : 1 (shared, constant)
w_max          : 1 (shared, constant)
"""
ELIGIBLE_ON_PRE = "eligible -= post_trace_post"
ELIGIBLE_ON_POST = "eligible += pre_trace_pre"
ELIGIBLE_EVERY_MOVE = """
w = clip(w + eta*R_post*eligible, w_min, w_max)
eligible = keep*eligible
"""

# --- hidden cells of the local layer -----------------------------------------------------------

INPUT_PLASTIC = """
w              : 1
eta            : 1 (shared, constant)
w_max          : 1 (shared, constant)
"""
INPUT_DELIVER = "I_syn_post += w"
INPUT_ON_LIT = "w = clip(w + eta*spiked_post, 0, w_max)"           # potentiation only, no timing

# --- output pixels and the readout that learns to drive them -----------------------------------

OUTPUT = """
x              : 1 (constant)
y              : 1 (constant)
target         : 1                                                # dots that will be on it
drive          : 1                                                # from the spikes of this step
error          : 1                                                # target minus output
"""
TEACHER = """
tau_out        : 1 (shared, constant)                             # threshold of the drive
kappa          : 1 (shared, constant)                             # margin: learn until the drive is so far on the right side
false_alarm    : 1 (shared, constant)                             # weight of an error of a pixel that should be off
"""
OUTPUT_CLEAR = """
target = 0
drive = 0
"""
OUTPUT_THRESHOLD = "drive > tau_out"
COMPARE_OUTPUT = "error = int(target > 0)*int(drive <= tau_out + kappa) - false_alarm*int(target <= 0)*int(drive > tau_out - kappa)"

READOUT = """
w              : 1
eta_out        : 1 (shared, constant)
"""
READOUT_DRIVE = "drive_post += w"
READOUT_LEARN = "w += eta_out*error_post"

# --- output of motion cells: a branch for the column, a branch for the row ------------------------
# A pixel is on where both branches are driven. Each branch has a teacher of its own, a strip of the
# next frame: so a direction of arrival is put together from what was learned of either axis.

BRANCHES = """
x              : 1 (constant)
y              : 1 (constant)
column         : 1                                                # dots that will be in its column, near its row
row            : 1                                                # dots that will be in its row, near its column
strip          : 1 (shared, constant)                             # how near, pixels
drive_x        : 1                                                # of the branch for the column
drive_y        : 1                                                # of the branch for the row
error_x        : 1
error_y        : 1
"""
BRANCHES_CLEAR = """
column = 0
row = 0
drive_x = 0
drive_y = 0
"""
BRANCH_TARGETS = """
column_post += shown_pre*int(x_ahead_pre == x_post)*int(abs(y_ahead_pre - y_post) <= strip_post)
row_post += shown_pre*int(y_ahead_pre == y_post)*int(abs(x_ahead_pre - x_post) <= strip_post)
"""
BRANCHES_THRESHOLD = "drive_x > tau_out and drive_y > tau_out"
COMPARE_BRANCHES = """
error_x = int(column > 0)*int(drive_x <= tau_out + kappa) - false_alarm*int(column <= 0)*int(drive_x > tau_out - kappa)
error_y = int(row > 0)*int(drive_y <= tau_out + kappa) - false_alarm*int(row <= 0)*int(drive_y > tau_out - kappa)
"""
DRIVE_X, LEARN_X = "drive_x_post += w", "w += eta_out*error_x_post"
DRIVE_Y, LEARN_Y = "drive_y_post += w", "w += eta_out*error_y_post"

# --- groups: what enters a cell of a group stays in proportion ----------------------------------

INCOMING = """
S              : 1                                                # sum of the weights from the cell's own group
S_target       : 1 (shared, constant)
"""
SUM_CLEAR = "S = 0"
SUM_ADD = "S_post += w"
SUM_RESCALE = "w = clip(w*(1 + int(eta > 0)*(S_target/S_post - 1)), w_min, w_max)"   # only while it learns
