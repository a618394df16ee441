// Scaling, mirroring and turning: what is done for each pixel, or each row.
#include "CPixelKernels.h"
#include "processor.h"

#include <string.h>

INLINE uint32_t load(const char *from, size_t index) {
    uint32_t value;
    memcpy(&value, from + 4 * index, 4);
    return value;
}

INLINE void store(char *to, size_t index, uint32_t value) { memcpy(to + 4 * index, &value, 4); }

// MARK: Whole pixels

INLINE void enlarge(char *restrict to, const char *restrict from, size_t factor, size_t skip, size_t pixels) {
    size_t i = 0, source = 0;
    for (; i < pixels && skip; source++) {
        const uint32_t value = load(from, source);
        for (; skip < factor && i < pixels; skip++) store(to, i++, value);
        skip = 0;
    }
    if (factor == 2) {
        for (; i + 2 <= pixels; i += 2) {
            const uint32_t value = load(from, source++);
            store(to, i, value);
            store(to, i + 1, value);
        }
    } else if (factor == 3) {
        for (; i + 3 <= pixels; i += 3) {
            const uint32_t value = load(from, source++);
            store(to, i, value);
            store(to, i + 1, value);
            store(to, i + 2, value);
        }
    }
    while (i < pixels) {
        const uint32_t value = load(from, source++);
        for (size_t k = 0; k < factor && i < pixels; k++) store(to, i++, value);
    }
}

INLINE void mirror(char *restrict to, const char *restrict from, size_t pixels) {
    for (size_t i = 0; i < pixels; i++) store(to, i, load(from, pixels - 1 - i));
}

INLINE void transpose(char *restrict to, ptrdiff_t to_stride, const char *restrict from, ptrdiff_t from_stride,
                      size_t columns, size_t rows) {
    for (size_t y = 0; y < rows; y++) {
        for (size_t x = 0; x < columns; x++) {
            store(to + (ptrdiff_t)x * to_stride, y, load(from + (ptrdiff_t)y * from_stride, x));
        }
    }
}

// MARK: Interpolation

// Each channel of four neighbours, added up and divided by four.
INLINE uint32_t average(uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
    const uint32_t mask = 0x00ff00ff;
    const uint32_t even = ((a & mask) + (b & mask) + (c & mask) + (d & mask)) >> 2 & mask;
    const uint32_t odd =
        ((a >> 8 & mask) + (b >> 8 & mask) + (c >> 8 & mask) + (d >> 8 & mask)) >> 2 & mask;
    return odd << 8 | even;
}

INLINE void halve(char *restrict to, const char *upper, const char *lower, size_t pixels) {
    for (size_t i = 0; i < pixels; i++) {
        store(to, i, average(load(upper, 2 * i), load(upper, 2 * i + 1), load(lower, 2 * i), load(lower, 2 * i + 1)));
    }
}

INLINE void mix(uint16_t *restrict to, const uint8_t *upper, const uint8_t *lower, unsigned weight, size_t pixels) {
    const uint16_t below = (uint16_t)weight, above = (uint16_t)(SIGNET_MIX_WHOLE - weight);
    for (size_t i = 0; i < 4 * pixels; i++) to[i] = (uint16_t)(upper[i] * above + lower[i] * below);
}

INLINE void sample(char *restrict to, const uint16_t *mixed, const uint32_t *pixels, const uint32_t *weights,
                   size_t count) {
    for (size_t i = 0; i < count; i++) {
        const uint16_t *left = mixed + 4 * (size_t)pixels[i];
        uint32_t result = 0;
        for (int channel = 0; channel < 4; channel++) {
            const uint32_t sum = left[channel] * (weights[i] & 0xffff) + left[channel + 4] * (weights[i] >> 16);
            result |= (sum >> 14) << (8 * channel);
        }
        store(to, i, result);
    }
}

#if defined(__x86_64__)

FAST static void enlarge_fast(void *target, const void *source, size_t factor, size_t skip, size_t pixels) {
    char *to = target;
    const char *from = source;
    if (factor == 2 && skip == 0) {
        size_t i = 0;
        for (; i + 16 <= pixels; i += 16, from += 32) {
            const __m256i pixels8 = _mm256_permute4x64_epi64(_mm256_loadu_si256((const __m256i *)from), 0xd8);
            _mm256_storeu_si256((__m256i *)(to + 4 * i), _mm256_unpacklo_epi32(pixels8, pixels8));
            _mm256_storeu_si256((__m256i *)(to + 4 * i + 32), _mm256_unpackhi_epi32(pixels8, pixels8));
        }
        return enlarge(to + 4 * i, from, 2, 0, pixels - i);
    }
    enlarge(to, from, factor, skip, pixels);
}

