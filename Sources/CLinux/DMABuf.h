// dma-bufs, and where they come from without a graphics device. The kernel's request numbers are macros that Swift
// doesn't import.
#ifndef SIGNET_DMABUF_H
#define SIGNET_DMABUF_H

#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>
#include <stdint.h>
#include <sys/ioctl.h>

// Documentation/driver-api/dma-buf.rst, "CPU Access to DMA Buffer Objects"
static inline int signet_dma_buf_sync(int fd, uint64_t flags) {
    struct dma_buf_sync sync = {.flags = flags};
    return ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync);
}

// A sync_file that is readable once what is going on with the buffer now is done. Since Linux 6.0.
static inline int signet_dma_buf_export_sync_file(int fd, uint32_t flags) {
    struct dma_buf_export_sync_file sync = {.flags = flags, .fd = -1};
    return ioctl(fd, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &sync) < 0 ? -1 : sync.fd;
}

// A dma-buf over pages of a memfd; linux/udmabuf.h.
static inline int signet_udmabuf_create(int device, int memfd, uint64_t offset, uint64_t size) {
    struct udmabuf_create create = {
        .memfd = (uint32_t)memfd, .flags = UDMABUF_FLAGS_CLOEXEC, .offset = offset, .size = size};
    return ioctl(device, UDMABUF_CREATE, &create);
}

// A dma-buf of fresh memory; linux/dma-heap.h.
static inline int signet_dma_heap_allocate(int device, uint64_t size, uint32_t flags) {
    struct dma_heap_allocation_data data = {.len = size, .fd_flags = flags};
    return ioctl(device, DMA_HEAP_IOCTL_ALLOC, &data) < 0 ? -1 : (int)data.fd;
}

#endif
