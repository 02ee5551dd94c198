// The lateral-line model (LL -> MON -> TS, baseline recipe) as a plain hand-written C++ program.
//
// The yardstick for generated code: the loop a competent engineer writes for exactly this model, without
// intrinsics and without dependencies. It trains and reports; no test phase, no checkpoints.
//
//   g++ -O3 -march=native -ffast-math -std=c++17 plain_loop.cpp -o plain_loop
//   echo 20 | ./plain_loop [seed = 123] [n_mon = 3200]
//
// Each number on standard input is a number of trials to go on with, and is answered by a line of JSON.
// With another n_mon, what MON drives (TS, and its inhibitory cell) gets the same summed input as with 3200.
//
// How it works
//   * clock-driven cells, event-driven synapses; one step is: state update, threshold, presynaptic
//     pathways, postsynaptic pathways, reset. A spike of step n is in g in step n and in v in step n + 1.
//   * STDP is all-to-all, so a trace per cell is enough: a_plus on the source, a_minus on the target. They
//     decay by the exact factor exp(-dt/tau). A source trace is raised before the postsynaptic pathway of
//     the same step reads it, a target trace after the presynaptic pathway has read it.
//   * the background draws geometric gaps: the cells of a layer in all steps are one long row of
//     Bernoulli(rate dt) trials, and the program jumps from one success to the next.
//   * synapses are sorted by presynaptic cell (CSR); a list per postsynaptic cell points into them.
//   * random numbers: splitmix64 (one multiply-xorshift hash of a counter per number), one generator per
//     purpose, each started from a hash of (seed, purpose).
// Units: mV, ms, Hz, cm. Double precision throughout.

#include <numeric>
#include <random>

#include "plain.h"

// ---------------------------------------------------------------------------------------- parameters
constexpr int n_ll = 100, n_mon_calibrated = 3200, n_ts = 300;
constexpr double dt = 1.0, trial_duration = 1200.0;                       // ms
constexpr int steps_per_trial = int(trial_duration / dt + 0.5);

// stimulus: a held dipole source that steps over the neuromasts, forward and back
constexpr int hold_steps = int(50.0 / dt + 0.5);
constexpr double speed = 5.0, distance = 0.8, sphere_radius = 0.5, body_length = 4.0;
constexpr double r0 = 40.0, r_max = 200.0, A_per_cm = 300.0;

// cells
constexpr double V_th = -54.0, V_reset = -60.0, E_L = -74.0, v_jitter = 2.0;
constexpr double tau_m = 10.0, tau_s = 2.0;
constexpr int refractory_steps = int(2.0 / dt + 0.5);

// plastic projections
constexpr double tau_trace = 20.0, topography = 0.2;
constexpr int ll_mon_in_degree = 10, mon_ts_out_degree = 16;
constexpr double ll_mon_sigma = 15.0, mon_ts_sigma = 10.0;
constexpr double ll_mon_apre = 0.010, ll_mon_apost = -0.0105, ll_mon_wmax = 20.0;
constexpr double ll_mon_w_init = 10.0, ll_mon_w_jitter = 8.0, ll_mon_homeo_eta = 0.005;
constexpr double mon_ts_apre = 0.010, mon_ts_apost = -0.006, mon_ts_wmax = 0.028;
constexpr double mon_ts_w_init = 0.020, mon_ts_w_jitter = 0.005, mon_ts_homeo_eta = 0.001;
constexpr double mon_ts_gain = 220.0;
constexpr int homeo_every_trials = 10;

// inhibition
constexpr double mon_inh_p = 0.03, mon_inh_drive = 0.5, inh_to_mon = 1.8;
constexpr double ts_inh_p = 0.08, ts_inh_drive = 0.25, inh_to_ts = 0.2;
constexpr double lateral_peak = 1.5;
constexpr int lateral_radius = 18;

// background
constexpr double bg_rate_mon = 18.0, bg_w_mon = 1.5, bg_rate_ts = 20.0, bg_w_ts = 0.85;

