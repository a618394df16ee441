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

#endif
