// Row kernels. A row is any number of 32-bit pixels at any address; source and target don't overlap.
#ifndef SIGNET_CPIXELKERNELS_H
#define SIGNET_CPIXELKERNELS_H

#include <stddef.h>
#include <stdint.h>

// Premultiplied ARGB8888 over XRGB8888, rounded as pixman rounds it.
void signet_over_row(void *target, const void *source, size_t pixels);

// The same, without vector instructions of a particular processor: the reference for tests.
void signet_over_row_portable(void *target, const void *source, size_t pixels);

// One 32-bit value in all pixels.
void signet_fill_row(void *target, uint32_t value, size_t pixels);

// How luma and chroma make red, green and blue: factors with 13 bits after the point, which leaves the largest of them
// within 16 bits. Black is 16 and white 235, chroma is 0 at 128.
#define SIGNET_YUV_FRACTION_BITS 13

struct signet_yuv_coefficients {
    int16_t luma, red_of_v, green_of_u, green_of_v, blue_of_u;
};

// Luma and chroma to XRGB8888, rounded to nearest and clamped: `count` pixels of a row from its pixel `first` on, which
// goes to the start of `target`. Pixel i of the row has its luma at y[i * y_step], and shares u[i / 2 * chroma_step]
// and v[i / 2 * chroma_step] with its neighbour. Nothing else is read.
void signet_yuv_row(void *target, const uint8_t *y, size_t y_step, const uint8_t *u, const uint8_t *v,
                    size_t chroma_step, size_t first, size_t count, const struct signet_yuv_coefficients *coefficients);

// The same, without vector instructions of a particular processor: the reference for tests.
void signet_yuv_row_portable(void *target, const uint8_t *y, size_t y_step, const uint8_t *u, const uint8_t *v,
                             size_t chroma_step, size_t first, size_t count,
                             const struct signet_yuv_coefficients *coefficients);

#endif
