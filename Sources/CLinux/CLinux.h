// Linux interfaces that Swift's Glibc module doesn't carry: macros, variadic functions and newer headers.
#ifndef SIGNET_CLINUX_H
#define SIGNET_CLINUX_H

// _GNU_SOURCE stays undefined: with it, structures would differ from those in Swift's Glibc module. What it would bring
// is declared here.

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/sockios.h>
#include <linux/stat.h>
#include <malloc.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/vfs.h>
#include <unistd.h>

// memfd_create(2)
extern int memfd_create(const char *name, unsigned int flags);
#define SIGNET_MFD_CLOEXEC 0x0001U
#define SIGNET_MFD_ALLOW_SEALING 0x0002U
#define SIGNET_MFD_NOEXEC_SEAL 0x0008U

// fcntl(2), "File Sealing". The function is variadic; these are its uses here.
#define SIGNET_F_SEAL_SEAL 0x0001
#define SIGNET_F_SEAL_SHRINK 0x0002
#define SIGNET_F_SEAL_GROW 0x0004
#define SIGNET_F_SEAL_WRITE 0x0008
#define SIGNET_F_SEAL_FUTURE_WRITE 0x0010
#define SIGNET_F_SEAL_EXEC 0x0020
static inline int signet_add_seals(int fd, int seals) { return fcntl(fd, 1024 + 9, seals); }
static inline int signet_get_seals(int fd) { return fcntl(fd, 1024 + 10); }

// statx(2), of an open file and with what the kernel has at hand: no file system is asked. The bits of S_IFMT; -1 where
// the kernel doesn't tell.
static inline int signet_file_type(int fd) {
    struct statx status;
    // AT_EMPTY_PATH, AT_STATX_DONT_SYNC
    long result = syscall(SYS_statx, fd, "", 0x1000 | 0x4000, STATX_TYPE, &status);
    return result < 0 ? -1 : status.stx_mode & 0170000;
}

// getrusage(2)
#define SIGNET_RUSAGE_THREAD 1


// statx(2), for what the kernel has at hand: the number of the mount, or 0.
static inline unsigned long long signet_mount_number(int fd) {
    struct statx status;
    // AT_EMPTY_PATH, AT_STATX_DONT_SYNC
    long result = syscall(SYS_statx, fd, "", 0x1000 | 0x4000, STATX_MNT_ID, &status);
    return result < 0 || !(status.stx_mask & STATX_MNT_ID) ? 0 : status.stx_mnt_id;
}

// socket(7), since Linux 6.5
#define SIGNET_SO_PEERPIDFD 77
// statfs(2); pidfs, since Linux 6.9
#define SIGNET_PIDFS_MAGIC 0x50494446

// fallocate(2)
extern int fallocate(int fd, int mode, off_t offset, off_t length);
#define SIGNET_FALLOC_FL_KEEP_SIZE 0x01
#define SIGNET_FALLOC_FL_PUNCH_HOLE 0x02

// open(2), lseek(2)
#define SIGNET_O_PATH 010000000
#define SIGNET_SEEK_DATA 3
#define SIGNET_SEEK_HOLE 4

// posix_openpt(3), grantpt(3), unlockpt(3), ptsname(3)
extern int posix_openpt(int flags);
extern int grantpt(int fd);
extern int unlockpt(int fd);
extern char *ptsname(int fd);

// accept(2)
extern int accept4(int socket, struct sockaddr *address, socklen_t *length, int flags);

// strerror(3): an error number's name, as in "EPERM"; NULL for none that is known. Since glibc 2.32.
extern const char *strerrorname_np(int error);

// socket(7), SO_PEERCRED
struct signet_ucred {
    int32_t pid;
    uint32_t uid;
    uint32_t gid;
};

// statfs(2): file system types that linux/magic.h doesn't name.
#ifndef XFS_SUPER_MAGIC
#define XFS_SUPER_MAGIC 0x58465342
#endif
#ifndef DMA_BUF_MAGIC
#define DMA_BUF_MAGIC 0x444d4142
#endif

static const uint32_t SIGNET_TMPFS_MAGIC = TMPFS_MAGIC;
static const uint32_t SIGNET_HUGETLBFS_MAGIC = HUGETLBFS_MAGIC;
static const uint32_t SIGNET_RAMFS_MAGIC = RAMFS_MAGIC;
static const uint32_t SIGNET_EXT4_MAGIC = EXT4_SUPER_MAGIC;
static const uint32_t SIGNET_XFS_MAGIC = XFS_SUPER_MAGIC;
static const uint32_t SIGNET_BTRFS_MAGIC = BTRFS_SUPER_MAGIC;
static const uint32_t SIGNET_OVERLAYFS_MAGIC = OVERLAYFS_SUPER_MAGIC;
static const uint32_t SIGNET_DMA_BUF_MAGIC = DMA_BUF_MAGIC;

// cmsg(3): control messages with descriptors.
static inline size_t signet_cmsg_space(size_t length) { return CMSG_SPACE(length); }
static inline size_t signet_cmsg_len(size_t length) { return CMSG_LEN(length); }
static inline struct cmsghdr *signet_cmsg_first(struct msghdr *message) { return CMSG_FIRSTHDR(message); }
static inline struct cmsghdr *signet_cmsg_next(struct msghdr *message, struct cmsghdr *header) {
    return CMSG_NXTHDR(message, header);
}
static inline int *signet_cmsg_descriptors(struct cmsghdr *header) { return (int *)(void *)CMSG_DATA(header); }

#endif
