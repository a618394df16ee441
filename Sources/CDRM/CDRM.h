// libdrm: devices of the Direct Rendering Manager, their buffers, and PRIME.
#ifndef SIGNET_CDRM_H
#define SIGNET_CDRM_H

#include <drm_fourcc.h>
#include <fcntl.h>
#include <stdint.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

// libdrm's macros with arithmetic in them, which Swift doesn't import.
static const uint32_t SIGNET_DRM_CLOEXEC = DRM_CLOEXEC;
static const uint32_t SIGNET_DRM_RDWR = DRM_RDWR;
static const uint64_t SIGNET_DRM_FORMAT_MOD_LINEAR = DRM_FORMAT_MOD_LINEAR;
static const uint64_t SIGNET_DRM_FORMAT_MOD_INVALID = DRM_FORMAT_MOD_INVALID;

// vgem's fences (the kernel's drm/vgem_drm.h, which no package installs): a fence of one's own on a buffer, until it is
// signalled or ten seconds have passed. Returns -1 where it fails, or the fence's number.
struct signet_vgem_fence_attach {
    uint32_t handle;
    uint32_t flags;
    uint32_t out_fence;
    uint32_t pad;
};
struct signet_vgem_fence_signal {
    uint32_t fence;
    uint32_t flags;
};
static inline int64_t signet_vgem_attach_fence(int fd, uint32_t handle, int for_writing) {
    struct signet_vgem_fence_attach attach = {.handle = handle, .flags = for_writing ? 1 : 0};
    int result = drmIoctl(fd, DRM_IOWR(DRM_COMMAND_BASE + 1, struct signet_vgem_fence_attach), &attach);
    return result < 0 ? -1 : (int64_t)attach.out_fence;
}
static inline int signet_vgem_signal_fence(int fd, uint32_t fence) {
    struct signet_vgem_fence_signal signal = {.fence = fence};
    return drmIoctl(fd, DRM_IOW(DRM_COMMAND_BASE + 2, struct signet_vgem_fence_signal), &signal);
}

#endif
