// Pixels of all formats to 32 bits of alpha, red, green and blue.
#include "CPixelKernels.h"
#include "processor.h"

#include <string.h>

INLINE uint32_t load16(const char *from) {
    uint16_t value;
    memcpy(&value, from, 2);
    return value;
}

INLINE uint32_t load32(const char *from) {
    uint32_t value;
    memcpy(&value, from, 4);
    return value;
}

INLINE void store32(char *to, uint32_t value) { memcpy(to, &value, 4); }

// Five and six bits to eight: the highest are repeated below, which is what rounding gives.
INLINE uint32_t from5(uint32_t value) { return value << 3 | value >> 2; }
INLINE uint32_t from6(uint32_t value) { return value << 2 | value >> 4; }
// Of ten bits the lowest are cut off, as pixman does.
INLINE uint32_t from10(uint32_t value) { return value >> 2; }

INLINE uint32_t packed(uint32_t alpha, uint32_t red, uint32_t green, uint32_t blue) {
    return alpha << 24 | red << 16 | green << 8 | blue;
}

INLINE void convert(char *restrict to, const char *restrict from, size_t pixels, enum signet_pixel_format format) {
    switch (format) {
    case SIGNET_ARGB8888: memcpy(to, from, 4 * pixels); break;
    case SIGNET_ABGR8888:
        for (size_t i = 0; i < pixels; i++) {
            const uint32_t v = load32(from + 4 * i);
            store32(to + 4 * i, (v & 0xff00ff00) | (v & 0xff) << 16 | (v >> 16 & 0xff));
        }
        break;
    case SIGNET_RGB888:
        for (size_t i = 0; i < pixels; i++) {
            const uint8_t *p = (const uint8_t *)from + 3 * i;
            store32(to + 4 * i, packed(255, p[2], p[1], p[0]));
        }
        break;
    case SIGNET_BGR888:
        for (size_t i = 0; i < pixels; i++) {
            const uint8_t *p = (const uint8_t *)from + 3 * i;
            store32(to + 4 * i, packed(255, p[0], p[1], p[2]));
        }
        break;
    case SIGNET_RGB565:
        for (size_t i = 0; i < pixels; i++) {
            const uint32_t v = load16(from + 2 * i);
            store32(to + 4 * i, packed(255, from5(v >> 11), from6(v >> 5 & 63), from5(v & 31)));
        }
        break;
    case SIGNET_BGR565:
        for (size_t i = 0; i < pixels; i++) {
            const uint32_t v = load16(from + 2 * i);
            store32(to + 4 * i, packed(255, from5(v & 31), from6(v >> 5 & 63), from5(v >> 11)));
        }
        break;
    case SIGNET_ARGB2101010:
        for (size_t i = 0; i < pixels; i++) {
            const uint32_t v = load32(from + 4 * i);
            store32(to + 4 * i,
                    packed((v >> 30) * 85, from10(v >> 20 & 1023), from10(v >> 10 & 1023), from10(v & 1023)));
        }
        break;
    case SIGNET_ABGR2101010:
        for (size_t i = 0; i < pixels; i++) {
            const uint32_t v = load32(from + 4 * i);
            store32(to + 4 * i,
                    packed((v >> 30) * 85, from10(v & 1023), from10(v >> 10 & 1023), from10(v >> 20 & 1023)));
        }
        break;
    }
}

void signet_convert_row_portable(void *target, const void *source, size_t pixels, enum signet_pixel_format format) {
    convert(target, source, pixels, format);
}

#if defined(__x86_64__)
FAST static void convert_row_fast(void *target, const void *source, size_t pixels, enum signet_pixel_format format) {
    convert(target, source, pixels, format);
}
#endif

void signet_convert_row(void *target, const void *source, size_t pixels, enum signet_pixel_format format) {
#if defined(__x86_64__)
    if (is_fast()) return convert_row_fast(target, source, pixels, format);
#endif
    convert(target, source, pixels, format);
}