// ------------------------------------------------------------------------------------ random numbers
// one generator per purpose, each started from a hash of both
enum Purpose { ll_mon_wiring, mon_ts_wiring, inhibition_wiring, weights, initial_v, ll_spikes, mon_bg, ts_bg };

Random random_for(uint64_t seed, Purpose purpose) {
    return {splitmix64(splitmix64(seed + 0x9e3779b97f4a7c15u) ^ uint64_t(purpose) * 0xd1b54a32d192ed03u)};
}

// --------------------------------------------------------------------------------------------- cells
struct Layer {                                      // integrate-and-fire cells with g_e and g_i
    int n;
    Array v, g_e, g_i;
    Index held;                                     // steps for which v is still held
    Index found, spikes;                            // work space; cells that fired in this step
    int64_t n_spikes = 0;

    explicit Layer(int n) : n(n), v(n, E_L), g_e(n, 0.0), g_i(n, 0.0), held(n, 0), found(n) { spikes.reserve(n); }

    void update() {                                 // forward Euler; g decays in held cells too
        constexpr double leak = dt / tau_m, decay = 1.0 - dt / tau_s;
        double *V = v.data(), *E = g_e.data(), *I = g_i.data();
        int *H = held.data();
        const int size = n;                         // a copy: a store to H could change n
        for (int i = 0; i < size; ++i) {
            const double dv = leak * (E_L - V[i] + E[i] - I[i]);
            V[i] += H[i] > 0 ? 0.0 : dv;
            H[i] = std::max(H[i] - 1, 0);
            E[i] *= decay;
            I[i] *= decay;
        }
    }

    // A held cell sits at V_reset < V_th, so it needs no test of its own. Nothing after the threshold
    // reads v, so the reset is done here.
    void threshold() {
        const double* V = v.data();
        int *F = found.data(), count = 0;
        const int size = n;
        for (int i = 0; i < size; ++i) {            // without a branch: the spikes cannot be predicted
            F[count] = i;
            count += V[i] > V_th;
        }
        spikes.assign(found.begin(), found.begin() + count);
        for (int i : spikes) {
            v[i] = V_reset;
            held[i] = refractory_steps - 1;
        }
        n_spikes += int64_t(spikes.size());
    }
};

struct Background {                                 // one Poisson source per cell of a layer
    Random random;
    double scale, weight;
    int64_t next = -1;                              // next event, counted in cells from cell 0 of this step

    Background(uint64_t seed, Purpose purpose, double rate_hz, double weight)
        : random(random_for(seed, purpose)), scale(1.0 / std::log1p(-rate_hz * dt * 1e-3)), weight(weight) { jump(); }
    void jump() { next += 1 + int64_t(std::log(random.uniform_open()) * scale); }
    void deliver(Layer& layer) {
        for (; next < layer.n; jump()) layer.g_e[next] += weight;
        next -= layer.n;
    }
};

// --------------------------------------------------------------------------------------- projections
struct Projection {
    Index first, post;                              // outgoing: synapses of cell i are first[i] ... first[i + 1]
    Index in_first, in_syn, in_pre;                 // incoming: synapse and source, grouped by target
    Array w;

    Projection(const Index& pre, const Index& target, int n_pre, int n_post)
        : first(n_pre + 1, 0), post(pre.size()), in_first(n_post + 1, 0), in_syn(pre.size()),
          in_pre(pre.size()), w(pre.size()) {
        const int n = int(pre.size());
        for (int s = 0; s < n; ++s) { ++first[pre[s] + 1]; ++in_first[target[s] + 1]; }
        std::partial_sum(first.begin(), first.end(), first.begin());
        std::partial_sum(in_first.begin(), in_first.end(), in_first.begin());
        Index fill(first.begin(), first.end() - 1);
        for (int s = 0; s < n; ++s) post[fill[pre[s]]++] = target[s];
        fill.assign(in_first.begin(), in_first.end() - 1);
        for (int i = 0; i < n_pre; ++i)
            for (int s = first[i]; s < first[i + 1]; ++s) {
                const int q = fill[post[s]]++;
                in_syn[q] = s;
                in_pre[q] = i;
            }
    }

