// Blending and filling of rows.
#include "CPixelKernels.h"
#include "processor.h"

#include <string.h>

// x * y / 255 for bytes, rounded: exact for all 65,536 pairs.
static inline uint32_t multiply(uint32_t x, uint32_t y) {
    uint32_t product = x * y + 0x80;
    return (product + (product >> 8)) >> 8;
}

static inline uint32_t over(uint32_t source, uint32_t target) {
    uint32_t rest = 255 - (source >> 24);
    uint32_t result = 0;
    for (int shift = 0; shift < 32; shift += 8) {
        uint32_t sum = ((source >> shift) & 0xff) + multiply((target >> shift) & 0xff, rest);
        // A client that didn't premultiply gets a bright pixel, not a carry into the next channel.
        result |= (sum > 255 ? 255 : sum) << shift;
    }
    return result;
}

static void over_row(void *target, const void *source, size_t pixels) {
    char *to = target;
    const char *from = source;
    for (size_t i = 0; i < pixels; i++) {
        uint32_t s, t;
        memcpy(&s, from + 4 * i, 4);
        memcpy(&t, to + 4 * i, 4);
        t = over(s, t);
        memcpy(to + 4 * i, &t, 4);
    }
}

void signet_over_row_portable(void *target, const void *source, size_t pixels, ptrdiff_t next) {
    (void)next;
    over_row(target, source, pixels);
}

#if defined(__x86_64__)

FAST static __m256i scaled(__m256i target, __m256i rest) {
    __m256i product = _mm256_add_epi16(_mm256_mullo_epi16(target, rest), _mm256_set1_epi16(0x80));
    return _mm256_mulhi_epu16(product, _mm256_set1_epi16(0x0101));
}

FAST static void over_row_fast(void *target, const void *source, size_t pixels, ptrdiff_t next) {
    const __m256i alpha_mask = _mm256_set1_epi32((int)0xff000000);
    // Spreads each pixel's alpha over its four 16-bit channels.
    const __m256i spread_low = _mm256_setr_epi8(3, -1, 3, -1, 3, -1, 3, -1, 7, -1, 7, -1, 7, -1, 7, -1, 3, -1, 3, -1, 3,
                                                -1, 3, -1, 7, -1, 7, -1, 7, -1, 7, -1);
    const __m256i spread_high = _mm256_setr_epi8(11, -1, 11, -1, 11, -1, 11, -1, 15, -1, 15, -1, 15, -1, 15, -1, 11, -1,
                                                 11, -1, 11, -1, 11, -1, 15, -1, 15, -1, 15, -1, 15, -1);
    const __m256i zero = _mm256_setzero_si256();
    const __m256i full = _mm256_set1_epi16(255);
    char *to = target;
    const char *from = source;
    size_t i = 0;
    for (; i + 8 <= pixels; i += 8) {
        // The processor foresees what is read within a page, and not from one row to the next.
        if (i % 16 == 0) __builtin_prefetch(to + 4 * i + next, 1);
        __m256i s = _mm256_loadu_si256((const __m256i *)(from + 4 * i));
        if (_mm256_testc_si256(s, alpha_mask)) {
            _mm256_storeu_si256((__m256i *)(to + 4 * i), s);
            continue;
        }
        if (_mm256_testz_si256(s, s)) continue;
        __m256i t = _mm256_loadu_si256((const __m256i *)(to + 4 * i));
        __m256i low = scaled(_mm256_unpacklo_epi8(t, zero), _mm256_sub_epi16(full, _mm256_shuffle_epi8(s, spread_low)));
        __m256i high =
            scaled(_mm256_unpackhi_epi8(t, zero), _mm256_sub_epi16(full, _mm256_shuffle_epi8(s, spread_high)));
        _mm256_storeu_si256((__m256i *)(to + 4 * i), _mm256_adds_epu8(s, _mm256_packus_epi16(low, high)));
    }
    over_row(to + 4 * i, from + 4 * i, pixels - i);
}
#endif

void signet_over_row(void *target, const void *source, size_t pixels, ptrdiff_t next) {
#if defined(__x86_64__)
    if (is_fast()) return over_row_fast(target, source, pixels, next);
#endif
    over_row(target, source, pixels);
}

void signet_fill_row(void *target, uint32_t value, size_t pixels) {
    char *to = target;
    for (size_t i = 0; i < pixels; i++) memcpy(to + 4 * i, &value, 4);
}
