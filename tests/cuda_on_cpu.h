// What a program of brian2cuda asks of CUDA, on a CPU: the threads of a kernel run one after the
// other, from the first to the last or, under $BACKWARDS, the other way round.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#define __CUDA_ARCH__ 900  // what belongs to the GPU is compiled, not what stands beside it
#define __global__
#define __device__
#define __host__
#define __shared__ static
#define __restrict

struct Place { int x = 0; };
inline Place threadIdx, blockIdx, blockDim, gridDim;
template <typename Kernel> void launch(int blocks, int threads, Kernel kernel)
{
    static const bool backwards = getenv("BACKWARDS");
    blockDim.x = threads;
    gridDim.x = blocks;
    for (int k = 0; k < blocks*threads; k++) {
        const int place = backwards ? blocks*threads - 1 - k : k;
        blockIdx.x = place/threads;
        threadIdx.x = place%threads;
        kernel();
    }
}
inline void __syncthreads() {}  // nothing that a thread reads was written by another one before it
inline void __threadfence() {}

template <typename T> T atomicAdd(T* at, T value) { T old = *at; *at += value; return old; }
template <typename T, typename A, typename V> T atomicCAS(T* at, A assumed, V value)
{
    const T old = *at;
    if (old == (T)assumed) *at = (T)value;
    return old;
}
template <typename To, typename From> To same_bits(From value)
{
    To to;
    std::memcpy(&to, &value, sizeof(to));
    return to;
}
inline long long __double_as_longlong(double x) { return same_bits<long long>(x); }
inline double __longlong_as_double(long long x) { return same_bits<double>(x); }
inline int __float_as_int(float x) { return same_bits<int>(x); }
inline float __int_as_float(int x) { return same_bits<float>(x); }

using cudaError = int;
using cudaError_t = int;
enum { cudaSuccess, cudaLimitMallocHeapSize };
enum cudaMemcpyKind { cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost, cudaMemcpyDeviceToDevice };
struct cudaDeviceProp {
    int multiProcessorCount = 2, maxThreadsPerBlock = 64, maxThreadsPerMultiProcessor = 128;
    int sharedMemPerBlock = 1 << 14, warpSize = 32;
};
struct cudaFuncAttributes {
    int maxThreadsPerBlock = 64, numRegs = 0;
    size_t sharedSizeBytes = 0, localSizeBytes = 0, constSizeBytes = 0;
};
inline int cudaMalloc(void** at, size_t bytes) { *at = malloc(bytes); std::memset(*at, 0xff, bytes); return 0; }
inline int cudaFree(void* at) { free(at); return 0; }
inline int cudaMemcpy(void* to, const void* from, size_t bytes, cudaMemcpyKind)
{
    if (bytes) std::memcpy(to, from, bytes);
    return 0;
}
inline int cudaMemset(void* at, int value, size_t bytes) { std::memset(at, value, bytes); return 0; }
template <typename T> int cudaMemcpyToSymbol(T& symbol, const void* from, size_t bytes)
{
    std::memcpy((void*)&symbol, from, bytes);
    return 0;
}
inline int cudaMemGetInfo(size_t* free, size_t* total) { *free = *total = size_t(1) << 30; return 0; }
inline int cudaGetDeviceProperties(cudaDeviceProp* p, int) { *p = {}; return 0; }
template <typename F> int cudaFuncGetAttributes(cudaFuncAttributes* a, F) { *a = {}; return 0; }
template <typename F> int cudaOccupancyMaxPotentialBlockSize(int* blocks, int* threads, F, int, int)
{
    *blocks = 2;
    *threads = 32;
    return 0;
}
template <typename F>
int cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, F, int, size_t) { return !(*blocks = 1); }
inline int cudaSetDevice(int) { return 0; }
inline int cudaDeviceSetLimit(int, size_t) { return 0; }
inline int cudaDeviceSynchronize() { return 0; }
inline int cudaProfilerStop() { return 0; }
inline int cudaGetLastError() { return 0; }
inline const char* cudaGetErrorString(int) { return "an error"; }

enum curandStatus_t { CURAND_STATUS_SUCCESS };
inline const char* _curandGetErrorEnum(curandStatus_t) { return "an error"; }
struct curandState {};
using curandGenerator_t = int;
enum { CURAND_RNG_PSEUDO_DEFAULT };
template <typename... T> curandStatus_t no_curand(T...) { return CURAND_STATUS_SUCCESS; }
#define curandCreateGenerator no_curand
#define curandDestroyGenerator no_curand
#define curandSetPseudoRandomGeneratorSeed no_curand
#define curandSetGeneratorOffset no_curand
#define curandGenerateUniformDouble no_curand
#define curandGenerateNormalDouble no_curand
#define curandGeneratePoisson no_curand
template <typename... T> void curand_init(T...) {}

namespace thrust {
template <typename T> using host_vector = std::vector<T>;
template <typename T> using device_vector = std::vector<T>;
template <typename T> T* raw_pointer_cast(T* at) { return at; }
}