    Array sums(int n_post) const {                  // summed input of each target
        Array S(n_post, 0.0);
        for (size_t s = 0; s < w.size(); ++s) S[post[s]] += w[s];
        return S;
    }
};

double mean_of_positive(const Array& S) {
    double sum = 0.0;
    int n = 0;
    for (double x : S) if (x > 0.0) { sum += x; ++n; }
    return n ? sum / n : 0.0;
}

void homeostasis(Projection& p, Array S, double target, double eta, double wmax) {
    for (double& x : S) x = x > 1e-12 ? std::clamp(1.0 + eta * (target / x - 1.0), 0.9, 1.1) : 1.0;
    for (size_t s = 0; s < p.w.size(); ++s) p.w[s] = std::clamp(p.w[s] * S[p.post[s]], 0.0, wmax);
}

// Mixed wiring: every MON cell draws `degree` partners in a layer of n cells, a share of them around its
// own relative position (clipped at the ends), the rest anywhere. Duplicates are synapses of their own.
Index draw_partners(Random random, int n_mon, int degree, int n, double sigma) {
    const int n_topo = int(std::nearbyint(degree * topography));
    std::normal_distribution<double> normal(0.0, sigma);
    Index partner;
    for (int m = 0; m < n_mon; ++m) {
        const double centre = double(m) / (n_mon - 1) * (n - 1);
        for (int k = 0; k < degree; ++k)
            partner.push_back(k < n_topo
                ? int(std::clamp(std::nearbyint(centre + normal(random)), 0.0, double(n - 1)))
                : random.integer(n));
    }
    return partner;
}

Index mon_cells(int n_mon, int degree) {            // 0 0 0 ... 1 1 1 ...: the MON side of draw_partners
    Index cell(size_t(n_mon) * degree);
    for (size_t s = 0; s < cell.size(); ++s) cell[s] = int(s / degree);
    return cell;
}

std::vector<char> draw_subset(Random& random, int n, double p) {
    std::vector<char> member(n);
    for (char& m : member) m = random.uniform() < p;
    return member;
}

// ------------------------------------------------------------------------------------------ stimulus
void snapshot_rates(int64_t k, Array& spike_probability) {
    const int turn = int(k % (2 * n_ll)), at = turn < n_ll ? turn : 2 * n_ll - 1 - turn;
    const double X = body_length * at / (n_ll - 1), R3 = sphere_radius * sphere_radius * sphere_radius;
    for (int i = 0; i < n_ll; ++i) {
        const double dx = body_length * i / (n_ll - 1) - X, dy = -distance;
        const double rho2 = std::max(dx * dx + dy * dy, 1e-9);
        const double c = -0.5 * speed * R3 / (rho2 * rho2 * std::sqrt(rho2));
        const double v = c * (2.0 * dx * dx - dy * dy);                            // e_X = +1, axis along x
        spike_probability[i] = std::clamp(r0 + A_per_cm * v, 0.0, r_max) * dt * 1e-3;
    }
}

// ---------------------------------------------------------------------------------------- statistics
double mean(const Array& x) { return std::accumulate(x.begin(), x.end(), 0.0) / double(x.size()); }

// ------------------------------------------------------------------------------------------- network
struct Network {
    int n_mon;
    double mon_ts_G, mon_i_mon_w;                    // EPSPs of a MON spike, by the size of MON
    Layer mon, ts, i_mon, i_ts;
    Projection ll_mon, mon_ts;
    double ll_mon_target;                            // T, from initial weights
    std::vector<char> drives_i_mon, drives_i_ts;
    double kernel[lateral_radius];                   // zero at d = radius
    Array ll_plus, mon_minus, mon_plus, ts_minus;    // traces of LL -> MON and of MON -> TS
    double trace_decay = std::exp(-dt / tau_trace);
    Array ll_probability;
    Index ll_spikes_now;
    int64_t n_ll_spikes = 0, step = 0, trials = 0;
    Random random_ll;
    Background background_mon, background_ts;

