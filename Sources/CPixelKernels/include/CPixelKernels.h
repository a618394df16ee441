// Row kernels. A row is any number of 32-bit pixels at any address; source and target don't overlap.
#ifndef SIGNET_CPIXELKERNELS_H
#define SIGNET_CPIXELKERNELS_H

#include <stddef.h>
#include <stdint.h>

// Premultiplied ARGB8888 over XRGB8888, rounded as pixman rounds it. What lies `next` bytes after the target is fetched
// into the caches, as what is drawn into next; 0 where there is nothing.
void signet_over_row(void *target, const void *source, size_t pixels, ptrdiff_t next);

// The same, without vector instructions of a particular processor: the reference for tests.
void signet_over_row_portable(void *target, const void *source, size_t pixels, ptrdiff_t next);

// One 32-bit value in all pixels.
void signet_fill_row(void *target, uint32_t value, size_t pixels);

// How a pixel's channels lie in memory, named as drm_fourcc.h has it. Formats without alpha are converted as those with
// it, and what comes of the bits that mean nothing doesn't matter.
enum signet_pixel_format {
    SIGNET_ARGB8888,
    SIGNET_ABGR8888,
    SIGNET_RGB888,
    SIGNET_BGR888,
    SIGNET_RGB565,
    SIGNET_BGR565,
    SIGNET_ARGB2101010,
    SIGNET_ABGR2101010,
};

// Pixels of another format to ARGB8888: fewer bits than eight are repeated, of more the lowest are cut off. Formats
// without bits for alpha become opaque.
void signet_convert_row(void *target, const void *source, size_t pixels, enum signet_pixel_format format);

// The kernels of resample.c take 32-bit pixels, at any address. Those with _portable are without vector instructions of
// a particular processor: the reference for tests.

// Each pixel `factor` times, from the first one's copy number `skip` on: `pixels` of them.
void signet_enlarge(void *target, const void *source, size_t factor, size_t skip, size_t pixels);
// From the last to the first.
void signet_mirror(void *target, const void *source, size_t pixels);
// Rows to columns: pixel x of the source's row y becomes pixel y of the target's row x. Strides in bytes; negative ones
// go upwards.
void signet_transpose(void *target, ptrdiff_t target_stride, const void *source, ptrdiff_t source_stride,
                      size_t columns, size_t rows);
// Half as many: pixel i from 2i and 2i + 1 of two rows, each channel's sum divided by four. What lies `next` bytes
// after both rows is fetched into the caches, as what is read next; 0 where there is nothing.
void signet_halve(void *target, const void *upper, const void *lower, size_t pixels, ptrdiff_t next);

// Bilinear interpolation, with the results of pixman: weights are 128ths, and the product is cut off.
#define SIGNET_WHOLE_WEIGHT 128

// Two neighbours in a row, and how much there is of either: their 128ths, below zero, so that all of one fits in.
struct signet_tap {
    uint32_t pixel;
    int8_t left, right;
    // Where both are, from the first pixel of four taps on.
    uint8_t place, next_place;
};

// What is at `position + i * step`, where 1 << 32 is a pixel, in a row of `columns` pixels, which are two at least.
// Beyond its ends there is more of its first and last pixels.
void signet_find(struct signet_tap *taps, int64_t position, int64_t step, size_t count, size_t columns);
// The same for a row in which each tap has its two neighbours to itself, one pair after the other.
void signet_find_apart(struct signet_tap *taps, int64_t position, int64_t step, size_t count);
// Each pixel from two neighbours in each of two rows of `columns` pixels: `weight` 128ths of the lower row, and the
// rest of the upper one. `next` is as for signet_halve().
void signet_interpolate(void *target, const void *upper, const void *lower, size_t columns, unsigned weight,
                        const struct signet_tap *taps, size_t count, ptrdiff_t next);

void signet_convert_row_portable(void *target, const void *source, size_t pixels, enum signet_pixel_format format);
void signet_enlarge_portable(void *target, const void *source, size_t factor, size_t skip, size_t pixels);
void signet_mirror_portable(void *target, const void *source, size_t pixels);
void signet_transpose_portable(void *target, ptrdiff_t target_stride, const void *source, ptrdiff_t source_stride,
                               size_t columns, size_t rows);
void signet_halve_portable(void *target, const void *upper, const void *lower, size_t pixels, ptrdiff_t next);
void signet_interpolate_portable(void *target, const void *upper, const void *lower, size_t columns, unsigned weight,
                                 const struct signet_tap *taps, size_t count, ptrdiff_t next);

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

// Two rows of XRGB8888 to NV12, as ITU-R BT.709 defines it in limited range: luma from 16 to 235, chroma from 16 to 240
// and 128 for none. Each of the three target rows gets as many bytes as there are pixels, rounded up to an even number;
// where that is one more, the last pixel of each row counts twice. `chroma` gets Cb and Cr, in turn, of the mean colour
// of two by two pixels. Results are those of the definition rounded to nearest, but for what is within 0.005 of the
// middle between two numbers. Source rows may be the same one; a pixel's fourth byte doesn't matter. `next` is as for
// signet_halve().
void signet_nv12_rows(uint8_t *upper_luma, uint8_t *lower_luma, uint8_t *chroma, const void *upper, const void *lower,
                      size_t pixels, ptrdiff_t next);
// `count` pairs of bytes to two rows.
void signet_split_row(uint8_t *first, uint8_t *second, const uint8_t *pairs, size_t count);

// The same, without vector instructions of a particular processor: the reference for tests.
void signet_nv12_rows_portable(uint8_t *upper_luma, uint8_t *lower_luma, uint8_t *chroma, const void *upper,
                               const void *lower, size_t pixels, ptrdiff_t next);
void signet_split_row_portable(uint8_t *first, uint8_t *second, const uint8_t *pairs, size_t count);

#endif