FAST static void mirror_fast(void *target, const void *source, size_t pixels) {
    char *to = target;
    const char *from = source;
    const __m256i order = _mm256_setr_epi32(7, 6, 5, 4, 3, 2, 1, 0);
    size_t i = 0;
    for (; i + 8 <= pixels; i += 8) {
        const __m256i eight = _mm256_loadu_si256((const __m256i *)(from + 4 * (pixels - i - 8)));
        _mm256_storeu_si256((__m256i *)(to + 4 * i), _mm256_permutevar8x32_epi32(eight, order));
    }
    mirror(to + 4 * i, from, pixels - i);
}

// Eight by eight pixels at a time.
FAST static void transpose_fast(void *target, ptrdiff_t to_stride, const void *source, ptrdiff_t from_stride,
                                size_t columns, size_t rows) {
    char *to = target;
    const char *from = source;
    size_t y = 0;
    for (; y + 8 <= rows; y += 8) {
        size_t x = 0;
        for (; x + 8 <= columns; x += 8) {
            __m256i r[8], t[8];
            for (int k = 0; k < 8; k++) {
                r[k] = _mm256_loadu_si256((const __m256i *)(from + (ptrdiff_t)(y + (size_t)k) * from_stride + 4 * x));
            }
            for (int k = 0; k < 8; k += 2) {
                t[k] = _mm256_unpacklo_epi32(r[k], r[k + 1]);
                t[k + 1] = _mm256_unpackhi_epi32(r[k], r[k + 1]);
            }
            for (int k = 0; k < 8; k += 4) {
                r[k] = _mm256_unpacklo_epi64(t[k], t[k + 2]);
                r[k + 1] = _mm256_unpackhi_epi64(t[k], t[k + 2]);
                r[k + 2] = _mm256_unpacklo_epi64(t[k + 1], t[k + 3]);
                r[k + 3] = _mm256_unpackhi_epi64(t[k + 1], t[k + 3]);
            }
            for (int k = 0; k < 4; k++) {
                char *column = to + (ptrdiff_t)(x + (size_t)k) * to_stride + 4 * y;
                _mm256_storeu_si256((__m256i *)column, _mm256_permute2x128_si256(r[k], r[k + 4], 0x20));
                _mm256_storeu_si256((__m256i *)(column + 4 * to_stride),
                                    _mm256_permute2x128_si256(r[k], r[k + 4], 0x31));
            }
        }
        transpose(to + (ptrdiff_t)x * to_stride + 4 * y, to_stride, from + (ptrdiff_t)y * from_stride + 4 * x,
                  from_stride, columns - x, 8);
    }
    transpose(to + 4 * y, to_stride, from + (ptrdiff_t)y * from_stride, from_stride, columns, rows - y);
}

FAST static void halve_fast(void *target, const void *upper, const void *lower, size_t pixels) {
    char *to = target;
    const char *above = upper, *below = lower;
    // The same channel of two neighbours side by side, to be added.
    const __m256i pairs = _mm256_setr_epi8(0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15, 0, 4, 1, 5, 2, 6, 3, 7,
                                           8, 12, 9, 13, 10, 14, 11, 15);
    const __m256i ones = _mm256_set1_epi8(1);
    size_t i = 0;
    for (; i + 8 <= pixels; i += 8) {
        __m256i sums[2];
        for (int k = 0; k < 2; k++) {
            const size_t at = 8 * i + 32 * (size_t)k;
            const __m256i u = _mm256_shuffle_epi8(_mm256_loadu_si256((const __m256i *)(above + at)), pairs);
            const __m256i l = _mm256_shuffle_epi8(_mm256_loadu_si256((const __m256i *)(below + at)), pairs);
            const __m256i sum = _mm256_add_epi16(_mm256_maddubs_epi16(u, ones), _mm256_maddubs_epi16(l, ones));
            sums[k] = _mm256_srli_epi16(sum, 2);
        }
        const __m256i result = _mm256_permute4x64_epi64(_mm256_packus_epi16(sums[0], sums[1]), 0xd8);
        _mm256_storeu_si256((__m256i *)(to + 4 * i), result);
    }
    halve(to + 4 * i, above + 8 * i, below + 8 * i, pixels - i);
}