    Network(uint64_t seed, int n_mon);
    void trial();
    void advance();
    void fire();
    void presynaptic();
    void inhibition();
    void postsynaptic();
    void rescale();
};

Network::Network(uint64_t seed, int n_mon)
    : n_mon(n_mon), mon_ts_G(mon_ts_gain * n_mon_calibrated / n_mon),
      mon_i_mon_w(mon_inh_drive * n_mon_calibrated / n_mon), mon(n_mon), ts(n_ts), i_mon(1), i_ts(1),
      ll_mon(draw_partners(random_for(seed, ll_mon_wiring), n_mon, ll_mon_in_degree, n_ll, ll_mon_sigma),
             mon_cells(n_mon, ll_mon_in_degree), n_ll, n_mon),
      mon_ts(mon_cells(n_mon, mon_ts_out_degree),
             draw_partners(random_for(seed, mon_ts_wiring), n_mon, mon_ts_out_degree, n_ts, mon_ts_sigma),
             n_mon, n_ts),
      ll_plus(n_ll, 0.0), mon_minus(n_mon, 0.0), mon_plus(n_mon, 0.0), ts_minus(n_ts, 0.0), ll_probability(n_ll),
      random_ll(random_for(seed, ll_spikes)), background_mon(seed, mon_bg, bg_rate_mon, bg_w_mon),
      background_ts(seed, ts_bg, bg_rate_ts, bg_w_ts) {
    Random random_v = random_for(seed, initial_v);
    for (double& v : mon.v) v = E_L + v_jitter * random_v.uniform();
    for (double& v : ts.v) v = E_L + v_jitter * random_v.uniform();
    Random random_w = random_for(seed, weights);
    for (double& w : ll_mon.w) w = ll_mon_w_init + ll_mon_w_jitter * random_w.uniform();
    for (double& w : mon_ts.w) w = mon_ts_w_init + mon_ts_w_jitter * random_w.uniform();
    ll_mon_target = mean_of_positive(ll_mon.sums(n_mon));
    Random random_inh = random_for(seed, inhibition_wiring);
    drives_i_mon = draw_subset(random_inh, n_mon, mon_inh_p);
    drives_i_ts = draw_subset(random_inh, n_ts, ts_inh_p);
    for (int d = 0; d < lateral_radius; ++d) kernel[d] = lateral_peak * (1.0 - double(d) / lateral_radius);
    ll_spikes_now.reserve(n_ll);
}

void Network::trial() {
    for (int k = 0; k < steps_per_trial; ++k, ++step) advance();
    if (++trials % homeo_every_trials == 0) rescale();
}

void Network::advance() {
    fire();
    presynaptic();
    inhibition();
    postsynaptic();
}

void Network::fire() {                               // state update and threshold
    if (step % hold_steps == 0) snapshot_rates(step / hold_steps, ll_probability);
    for (Layer* layer : {&mon, &ts, &i_mon, &i_ts}) {
        layer->update();
        layer->threshold();
    }
    ll_spikes_now.clear();
    for (int i = 0; i < n_ll; ++i)
        if (random_ll.uniform() < ll_probability[i]) ll_spikes_now.push_back(i);
    n_ll_spikes += int64_t(ll_spikes_now.size());
    for (Array* trace : {&ll_plus, &mon_minus, &mon_plus, &ts_minus})
        for (double& a : *trace) a *= trace_decay;
}

