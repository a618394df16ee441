// How a kernel comes to run with the instructions that the processor has. Swift can't give one function its own
// instruction set, C can: each body is compiled twice, and which one runs is decided when it is called.
#ifndef SIGNET_PROCESSOR_H
#define SIGNET_PROCESSOR_H

#include <stdatomic.h>
#include <stdbool.h>

#define INLINE static inline __attribute__((always_inline))

#if defined(__x86_64__)
#include <immintrin.h>
#define FAST __attribute__((target("avx2")))

// Whether there is AVX2. Asked once; several threads that ask at the same time get the same answer.
static inline bool is_fast(void) {
    static atomic_int known;
    int answer = atomic_load_explicit(&known, memory_order_relaxed);
    if (!answer) {
        __builtin_cpu_init();
        answer = __builtin_cpu_supports("avx2") ? 1 : -1;
        atomic_store_explicit(&known, answer, memory_order_relaxed);
    }
    return answer > 0;
}
#endif

#endif
