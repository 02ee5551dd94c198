// The cube of cells that follow a moving dot, as a plain hand-written C++ program.
//
// The yardstick for generated code: the loop a competent engineer writes for exactly this model (adaptation, a
// refractory hold, Hebb one step later, no noise, no readout), without intrinsics and without dependencies.
//
//   g++ -O3 -march=native -ffast-math -std=c++17 plain_cube.cpp -o plain_cube
//   echo 1000 | ./plain_cube waves|quiet n seed x y vx vy
//
// Each number on standard input is a number of steps to go on with, and is answered by a line of JSON. The dot starts
// at column x, row y with vx, vy pixels a move; n is the number of cells along each of the three sides.
//
// How it works
//   * the lattice has a rim, one cell thick all around, of cells that never fire: no link needs to ask whether it
//     leaves the cube. Links need no index: a direction is a fixed distance in memory.
//   * the weights of a cell's links lie side by side; a spike delivers them, and one step later they are judged by
//     which of their targets fired in that step.
//   * one step is: dot, input, leak, what came in, thresholds, resets, learning, delivery. What is delivered in step
//     t arrives in step t + 1.
// All quantities of the cells are pure numbers; a time is a number of steps. Double precision throughout.

#include <cstring>

#include "plain.h"

// ---------------------------------------------------------------------------------------- parameters
struct Preset {
    double w_fwd, w_lat, w_back;                     // base weights; no links where the weight is 0
    bool learn_lat;
    double w_max, eta, decay, jitter;
    double input_gain, rho, bias, lamb;              // the bias falls by e over lamb layers; 0: it does not fall
    int tau_ref, ratio;                              // steps of the hold, steps per move of the dot
    double v_ref, tau_adapt, d_theta, theta0;
};
constexpr Preset waves = {1.0, 1.0, 1.0, true, 1.2, 0.01, 0.0005, 0.2, 1.0, 0.85, 0.02, 0.0, 2, 1, -1.0, 40.0, 0.25, 1.0};
constexpr Preset quiet = {1.3, 0.35, 0.0, false, 1.6, 0.01, 0.001, 0.2, 4.5, 0.82, 0.032, 14.0, 3, 8, -1.0, 40.0, 0.23, 1.0};

constexpr int forever = 2147483647;

struct Dot { int x, y, vx, vy; };

// ---------------------------------------------------------------------------------------------- cube
struct Cube {
    Preset p;
    int n, side, n_cells;                            // side and n_cells with the rim
    Index offset;                                    // distance to the target, by direction; those that learn first
    int n_learning = 0;
    Array w;                                         // offset.size() weights a cell
    Array v, a, arriving, rest;
    Index held;                                      // steps for which v is still held
    std::vector<char> fired;                         // in the last step, or in this one
    Index found, before, now;                        // work space; who fired in the last step, and in this one
    Dot dot;
    int64_t step = 0, n_spikes = 0;

    Cube(const Preset& p, int n, uint64_t seed, Dot dot)
        : p(p), n(n), side(n + 2), n_cells(side * side * side), v(n_cells, 0.0),
          a(n_cells, 0.0), arriving(n_cells, 0.0), rest(n_cells, 0.0), held(n_cells, forever),
          fired(n_cells, 0), found(n_cells), dot(dot) {
        const int plane = side * side;
        Array bases;
        link(p.w_fwd, plane, true, bases);
        link(p.w_back, -plane, true, bases);
        for (int distance : {1, -1, side, -side}) link(p.w_lat, distance, p.learn_lat, bases);
        draw_weights(seed, bases);
        for (int z = 0; z < n; ++z)
            for (int y = 0; y < n; ++y)
                for (int x = 0; x < n; ++x) {
                    held[cell(x, y, z)] = 0;             // the rim stays held
                    rest[cell(x, y, z)] = (p.lamb > 0 ? p.bias * std::exp(-z / p.lamb) : p.bias) / (1.0 - p.rho);
                }
    }

