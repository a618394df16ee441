// Written so that the compiler makes vectors of it, with AVX2 where the processor has it.
#include "CPixelKernels.h"
#include "processor.h"

#include <string.h>

INLINE uint32_t clamped(int32_t value) {
    value >>= SIGNET_YUV_FRACTION_BITS;
    return (uint32_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

// What a pair of pixels gets from its chroma, and the half that turns rounding down into rounding to nearest.
struct tint {
    int32_t red, green, blue;
};

INLINE struct tint tint(uint8_t u, uint8_t v, const struct signet_yuv_coefficients c) {
    const int16_t from_u = (int16_t)(u - 128), from_v = (int16_t)(v - 128);
    const int32_t half = 1 << (SIGNET_YUV_FRACTION_BITS - 1);
    return (struct tint){
        c.red_of_v * from_v + half,
        c.green_of_u * from_u + c.green_of_v * from_v + half,
        c.blue_of_u * from_u + half,
    };
}

INLINE uint32_t pixel(uint8_t y, const struct tint added, const struct signet_yuv_coefficients c) {
    const int32_t light = c.luma * (int16_t)(y - 16);
    return 0xff000000 | clamped(light + added.red) << 16 | clamped(light + added.green) << 8 |
           clamped(light + added.blue);
}

// With steps that are known while this is compiled, loads become vectors too.
INLINE void convert(char *restrict to, const uint8_t *restrict y, size_t y_step, const uint8_t *restrict u,
                    const uint8_t *restrict v, size_t chroma_step, size_t first, size_t count,
                    const struct signet_yuv_coefficients c) {
    y += first * y_step;
    u += first / 2 * chroma_step;
    v += first / 2 * chroma_step;
    if (first % 2 && count) {
        const uint32_t single = pixel(*y, tint(*u, *v, c), c);
        memcpy(to, &single, 4);
        to += 4;
        y += y_step;
        u += chroma_step;
        v += chroma_step;
        count--;
    }
    for (size_t i = 0; i < count / 2; i++) {
        const struct tint both = tint(u[i * chroma_step], v[i * chroma_step], c);
        const uint32_t left = pixel(y[2 * i * y_step], both, c), right = pixel(y[(2 * i + 1) * y_step], both, c);
        memcpy(to + 8 * i, &left, 4);
        memcpy(to + 8 * i + 4, &right, 4);
    }
    if (count % 2) {
        const size_t last = count / 2;
        const uint32_t single = pixel(y[2 * last * y_step], tint(u[last * chroma_step], v[last * chroma_step], c), c);
        memcpy(to + 8 * last, &single, 4);
    }
}

INLINE void convert_any(void *target, const uint8_t *y, size_t y_step, const uint8_t *u, const uint8_t *v,
                        size_t chroma_step, size_t first, size_t count, const struct signet_yuv_coefficients *c) {
    if (y_step == 1 && chroma_step == 1) {
        convert(target, y, 1, u, v, 1, first, count, *c);
    } else if (y_step == 1 && chroma_step == 2) {
        convert(target, y, 1, u, v, 2, first, count, *c);
    } else if (y_step == 2 && chroma_step == 4) {
        convert(target, y, 2, u, v, 4, first, count, *c);
    } else {
        convert(target, y, y_step, u, v, chroma_step, first, count, *c);
    }
}

void signet_yuv_row_portable(void *target, const uint8_t *y, size_t y_step, const uint8_t *u, const uint8_t *v,
                             size_t chroma_step, size_t first, size_t count, const struct signet_yuv_coefficients *c) {
    convert_any(target, y, y_step, u, v, chroma_step, first, count, c);
}

#if defined(__x86_64__)
FAST static void yuv_row_fast(void *target, const uint8_t *y, size_t y_step, const uint8_t *u, const uint8_t *v,
                              size_t chroma_step, size_t first, size_t count, const struct signet_yuv_coefficients *c) {
    convert_any(target, y, y_step, u, v, chroma_step, first, count, c);
}
#endif

void signet_yuv_row(void *target, const uint8_t *y, size_t y_step, const uint8_t *u, const uint8_t *v,
                    size_t chroma_step, size_t first, size_t count, const struct signet_yuv_coefficients *c) {
#if defined(__x86_64__)
    if (is_fast()) return yuv_row_fast(target, y, y_step, u, v, chroma_step, first, count, c);
#endif
    convert_any(target, y, y_step, u, v, chroma_step, first, count, c);
}
