// stuck-file FOLDER: mounts a FUSE file system on FOLDER with one file, `file`, which can be opened and looked at, and
// whose closing never ends: FUSE_FLUSH isn't answered until this program is killed. Takes root. Says "ready" when it is
// mounted. Source: linux/fuse.h.
//
// stuck-file FOLDER everything: nothing at all is answered about the file, once it was opened.
//
// stuck-file --send FILE SOCKET: gives FILE to the Wayland server at SOCKET, as the memory of a pool. It ends as late
// as everybody who closes the file.
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <string.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { ROOT = FUSE_ROOT_ID, FILE_NODE = 2, FILE_SIZE = 65536 };

static int device;
static int answers_nothing, is_open;

static void answer(const struct fuse_in_header *request, int error, const void *body, size_t length) {
    char message[512];
    struct fuse_out_header *header = (struct fuse_out_header *)message;
    header->len = (unsigned)(sizeof *header + (error ? 0 : length));
    header->error = -error;
    header->unique = request->unique;
    if (!error && length) memcpy(message + sizeof *header, body, length);
    // What was interrupted meanwhile is ENOENT.
    if (write(device, message, header->len) < 0) return;
}

static struct fuse_attr attributes(unsigned long node) {
    struct fuse_attr result = {.ino = node, .nlink = 1, .mode = S_IFREG | 0666, .size = FILE_SIZE, .blksize = 4096};
    if (node == ROOT) result.mode = S_IFDIR | 0755;
    return result;
}

static void serve(const struct fuse_in_header *request, const char *body) {
    if (answers_nothing && is_open && request->nodeid == FILE_NODE && request->opcode != FUSE_OPEN) return;
    switch (request->opcode) {
    case FUSE_INIT: {
        const struct fuse_init_in *offer = (const void *)body;
        struct fuse_init_out result = {
            .major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION, .max_readahead = offer->max_readahead,
            .max_write = 65536};
        return answer(request, 0, &result, sizeof result);
    }
    case FUSE_LOOKUP: {
        if (request->nodeid != ROOT || strcmp(body, "file") != 0) return answer(request, ENOENT, NULL, 0);
        struct fuse_entry_out result = {.nodeid = FILE_NODE, .attr = attributes(FILE_NODE)};
        return answer(request, 0, &result, sizeof result);
    }
    case FUSE_GETATTR: {
        struct fuse_attr_out result = {.attr = attributes(request->nodeid)};
        return answer(request, 0, &result, sizeof result);
    }
    case FUSE_OPEN:
    case FUSE_OPENDIR: {
        if (request->nodeid == FILE_NODE) is_open = 1;
        struct fuse_open_out result = {.fh = 1};
        return answer(request, 0, &result, sizeof result);
    }
    case FUSE_STATFS: {
        struct fuse_statfs_out result = {.st = {.bsize = 4096, .namelen = 255}};
        return answer(request, 0, &result, sizeof result);
    }
    case FUSE_RELEASE:
    case FUSE_RELEASEDIR: return answer(request, 0, NULL, 0);
    // Never answered; the last two want no answer.
    case FUSE_FLUSH:
    case FUSE_FORGET:
    case FUSE_INTERRUPT: return;
    default: return answer(request, ENOSYS, NULL, 0);
    }
}

// Sends the words of a request, and a descriptor unless that is -1.
static void request(int server, const uint32_t *words, size_t count, int descriptor) {
    struct iovec part = {(void *)words, count * sizeof *words};
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (descriptor >= 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof control.room;
        control.header = (struct cmsghdr){
            .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
        memcpy(CMSG_DATA(&control.header), &descriptor, sizeof descriptor);
    }
    if (sendmsg(server, &message, MSG_NOSIGNAL) < 0) perror("stuck-file: sendmsg");
}

// wayland.xml: wl_display.get_registry, wl_registry.bind, wl_shm.create_pool.
static int send_to(const char *path, const char *socket_path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, socket_path, sizeof address.sun_path - 1);
    int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int file = open(path, O_RDWR | O_CLOEXEC);
    if (file < 0 || connect(server, (void *)&address, sizeof address) < 0) return perror("stuck-file"), 1;
    request(server, (uint32_t[]){1, 12 << 16 | 1, 2}, 3, -1);
    static uint32_t events[16384];
    size_t length = 0;
    while (1) {
        ssize_t more = read(server, (char *)events + length, sizeof events - length);
        if (more <= 0) return 1;
        length += (size_t)more;
        for (size_t at = 0; at + 2 < length / 4; at += (events[at + 1] >> 16) / 4) {
            // global(name, interface, version)
            if (events[at] != 2 || strcmp((char *)&events[at + 4], "wl_shm") != 0) continue;
            uint32_t bind[] = {2, 32 << 16, events[at + 2], 7, 0, 0, 1, 3};
            memcpy(&bind[4], "wl_shm", 7);
            request(server, bind, 8, -1);
            request(server, (uint32_t[]){3, 16 << 16, 4, 4096}, 4, file);
            while (read(server, events, sizeof events) > 0) {}
            return 0;
        }
    }
}

int main(int count, char **arguments) {
    if (count == 4 && strcmp(arguments[1], "--send") == 0) return send_to(arguments[2], arguments[3]);
    answers_nothing = count == 3 && strcmp(arguments[2], "everything") == 0;
    if (count != 2 && !answers_nothing) {
        fprintf(stderr, "usage: stuck-file FOLDER [everything] | --send FILE SOCKET\n");
        return 64;
    }
    char options[128];
    device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0", device);
    if (device < 0 || mount("stuck-file", arguments[1], "fuse", MS_NOSUID | MS_NODEV, options) < 0) {
        fprintf(stderr, "stuck-file: %s can't be mounted: %s\n", arguments[1], strerror(errno));
        return 77;
    }
    puts("ready");
    fflush(stdout);
    static char message[FUSE_MIN_READ_BUFFER + 65536];
    while (1) {
        ssize_t length = read(device, message, sizeof message);
        if (length < 0 && (errno == EINTR || errno == ENOENT || errno == EAGAIN)) continue;
        // ENODEV: it was unmounted.
        if (length < (ssize_t)sizeof(struct fuse_in_header)) return 0;
        serve((const void *)message, message + sizeof(struct fuse_in_header));
    }
}