    void link(double base, int distance, bool learns, Array& bases) {
        if (base == 0.0) return;
        offset.push_back(distance);
        bases.push_back(base);
        n_learning += learns;
    }

    void draw_weights(uint64_t seed, const Array& bases) {
        Random random{seed};
        w.resize(size_t(n_cells) * bases.size());
        for (size_t s = 0; s < w.size(); ++s)
            w[s] = bases[s % bases.size()] * (1.0 - p.jitter + 2.0 * p.jitter * random.uniform());
    }

    void advance() {
        if (step % p.ratio == 0) move();
        arriving[cell(dot.x, dot.y, 0)] += p.input_gain;
        update();
        threshold();
        learn();
        deliver();
        ++step;
    }

    void move() {
        dot.x += dot.vx;
        dot.y += dot.vy;
        if (dot.x < 0 || dot.x > n - 1) { dot.vx = -dot.vx; dot.x += 2 * dot.vx; }
        if (dot.y < 0 || dot.y > n - 1) { dot.vy = -dot.vy; dot.y += 2 * dot.vy; }
    }

    void update() {                                // leak and adaptation, then what came in
        const double rho = p.rho, v_ref = p.v_ref, keep = 1.0 - 1.0 / p.tau_adapt;
        const int size = n_cells;
        double *V = v.data(), *A = a.data(), *I = arriving.data();
        const double* R = rest.data();
        int* H = held.data();
        for (int c = 0; c < size; ++c) {
            const double free = R[c] + (V[c] - R[c]) * rho + I[c];
            V[c] = H[c] > 0 ? v_ref : free;
            H[c] = std::max(H[c] - 1, 0);
            A[c] *= keep;
            I[c] = 0.0;
        }
    }

    void threshold() {
        const double *V = v.data(), *A = a.data(), theta0 = p.theta0;
        const double jump = p.d_theta / (1.0 - 1.0 / p.tau_adapt);    // it decays once before it counts
        int *F = found.data(), count = 0;
        const int size = n_cells;
        for (int c = 0; c < size; ++c) {                 // without a branch: the spikes cannot be predicted
            F[count] = c;
            count += V[c] >= theta0 + A[c];
        }
        std::swap(before, now);
        now.assign(found.begin(), found.begin() + count);
        for (int c : before) fired[c] = 0;
        for (int c : now) {
            v[c] = 0.0;
            a[c] += jump;
            held[c] = p.tau_ref;
            fired[c] = 1;
        }
        n_spikes += count;
    }

    void learn() {                                 // did the targets of the last step's spikes fire in this one?
        const int n_links = int(offset.size());
        for (int c : before) {
            double* W = &w[size_t(c) * n_links];
            for (int k = 0; k < n_learning; ++k)
                W[k] = std::clamp(W[k] + (fired[c + offset[k]] ? p.eta : -p.decay), 0.0, p.w_max);
        }
    }

    void deliver() {
        const int n_links = int(offset.size());
        for (int c : now) {
            const double* W = &w[size_t(c) * n_links];
            for (int k = 0; k < n_links; ++k) arriving[c + offset[k]] += W[k];
        }
    }

    int cell(int x, int y, int z) const { return ((z + 1) * side + y + 1) * side + x + 1; }
};

// ----------------------------------------------------------------------------------------------- run
int main(int argc, char** argv) {
    if (argc != 8) return std::fprintf(stderr, "usage: echo STEPS | plain_cube waves|quiet n seed x y vx vy\n"), 2;
    const Preset& preset = std::strcmp(argv[1], "waves") ? quiet : waves;
    int number[6];
    for (int k = 0; k < 6; ++k) number[k] = std::atoi(argv[k + 2]);
    Cube cube(preset, number[0], uint64_t(number[1]), {number[2], number[3], number[4], number[5]});

    int64_t before = 0;                              // spikes up to the request before
    return serve([&] { cube.advance(); }, [&] {
        std::printf("\"cells_spikes\": %lld", (long long)(cube.n_spikes - before));
        before = cube.n_spikes;
    });
}
