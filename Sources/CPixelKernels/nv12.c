// XRGB8888 to NV12, as ITU-R BT.709-6 defines luma and chroma, and their splitting into planes.
#include "CPixelKernels.h"
#include "processor.h"

#include <string.h>

// Luma is 16 + 219 / 255 * (0.2126 R + 0.7152 G + 0.0722 B), in integers with 22 bits after the point. Vectors take it
// in two steps: with weights of seven bits, those of blue and half of green become one number of 16 bits, those of red
// and the other half of green another; then each of both is multiplied. These are the numbers by which what comes of it
// is nearest to the definition: for no colour is it off by more than 0.0005.
#define LUMA_BITS 22
#define BLUE 13
#define GREEN_WITH_BLUE 57
#define BLUE_AND_GREEN 20006
#define RED 32
#define GREEN_WITH_RED 60
#define RED_AND_GREEN 23932

// Chroma, Cb = (B - Y) / 1.8556 and Cr = (R - Y) / 1.5748, is made of B - G and R - G: 112 / 255 of one, and less than
// nothing of the other. In integers with 16 bits after the point, and two more as four pixels are added up.
#define CHROMA_BITS 18
#define FULL 28784
#define RED_IN_CB (-6596)
#define BLUE_IN_CR (-2639)

// Rounds to nearest when the bits after the point are cut off.
#define LUMA_START ((16 << LUMA_BITS) + (1 << (LUMA_BITS - 1)))
#define CHROMA_START ((128 << CHROMA_BITS) + (1 << (CHROMA_BITS - 1)))

struct color {
    int32_t blue, green, red;
};

INLINE struct color load(const uint8_t *from, size_t pixel) {
    const uint8_t *at = from + 4 * pixel;
    return (struct color){at[0], at[1], at[2]};
}

INLINE uint8_t luma(const struct color c) {
    return (uint8_t)((BLUE_AND_GREEN * BLUE * c.blue +
                      (BLUE_AND_GREEN * GREEN_WITH_BLUE + RED_AND_GREEN * GREEN_WITH_RED) * c.green +
                      RED_AND_GREEN * RED * c.red + LUMA_START) >>
                     LUMA_BITS);
}

// A left and a right pixel of each row, which may be the same one.
INLINE void square(uint8_t *restrict upper_luma, uint8_t *restrict lower_luma, uint8_t *restrict chroma,
                   const struct color a, const struct color b, const struct color c, const struct color d) {
    upper_luma[0] = luma(a);
    upper_luma[1] = luma(b);
    lower_luma[0] = luma(c);
    lower_luma[1] = luma(d);
    const int32_t green = a.green + b.green + c.green + d.green;
    const int32_t blue = a.blue + b.blue + c.blue + d.blue - green, red = a.red + b.red + c.red + d.red - green;
    chroma[0] = (uint8_t)((FULL * blue + RED_IN_CB * red + CHROMA_START) >> CHROMA_BITS);
    chroma[1] = (uint8_t)((BLUE_IN_CR * blue + FULL * red + CHROMA_START) >> CHROMA_BITS);
}

INLINE void convert(uint8_t *restrict upper_luma, uint8_t *restrict lower_luma, uint8_t *restrict chroma,
                    const uint8_t *upper, const uint8_t *lower, size_t first, size_t pixels) {
    size_t i = first;
    for (; i + 2 <= pixels; i += 2) {
        square(upper_luma + i, lower_luma + i, chroma + i, load(upper, i), load(upper, i + 1), load(lower, i),
               load(lower, i + 1));
    }
    if (i < pixels) {
        const struct color above = load(upper, i), below = load(lower, i);
        square(upper_luma + i, lower_luma + i, chroma + i, above, above, below, below);
    }
}

INLINE void split(uint8_t *restrict first, uint8_t *restrict second, const uint8_t *restrict pairs, size_t count) {
    for (size_t i = 0; i < count; i++) {
        first[i] = pairs[2 * i];
        second[i] = pairs[2 * i + 1];
    }
}

void signet_nv12_rows_portable(uint8_t *upper_luma, uint8_t *lower_luma, uint8_t *chroma, const void *upper,
                               const void *lower, size_t pixels, ptrdiff_t next) {
    (void)next;
    convert(upper_luma, lower_luma, chroma, upper, lower, 0, pixels);
}

void signet_split_row_portable(uint8_t *first, uint8_t *second, const uint8_t *pairs, size_t count) {
    split(first, second, pairs, count);
}

#if defined(__x86_64__)

// Pixels that are converted at once.
#define BLOCK 32

FAST INLINE __m256i repeated(int first, int second, int third, int fourth) {
    return _mm256_set1_epi32((int)((unsigned)(first & 0xff) | (unsigned)(second & 0xff) << 8 |
                                   (unsigned)(third & 0xff) << 16 | (unsigned)(fourth & 0xff) << 24));
}

FAST INLINE __m256i repeated_pair(int first, int second) {
    return _mm256_set1_epi32((int)((unsigned)(first & 0xffff) | (unsigned)(second & 0xffff) << 16));
}

// Eight pixels' bytes of blue, green, red and green again.
FAST INLINE __m256i load_colors(const uint8_t *from) {
    const __m256i order = _mm256_setr_epi8(0, 1, 2, 1, 4, 5, 6, 5, 8, 9, 10, 9, 12, 13, 14, 13, 0, 1, 2, 1, 4, 5, 6, 5,
                                           8, 9, 10, 9, 12, 13, 14, 13);
    return _mm256_shuffle_epi8(_mm256_loadu_si256((const __m256i *)from), order);
}

