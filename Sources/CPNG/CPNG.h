// libpng's simplified interface. The other one reports errors by longjmp, which must not pass through Swift.
#ifndef SIGNET_CPNG_H
#define SIGNET_CPNG_H

#include <png.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

// Encodes rows of 8-bit RGB into `memory`, which has `*size` bytes; NULL asks for the size. Returns 0 where it fails.
static inline int signet_png_encode(uint32_t width, uint32_t height, const void *rgb, void *memory, size_t *size) {
    png_image image;
    memset(&image, 0, sizeof image);
    image.version = PNG_IMAGE_VERSION;
    image.width = width;
    image.height = height;
    image.format = PNG_FORMAT_RGB;
    return png_image_write_to_memory(&image, memory, size, 0, rgb, 0, NULL);
}

// Bytes that a PNG file's pixels take as 8-bit RGB; 0 where it isn't one.
static inline size_t signet_png_decoded_size(const void *file, size_t size, uint32_t *width, uint32_t *height) {
    png_image image;
    memset(&image, 0, sizeof image);
    image.version = PNG_IMAGE_VERSION;
    if (!png_image_begin_read_from_memory(&image, file, size)) return 0;
    image.format = PNG_FORMAT_RGB;
    *width = image.width;
    *height = image.height;
    size_t result = PNG_IMAGE_SIZE(image);
    png_image_free(&image);
    return result;
}

// Decodes into `rgb`, which has as many bytes as signet_png_decoded_size said. Returns 0 where it fails.
static inline int signet_png_decode(const void *file, size_t size, void *rgb) {
    png_image image;
    memset(&image, 0, sizeof image);
    image.version = PNG_IMAGE_VERSION;
    if (!png_image_begin_read_from_memory(&image, file, size)) return 0;
    image.format = PNG_FORMAT_RGB;
    return png_image_finish_read(&image, NULL, rgb, 0, NULL);
}

// Begins to read a PNG file; `image` says its size, or in `message` what is wrong, and 0 is returned then.
static inline int signet_png_begin(png_image *image, FILE *file) {
    memset(image, 0, sizeof *image);
    image->version = PNG_IMAGE_VERSION;
    if (!png_image_begin_read_from_stdio(image, file)) return 0;
    image->format = PNG_FORMAT_RGBA;
    return 1;
}

// Reads the pixels as 8-bit RGBA, in sRGB and not multiplied by alpha, into `rgba`, which has width * height * 4 bytes.
// Returns 0 where it fails, for which `message` says why. What `image` holds is let go either way.
static inline int signet_png_finish(png_image *image, void *rgba) {
    return png_image_finish_read(image, NULL, rgba, 0, NULL);
}

#endif
