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

INLINE void interpolate(char *restrict to, const char *upper, const char *lower, unsigned weight,
                        const struct signet_tap *taps, size_t count) {
    const int32_t below = (int32_t)weight, above = (int32_t)(SIGNET_WHOLE_WEIGHT - weight);
    for (size_t i = 0; i < count; i++) {
        const uint8_t *u = (const uint8_t *)upper + 4 * (size_t)taps[i].pixel;
        const uint8_t *l = (const uint8_t *)lower + 4 * (size_t)taps[i].pixel;
        uint32_t result = 0;
        for (int channel = 0; channel < 4; channel++) {
            const int32_t high = u[channel] * taps[i].left + u[channel + 4] * taps[i].right;
            const int32_t low = l[channel] * taps[i].left + l[channel + 4] * taps[i].right;
            result |= (uint32_t)(-high * above - low * below) >> 14 << (8 * channel);
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

// Eight pixels from sixteen of each row.
FAST static inline __m256i halved(const char *above, const char *below) {
    // The same channel of two neighbours side by side, to be added.
    const __m256i pairs = _mm256_setr_epi8(0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15, 0, 4, 1, 5, 2, 6, 3, 7,
                                           8, 12, 9, 13, 10, 14, 11, 15);
    const __m256i ones = _mm256_set1_epi8(1);
    __m256i sums[2];
    for (int k = 0; k < 2; k++) {
        const __m256i u = _mm256_shuffle_epi8(_mm256_loadu_si256((const __m256i *)(above + 32 * k)), pairs);
        const __m256i l = _mm256_shuffle_epi8(_mm256_loadu_si256((const __m256i *)(below + 32 * k)), pairs);
        const __m256i sum = _mm256_add_epi16(_mm256_maddubs_epi16(u, ones), _mm256_maddubs_epi16(l, ones));
        sums[k] = _mm256_srli_epi16(sum, 2);
    }
    return _mm256_permute4x64_epi64(_mm256_packus_epi16(sums[0], sums[1]), 0xd8);
}

FAST static void halve_fast(void *target, const void *upper, const void *lower, size_t pixels, ptrdiff_t next) {
    char *to = target;
    const char *above = upper, *below = lower;
    size_t i = 0;
    for (; i + 16 <= pixels; i += 16) {
        // The processor foresees what is read within a page, and not from one row to the next.
        for (size_t k = 0; k < 128; k += 64) {
            _mm_prefetch(above + 8 * i + k + next, _MM_HINT_T0);
            _mm_prefetch(below + 8 * i + k + next, _MM_HINT_T0);
        }
        _mm256_storeu_si256((__m256i *)(to + 4 * i), halved(above + 8 * i, below + 8 * i));
        _mm256_storeu_si256((__m256i *)(to + 4 * i + 32), halved(above + 8 * i + 64, below + 8 * i + 64));
    }
    halve(to + 4 * i, above + 8 * i, below + 8 * i, pixels - i);
}

// Pixels of a row and their right neighbours, as four taps say: each channel's two side by side.
FAST static inline __m256i wide_pairs(const char *row, const struct signet_tap *taps) {
    const char *places[4];
    for (int k = 0; k < 4; k++) places[k] = row + 4 * (size_t)taps[k].pixel;
    const __m128i first = _mm_loadl_epi64((const __m128i *)places[0]);
    const __m128i second = _mm_loadl_epi64((const __m128i *)places[1]);
    const __m128i third = _mm_loadl_epi64((const __m128i *)places[2]);
    const __m128i fourth = _mm_loadl_epi64((const __m128i *)places[3]);
    return _mm256_set_m128i(_mm_unpacklo_epi64(third, fourth), _mm_unpacklo_epi64(first, second));
}

// Upper and lower rows' sums, which are both below zero, become pixels: two in each half, as 16-bit channels.
FAST static inline __m256i weighed(__m256i upper, __m256i lower, __m256i weights) {
    const __m256i low = _mm256_madd_epi16(_mm256_unpacklo_epi16(upper, lower), weights);
    const __m256i high = _mm256_madd_epi16(_mm256_unpackhi_epi16(upper, lower), weights);
    return _mm256_packus_epi32(_mm256_srli_epi32(low, 14), _mm256_srli_epi32(high, 14));
}

FAST static void interpolate_fast(void *target, const void *upper, const void *lower, size_t columns, unsigned weight,
                                  const struct signet_tap *taps, size_t count, ptrdiff_t next) {
    char *to = target;
    const char *above = upper, *below = lower;
    // The same channel of two neighbours side by side.
    const __m256i channels = _mm256_setr_epi8(0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15, 0, 4, 1, 5, 2, 6, 3,
                                              7, 8, 12, 9, 13, 10, 14, 11, 15);
    // Of two taps in each half: both weights for each channel, and the places of both pixels.
    const __m256i weights = _mm256_setr_epi8(4, 5, 4, 5, 4, 5, 4, 5, 12, 13, 12, 13, 12, 13, 12, 13, 4, 5, 4, 5, 4, 5,
                                             4, 5, 12, 13, 12, 13, 12, 13, 12, 13);
    const __m256i places = _mm256_setr_epi8(6, -1, -1, -1, 7, -1, -1, -1, 14, -1, -1, -1, 15, -1, -1, -1, 6, -1, -1, -1,
                                            7, -1, -1, -1, 14, -1, -1, -1, 15, -1, -1, -1);
    const uint32_t upper_weight = (uint16_t)(weight - SIGNET_WHOLE_WEIGHT), lower_weight = (uint16_t)-weight;
    const __m256i rows = _mm256_set1_epi32((int)(lower_weight << 16 | upper_weight));
    size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        __m256i halves[2];
        for (size_t k = 0; k < 2; k++) {
            const struct signet_tap *four = taps + i + 4 * k;
            const uint32_t first = four[0].pixel < four[3].pixel ? four[0].pixel : four[3].pixel;
            const uint32_t last = four[0].pixel < four[3].pixel ? four[3].pixel : four[0].pixel;
            const char *u = above + 4 * (size_t)first, *l = below + 4 * (size_t)first;
            // See halve_fast().
            _mm_prefetch(u + next, _MM_HINT_T0);
            _mm_prefetch(l + next, _MM_HINT_T0);
            __m256i high, low;
            const __m256i all = _mm256_loadu_si256((const __m256i *)four);
            if (last - first <= 6 && (size_t)first + 8 <= columns) {
                const __m256i order = _mm256_shuffle_epi8(all, places);
                high = _mm256_permutevar8x32_epi32(_mm256_loadu_si256((const __m256i *)u), order);
                low = _mm256_permutevar8x32_epi32(_mm256_loadu_si256((const __m256i *)l), order);
            } else {
                high = wide_pairs(above, four);
                low = wide_pairs(below, four);
            }
            const __m256i columns4 = _mm256_shuffle_epi8(all, weights);
            high = _mm256_maddubs_epi16(_mm256_shuffle_epi8(high, channels), columns4);
            low = _mm256_maddubs_epi16(_mm256_shuffle_epi8(low, channels), columns4);
            halves[k] = weighed(high, low, rows);
        }
        // Pixels 0, 1, 4, 5, and then 2, 3, 6, 7.
        const __m256i bytes = _mm256_packus_epi16(halves[0], halves[1]);
        _mm256_storeu_si256((__m256i *)(to + 4 * i), _mm256_permute4x64_epi64(bytes, 0xd8));
    }
    interpolate(to + 4 * i, above, below, weight, taps + i, count - i);
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

// Those that are told where the next row is, to have it fetched meanwhile.
void signet_halve_portable(void *target, const void *upper, const void *lower, size_t pixels, ptrdiff_t next) {
    (void)next;
    halve(target, upper, lower, pixels);
}

void signet_halve(void *target, const void *upper, const void *lower, size_t pixels, ptrdiff_t next) {
    CHOOSE(halve, target, upper, lower, pixels, next);
    signet_halve_portable(target, upper, lower, pixels, next);
}

void signet_interpolate_portable(void *target, const void *upper, const void *lower, size_t columns, unsigned weight,
                                 const struct signet_tap *taps, size_t count, ptrdiff_t next) {
    (void)columns;
    (void)next;
    interpolate(target, upper, lower, weight, taps, count);
}

void signet_interpolate(void *target, const void *upper, const void *lower, size_t columns, unsigned weight,
                        const struct signet_tap *taps, size_t count, ptrdiff_t next) {
    CHOOSE(interpolate, target, upper, lower, columns, weight, taps, count, next);
    signet_interpolate_portable(target, upper, lower, columns, weight, taps, count, next);
}

// Where pixels are from the first of four taps on, which are loaded together.
static void place(struct signet_tap *taps, size_t count) {
    for (size_t i = 0; i + 4 <= count; i += 4) {
        const uint32_t one = taps[i].pixel, other = taps[i + 3].pixel, first = one < other ? one : other;
        for (size_t k = i; k < i + 4; k++) {
            taps[k].place = (uint8_t)(taps[k].pixel - first);
            taps[k].next_place = (uint8_t)(taps[k].place + 1);
        }
    }
}

INLINE void set_weight(struct signet_tap *tap, int right) {
    tap->right = (int8_t)-right;
    tap->left = (int8_t)(right - SIGNET_WHOLE_WEIGHT);
}

INLINE int weight(int64_t position) { return (int)(position >> (32 - 7) & (SIGNET_WHOLE_WEIGHT - 1)); }

void signet_find(struct signet_tap *taps, int64_t position, int64_t step, size_t count, size_t columns) {
    const int64_t last = (int64_t)columns - 2;
    for (size_t i = 0; i < count; i++, position += step) {
        const int64_t pixel = position >> 32;
        taps[i].pixel = (uint32_t)(pixel < 0 ? 0 : pixel > last ? last : pixel);
        set_weight(taps + i, pixel < 0 ? 0 : pixel > last ? SIGNET_WHOLE_WEIGHT : weight(position));
    }
    place(taps, count);
}

void signet_find_apart(struct signet_tap *taps, int64_t position, int64_t step, size_t count) {
    for (size_t i = 0; i < count; i++, position += step) {
        taps[i].pixel = (uint32_t)(2 * i);
        set_weight(taps + i, weight(position));
    }
    place(taps, count);
}