// Eight pixels' luma, in 32 bits each.
FAST INLINE __m256i luma_of_eight(__m256i colors) {
    const __m256i halves = _mm256_maddubs_epi16(colors, repeated(BLUE, GREEN_WITH_BLUE, RED, GREEN_WITH_RED));
    const __m256i sum = _mm256_madd_epi16(halves, repeated_pair(BLUE_AND_GREEN, RED_AND_GREEN));
    return _mm256_srli_epi32(_mm256_add_epi32(sum, _mm256_set1_epi32(LUMA_START)), LUMA_BITS);
}

// Packing works within each half of a vector: of four vectors it has the first halves in the first one. What comes of
// each in four bytes is put in order.
FAST INLINE void store_in_order(uint8_t *to, __m256i packed) {
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    _mm256_storeu_si256((__m256i *)to, _mm256_permutevar8x32_epi32(packed, order));
}

FAST INLINE void store_luma(uint8_t *to, const __m256i colors[4]) {
    const __m256i left = _mm256_packs_epi32(luma_of_eight(colors[0]), luma_of_eight(colors[1]));
    const __m256i right = _mm256_packs_epi32(luma_of_eight(colors[2]), luma_of_eight(colors[3]));
    store_in_order(to, _mm256_packus_epi16(left, right));
}

// Each pixel's B - G and R - G, of two rows added up.
FAST INLINE __m256i differences(__m256i upper, __m256i lower) {
    const __m256i signs = repeated(1, -1, 1, -1);
    return _mm256_add_epi16(_mm256_maddubs_epi16(upper, signs), _mm256_maddubs_epi16(lower, signs));
}

FAST INLINE __m256i weighted(__m256i sums, int blue, int red) {
    const __m256i sum = _mm256_madd_epi16(sums, repeated_pair(blue, red));
    return _mm256_srli_epi32(_mm256_add_epi32(sum, _mm256_set1_epi32(CHROMA_START)), CHROMA_BITS);
}

// Cb and Cr, four and four in each half, of 16 pixels' differences.
FAST INLINE __m256i chroma_of_sixteen(__m256i left, __m256i right) {
    const __m256 l = _mm256_castsi256_ps(left), r = _mm256_castsi256_ps(right);
    const __m256i even = _mm256_castps_si256(_mm256_shuffle_ps(l, r, _MM_SHUFFLE(2, 0, 2, 0)));
    const __m256i odd = _mm256_castps_si256(_mm256_shuffle_ps(l, r, _MM_SHUFFLE(3, 1, 3, 1)));
    const __m256i sums = _mm256_add_epi16(even, odd);
    return _mm256_packs_epi32(weighted(sums, FULL, RED_IN_CB), weighted(sums, BLUE_IN_CR, FULL));
}

FAST INLINE void convert_block(uint8_t *upper_luma, uint8_t *lower_luma, uint8_t *chroma, const uint8_t *upper,
                               const uint8_t *lower) {
    __m256i above[4], below[4], both[4];
    for (int i = 0; i < 4; i++) {
        above[i] = load_colors(upper + 32 * i);
        below[i] = load_colors(lower + 32 * i);
        both[i] = differences(above[i], below[i]);
    }
    store_luma(upper_luma, above);
    store_luma(lower_luma, below);
    const __m256i packed =
        _mm256_packus_epi16(chroma_of_sixteen(both[0], both[1]), chroma_of_sixteen(both[2], both[3]));
    const __m256i pairs = _mm256_setr_epi8(0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15, 0, 4, 1, 5, 2, 6, 3, 7,
                                           8, 12, 9, 13, 10, 14, 11, 15);
    store_in_order(chroma, _mm256_shuffle_epi8(packed, pairs));
}

FAST static void nv12_rows_fast(uint8_t *upper_luma, uint8_t *lower_luma, uint8_t *chroma, const uint8_t *upper,
                                const uint8_t *lower, size_t pixels, ptrdiff_t next) {
    size_t i = 0;
    for (; i + BLOCK <= pixels; i += BLOCK) {
        for (size_t line = 0; line < 4 * BLOCK; line += 64) {
            __builtin_prefetch(upper + 4 * i + line + next);
            __builtin_prefetch(lower + 4 * i + line + next);
        }
        convert_block(upper_luma + i, lower_luma + i, chroma + i, upper + 4 * i, lower + 4 * i);
    }
    const size_t last = pixels / 2 * 2;
    if (i < last && last >= BLOCK) {
        // Some pixels a second time is faster than the last ones one by one.
        i = last - BLOCK;
        convert_block(upper_luma + i, lower_luma + i, chroma + i, upper + 4 * i, lower + 4 * i);
        i = last;
    }
    convert(upper_luma, lower_luma, chroma, upper, lower, i, pixels);
}

FAST static void split_row_fast(uint8_t *first, uint8_t *second, const uint8_t *pairs, size_t count) {
    split(first, second, pairs, count);
}
#endif

void signet_nv12_rows(uint8_t *upper_luma, uint8_t *lower_luma, uint8_t *chroma, const void *upper, const void *lower,
                      size_t pixels, ptrdiff_t next) {
#if defined(__x86_64__)
    if (is_fast()) return nv12_rows_fast(upper_luma, lower_luma, chroma, upper, lower, pixels, next);
#endif
    convert(upper_luma, lower_luma, chroma, upper, lower, 0, pixels);
}

void signet_split_row(uint8_t *first, uint8_t *second, const uint8_t *pairs, size_t count) {
#if defined(__x86_64__)
    if (is_fast()) return split_row_fast(first, second, pairs, count);
#endif
    split(first, second, pairs, count);
}