FAST static void mix_fast(uint16_t *to, const uint8_t *upper, const uint8_t *lower, unsigned weight, size_t pixels) {
    const __m256i below = _mm256_set1_epi16((short)weight);
    const __m256i above = _mm256_set1_epi16((short)(SIGNET_MIX_WHOLE - weight));
    size_t i = 0;
    for (; i + 4 <= pixels; i += 4) {
        const __m256i u = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(upper + 4 * i)));
        const __m256i l = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(lower + 4 * i)));
        const __m256i sum = _mm256_add_epi16(_mm256_mullo_epi16(u, above), _mm256_mullo_epi16(l, below));
        _mm256_storeu_si256((__m256i *)(to + 4 * i), sum);
    }
    mix(to + 4 * i, upper + 4 * i, lower + 4 * i, weight, pixels - i);
}

FAST static inline __m256i two_at(const uint16_t *mixed, const uint32_t *pixels) {
    const __m128i first = _mm_loadu_si128((const __m128i *)(mixed + 4 * (size_t)pixels[0]));
    const __m128i second = _mm_loadu_si128((const __m128i *)(mixed + 4 * (size_t)pixels[1]));
    return _mm256_inserti128_si256(_mm256_castsi128_si256(first), second, 1);
}

FAST static void sample_fast(void *target, const uint16_t *mixed, const uint32_t *pixels, const uint32_t *weights,
                             size_t count) {
    char *to = target;
    // Left and right, each channel beside the other, to be multiplied by their weights and added up.
    const __m256i order = _mm256_setr_epi8(0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15, 0, 1, 8, 9, 2, 3, 10,
                                           11, 4, 5, 12, 13, 6, 7, 14, 15);
    // Which of four pixels' weights go to the four channels of two.
    const __m256i lower = _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1);
    const __m256i upper = _mm256_setr_epi32(2, 2, 2, 2, 3, 3, 3, 3);
    size_t i = 0;
    for (; i + 4 <= count; i += 4) {
        const __m256i all = _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(weights + i)));
        __m256i low = _mm256_shuffle_epi8(two_at(mixed, pixels + i), order);
        __m256i high = _mm256_shuffle_epi8(two_at(mixed, pixels + i + 2), order);
        low = _mm256_srli_epi32(_mm256_madd_epi16(low, _mm256_permutevar8x32_epi32(all, lower)), 14);
        high = _mm256_srli_epi32(_mm256_madd_epi16(high, _mm256_permutevar8x32_epi32(all, upper)), 14);
        // Pixels 0 and 2, and then 1 and 3.
        const __m256i words = _mm256_packus_epi32(low, high);
        const __m256i bytes = _mm256_packus_epi16(words, words);
        const __m128i even = _mm256_castsi256_si128(bytes), odd = _mm256_extracti128_si256(bytes, 1);
        _mm_storeu_si128((__m128i *)(to + 4 * i), _mm_unpacklo_epi32(even, odd));
    }
    sample(to + 4 * i, mixed, pixels + i, weights + i, count - i);
}

#define CHOOSE(kernel, ...) \
    if (is_fast()) return kernel##_fast(__VA_ARGS__)
#else
#define CHOOSE(kernel, ...)
#endif

#define KERNEL(kernel, parameters, ...)                                    \
    void signet_##kernel##_portable parameters { kernel(__VA_ARGS__); }    \
    void signet_##kernel parameters {                                      \
        CHOOSE(kernel, __VA_ARGS__);                                       \
        kernel(__VA_ARGS__);                                               \
    }

KERNEL(enlarge, (void *target, const void *source, size_t factor, size_t skip, size_t pixels), target, source, factor,
       skip, pixels)
KERNEL(mirror, (void *target, const void *source, size_t pixels), target, source, pixels)
KERNEL(transpose,
       (void *target, ptrdiff_t target_stride, const void *source, ptrdiff_t source_stride, size_t columns,
        size_t rows),
       target, target_stride, source, source_stride, columns, rows)
KERNEL(halve, (void *target, const void *upper, const void *lower, size_t pixels), target, upper, lower, pixels)
KERNEL(mix, (uint16_t *target, const void *upper, const void *lower, unsigned weight, size_t pixels), target, upper,
       lower, weight, pixels)
KERNEL(sample,
       (void *target, const uint16_t *mixed, const uint32_t *pixels, const uint32_t *weights, size_t count), target,
       mixed, pixels, weights, count)

void signet_find(uint32_t *restrict pixels, uint32_t *restrict weights, int64_t position, int64_t step, size_t count) {
    for (size_t i = 0; i < count; i++, position += step) {
        const uint32_t weight = (uint32_t)(position >> (32 - 7)) & (SIGNET_MIX_WHOLE - 1);
        pixels[i] = (uint32_t)(position >> 32);
        weights[i] = weight << 16 | (SIGNET_MIX_WHOLE - weight);
    }
}
