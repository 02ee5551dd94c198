// What the two hand-written programs share: random numbers, and units of work that are run on request.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

using Array = std::vector<double>;
using Index = std::vector<int>;

inline uint64_t splitmix64(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

struct Random {                                     // also usable as generator of the standard library
    using result_type = uint64_t;
    uint64_t state;
    static constexpr uint64_t min() { return 0; }
    static constexpr uint64_t max() { return ~uint64_t(0); }
    uint64_t operator()() { return splitmix64(state += 0x9e3779b97f4a7c15u); }
    double uniform() { return double((*this)() >> 11) * 0x1.0p-53; }               // [0, 1)
    double uniform_open() { return double(((*this)() >> 11) + 1) * 0x1.0p-53; }    // (0, 1]
    int integer(int n) { return int(uniform() * n); }                              // 0 ... n - 1
};

// Each number on standard input is a number of units to go on with: runs them and answers with a line of JSON, in which
// `print_found` adds to the CPU seconds what came of it since the request before.
template <class Advance, class PrintFound> int serve(Advance advance, PrintFound print_found) {
    for (int n; std::scanf("%d", &n) == 1 && n > 0; std::fflush(stdout)) {
        const std::clock_t start = std::clock();
        for (int k = 0; k < n; ++k) advance();
        std::printf("{\"cpu_s\": %.6f, ", double(std::clock() - start) / CLOCKS_PER_SEC);
        print_found();
        std::printf("}\n");
    }
    return 0;
}