void Network::presynaptic() {                        // deliver the old weight, raise the source trace, depress
    background_mon.deliver(mon);
    background_ts.deliver(ts);
    for (int i : ll_spikes_now) {
        ll_plus[i] += ll_mon_apre;
        for (int s = ll_mon.first[i]; s < ll_mon.first[i + 1]; ++s) {
            const int j = ll_mon.post[s];
            const double w = ll_mon.w[s];
            mon.g_e[j] += w;
            ll_mon.w[s] = std::clamp(w + mon_minus[j] * w, 0.0, ll_mon_wmax);
        }
    }
    for (int i : mon.spikes) {
        mon_plus[i] += mon_ts_apre;
        for (int s = mon_ts.first[i]; s < mon_ts.first[i + 1]; ++s) {
            const int j = mon_ts.post[s];
            const double w = mon_ts.w[s];
            ts.g_e[j] += mon_ts_G * w;
            mon_ts.w[s] = std::clamp(w + ts_minus[j], 0.0, mon_ts_wmax);
        }
    }
}

void Network::inhibition() {
    for (int i : mon.spikes)
        if (drives_i_mon[i]) i_mon.g_e[0] += mon_i_mon_w;
    for (int i : ts.spikes) {
        for (int d = 1; d < lateral_radius; ++d) {
            const int up = i + d, down = i - d;
            ts.g_i[up < n_ts ? up : up - n_ts] += kernel[d];
            ts.g_i[down < 0 ? down + n_ts : down] += kernel[d];
        }
        if (drives_i_ts[i]) i_ts.g_e[0] += ts_inh_drive;
    }
    if (!i_mon.spikes.empty()) for (double& g : mon.g_i) g += inh_to_mon;
    if (!i_ts.spikes.empty()) for (double& g : ts.g_i) g += inh_to_ts;
}

void Network::postsynaptic() {                       // raise the target trace, potentiate
    for (int j : mon.spikes) {
        mon_minus[j] += ll_mon_apost;
        for (int q = ll_mon.in_first[j]; q < ll_mon.in_first[j + 1]; ++q) {
            double& w = ll_mon.w[ll_mon.in_syn[q]];
            w = std::clamp(w + ll_plus[ll_mon.in_pre[q]] * (ll_mon_wmax - w), 0.0, ll_mon_wmax);
        }
    }
    for (int j : ts.spikes) {
        ts_minus[j] += mon_ts_apost;
        for (int q = mon_ts.in_first[j]; q < mon_ts.in_first[j + 1]; ++q) {
            double& w = mon_ts.w[mon_ts.in_syn[q]];
            w = std::clamp(w + mon_plus[mon_ts.in_pre[q]], 0.0, mon_ts_wmax);
        }
    }
}

void Network::rescale() {
    homeostasis(ll_mon, ll_mon.sums(n_mon), ll_mon_target, ll_mon_homeo_eta, ll_mon_wmax);
    const Array S = mon_ts.sums(n_ts);
    homeostasis(mon_ts, S, mean_of_positive(S), mon_ts_homeo_eta, mon_ts_wmax);
}

// ----------------------------------------------------------------------------------------------- run
int main(int argc, char** argv) {
    const uint64_t seed = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 123;
    const int n_mon = argc > 2 ? std::atoi(argv[2]) : n_mon_calibrated;
    if (n_mon < 2) return std::fprintf(stderr, "usage: echo TRIALS | plain_loop [seed] [n_mon >= 2]\n"), 2;

    Network net(seed, n_mon);
    int64_t ll = 0, mon = 0, ts = 0;                 // spikes up to the request before
    return serve([&] { net.trial(); }, [&] {
        std::printf("\"ll_spikes\": %lld, \"mon_spikes\": %lld, \"ts_spikes\": %lld, "
                    "\"ll_mon_w_mean_mV\": %.5f, \"mon_ts_w_mean\": %.6f",
                    (long long)(net.n_ll_spikes - ll), (long long)(net.mon.n_spikes - mon),
                    (long long)(net.ts.n_spikes - ts), mean(net.ll_mon.w), mean(net.mon_ts.w));
        ll = net.n_ll_spikes, mon = net.mon.n_spikes, ts = net.ts.n_spikes;
    });
}
