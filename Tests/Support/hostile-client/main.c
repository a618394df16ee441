// A client that does what it can to make a server wait. It speaks bytes, and stays until it is killed.
//
//     hostile-client SOCKET PLACE KIND [FILE]   sends descriptors of KIND to PLACE
//     hostile-client SOCKET flood HOW COUNT     keeps COUNT connections busy, in processes of 250 each
//     hostile-client SOCKET hold WHAT COUNT [FILE]   makes the server hold or look at something, over COUNT connections
//     hostile-client SOCKET shell SCENE COUNT   plays a scene of windows and menus; see shell.c
//
// PLACE: pool (as the memory of a pool), dmabuf (as a plane), many (253 in a message), early (28 with half a message,
// nine times), unread (in the queue of a connection that was ended, when its client dies), nothing (with one byte),
// urgent (with an out-of-band byte; the sender's own are closed when it is received), behind (28 times, behind much
// that comes without).
// KIND: file (FILE, opened), linger (a TCP socket that waits for its unsent data), sleeper (a TCP socket whose sender
// sleeps in a page fault on FILE and holds its lock), pipe (whose writer does so), memory (256 MiB), watches (an epoll
// descriptor with 5,000 items).
// HOW: halves, descriptors, deaf, batches, idle (nothing is sent), parked (once half a message, with 28 descriptors
// that no request takes).
// WHAT: locked (commits a buffer of a sealed memfd whose lock is held by a writer that sleeps in a page fault on FILE),
// unsealed (the same, without the seal), holes (commits a buffer of 256 MiB of holes, again and again), islands (the
// same with a page here and there), far (60 small buffers at the beginning of 512 MiB of holes), allocating (commits
// again and again while 256 MiB of the memory are allocated and taken out), unsealable (a buffer of 255 MiB of memory
// that takes no seals, and is all holes), pools (511 each), mappings (of one pool, as it grows), regions (60,000
// each), shapes (regions of 4,000 rectangles, for many surfaces), offers (of memory and of what is none, thousands,
// half of them destroyed at once; every other connection ends amid them), inspections (four that aren't read, and
// thousands that are destroyed at once).
// Says "done" when all was sent that can be, or after three seconds.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "client.h"

static const char *path;

int connect_to_server(void) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(server, (void *)&address, sizeof address) < 0) exit(1);
    return server;
}

static ssize_t transmit(int server, const void *bytes, size_t size, const int *descriptors, int count, int flags) {
    struct iovec part = {(void *)bytes, size};
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(253 * sizeof(int))];
    } control;
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (count) {
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE((size_t)count * sizeof(int));
        control.header = (struct cmsghdr){
            .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN((size_t)count * sizeof(int))};
        memcpy(CMSG_DATA(&control.header), descriptors, (size_t)count * sizeof(int));
    }
    return sendmsg(server, &message, MSG_NOSIGNAL | flags);
}

void bind_as(int server, const char *interface, uint32_t version, uint32_t id) {
    static uint32_t events[16384];
    static size_t length = 0;
    if (id == 3) {
        uint32_t get_registry[] = {1, 12 << 16 | 1, 2};
        transmit(server, get_registry, sizeof get_registry, NULL, 0, 0);
        length = 0;
        usleep(20000);
    }
    int is_first = 1;
    while (1) {
        if (is_first && id != 3) goto look;
        ssize_t more = read(server, (char *)events + length, sizeof events - length);
        if (more <= 0) exit(1);
        length += (size_t)more;
    look:
        is_first = 0;
        for (size_t at = 0; at + 2 < length / 4; at += (events[at + 1] >> 16) / 4) {
            if (events[at] != 2 || strcmp((char *)&events[at + 4], interface) != 0) continue;
            uint32_t text = (uint32_t)strlen(interface) + 1, words = (text + 3) / 4;
            uint32_t request[32] = {2, (24 + words * 4) << 16, events[at + 2], text};
            memcpy(&request[4], interface, text);
            request[4 + words] = version;
            request[5 + words] = id;
            transmit(server, request, 24 + words * 4, NULL, 0, 0);
            return;
        }
    }
}

static void bind_global(int server, const char *interface, uint32_t version) { bind_as(server, interface, version, 3); }

// MARK: What is sent

static int connected_tcp(int *other) {
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    if (bind(listener, (void *)&address, length) < 0 || listen(listener, 1) < 0) exit(1);
    getsockname(listener, (void *)&address, &length);
    int result = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(result, (void *)&address, length) < 0) exit(1);
    *other = accept(listener, NULL, NULL);
    return result;
}

static void *send_and_sleep(void *argument) {
    void **both = argument;
    send(*(int *)both[0], both[1], 4096, 0);
    return NULL;
}

static void *write_and_sleep(void *argument) {
    void **both = argument;
    if (write(*(int *)both[0], both[1], 4096) < 0) return NULL;
    return NULL;
}

// Starts a thread that writes to a descriptor what is in a file that nobody reads out.
static void sleep_on(const char *file, int *descriptor, void *(*body)(void *)) {
    static void *page;
    if (!page) {
        // Once it is open, not even opening it again is answered.
        int stuck = open(file, O_RDWR | O_CLOEXEC);
        page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, stuck, 0);
        if (page == MAP_FAILED) exit(1);
    }
    void **both = malloc(2 * sizeof *both);
    both[0] = descriptor;
    both[1] = page;
    pthread_t thread;
    pthread_create(&thread, NULL, body, both);
    usleep(100000);
}

static int make(const char *kind, const char *file) {
    if (strcmp(kind, "file") == 0) return open(file, O_RDWR | O_CLOEXEC);
    if (strcmp(kind, "memory") == 0) {
        int memory = memfd_create("hostile", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        if (fallocate(memory, 0, 0, 256 << 20) < 0) exit(1);
        fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK);
        return memory;
    }
    if (strcmp(kind, "watches") == 0) {
        int watches = epoll_create1(EPOLL_CLOEXEC), event = eventfd(0, EFD_CLOEXEC);
        for (int i = 0; i < 5000; i++) {
            struct epoll_event item = {.events = EPOLLIN};
            // Copies of one number after the other: each is an item of its own.
            int copy = fcntl(event, F_DUPFD_CLOEXEC, 100);
            if (epoll_ctl(watches, EPOLL_CTL_ADD, copy, &item) < 0) break;
        }
        return watches;
    }
    static int ends[2];
    if (strcmp(kind, "pipe") == 0) {
        if (pipe2(ends, O_CLOEXEC) < 0) exit(1);
        sleep_on(file, &ends[1], write_and_sleep);
        return ends[0];
    }
    int other;
    static int tcp;
    tcp = connected_tcp(&other);
    if (strcmp(kind, "linger") == 0) {
        struct linger linger = {1, 3};
        setsockopt(tcp, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
        static char bytes[1 << 16];
        while (send(tcp, bytes, sizeof bytes, MSG_DONTWAIT) > 0) {}
        return tcp;
    }
    // sleeper
    sleep_on(file, &tcp, send_and_sleep);
    return tcp;
}

static void place(const char *where, const char *kind, const char *file) {
    // First, so that it is closed first when this process ends.
    int server = connect_to_server();
    int one = make(kind, file);
    if (one < 0) exit(1);
    int all[253];
    for (int i = 0; i < 253; i++) all[i] = one;
    uint32_t sync[] = {1, 12 << 16, 2}, half = 1;
    if (strcmp(where, "pool") == 0) {
        bind_global(server, "wl_shm", 1);
        uint32_t request[] = {3, 16 << 16, 4, 4096};
        transmit(server, request, sizeof request, all, 1, 0);
    } else if (strcmp(where, "dmabuf") == 0) {
        bind_global(server, "zwp_linux_dmabuf_v1", 3);
        uint32_t create[] = {3, 12 << 16 | 1, 4};
        uint32_t add[] = {4, 28 << 16 | 1, 0, 0, 256, 0, 0};
        uint32_t immediately[] = {4, 28 << 16 | 3, 5, 64, 16, 0x34325258, 0};
        transmit(server, create, sizeof create, NULL, 0, 0);
        transmit(server, add, sizeof add, all, 1, 0);
        transmit(server, immediately, sizeof immediately, NULL, 0, 0);
    } else if (strcmp(where, "many") == 0) {
        transmit(server, sync, sizeof sync, all, 253, 0);
    } else if (strcmp(where, "early") == 0) {
        for (int i = 0; i < 4; i++) transmit(server, (char *)&half + i, 1, all, 28, 0);
    } else if (strcmp(where, "unread") == 0) {
        uint32_t wrong[] = {99, 8 << 16};
        char answer[256];
        transmit(server, wrong, sizeof wrong, NULL, 0, 0);
        // The error; from now on nobody reads.
        if (read(server, answer, sizeof answer) <= 0) exit(1);
        for (int i = 0; i < 4; i++) transmit(server, sync, sizeof sync, all, 253, MSG_DONTWAIT);
        puts("done");
        fflush(stdout);
        _exit(0);
    } else if (strcmp(where, "urgent") == 0 || strcmp(where, "behind") == 0) {
        // So much to answer before it that our own are closed when its turn comes.
        static uint32_t before[18000];
        for (int i = 0; i < 18000; i += 3) memcpy(&before[i], sync, sizeof sync);
        transmit(server, before, sizeof before, NULL, 0, 0);
        if (strcmp(where, "urgent") == 0) transmit(server, &half, 1, all, 1, MSG_OOB);
        else transmit(server, &half, 1, all, 28, 0);
        // Closing may wait as well.
        puts("done");
        fflush(stdout);
        close(one);
    } else {
        transmit(server, &half, 1, all, 1, 0);
    }
}

// MARK: Floods

double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void flood(const char *how, int count) {
    static int servers[250];
    int memory = memfd_create("hostile", MFD_CLOEXEC);
    int all[28];
    for (int i = 0; i < 28; i++) all[i] = memory;
    int is_costly = strcmp(how, "batches") == 0;
    for (int i = 0; i < count; i++) {
        servers[i] = connect_to_server();
        if (!is_costly) continue;
        bind_global(servers[i], "wl_compositor", 4);
        uint32_t create[] = {3, 12 << 16 | 1, 4};
        transmit(servers[i], create, sizeof create, NULL, 0, 0);
    }
    static uint32_t words[6000];
    size_t size = 0;
    uint32_t half[] = {1, 4000 << 16, 0};
    if (is_costly) {
        for (uint32_t i = 0; i < 1000; i++) {
            uint32_t add[] = {4, 24 << 16 | 1, i * 7919 % 5000, i * 104729 % 5000, 20, 20};
            memcpy(words + i * 6, add, sizeof add);
        }
        size = sizeof words;
    } else if (strcmp(how, "deaf") == 0) {
        for (uint32_t i = 0; i < 1000; i++) memcpy(words + i * 3, (uint32_t[]){1, 12 << 16, 2}, 12);
        size = 12000;
    }
    if (strcmp(how, "idle") == 0) return;
    if (strcmp(how, "halves") == 0) {
        for (int i = 0; i < count; i++) transmit(servers[i], half, 6, NULL, 0, 0);
    } else if (strcmp(how, "parked") == 0) {
        for (int i = 0; i < count; i++) transmit(servers[i], half, 6, all, 28, 0);
    } else {
        double end = now() + 3;
        // What isn't taken whole begins in the middle next time, which ends that connection: one more way to end.
        while (now() < end) {
            for (int i = 0; i < count; i++) {
                if (size) {
                    transmit(servers[i], words, size, NULL, 0, MSG_DONTWAIT);
                } else {
                    transmit(servers[i], half, 1, all, 28, MSG_DONTWAIT);
                }
            }
        }
    }
}

// MARK: What is held

// All of it, however long that takes.
static void transmit_all(int server, const uint32_t *words, size_t size) {
    for (size_t done = 0; done < size;) {
        ssize_t count = transmit(server, (const char *)words + done, size - done, NULL, 0, 0);
        if (count <= 0) return;
        done += (size_t)count;
    }
}

// Events are of no interest, and are to leave room for more.
static void drain(int server) {
    static char bytes[65536];
    while (recv(server, bytes, sizeof bytes, MSG_DONTWAIT) > 0) {}
}

static void create_pool(int server, uint32_t id, int memory, int32_t size) {
    uint32_t request[] = {3, 16 << 16, id, (uint32_t)size};
    transmit(server, request, sizeof request, &memory, 1, 0);
}

static void create_buffer(int server, uint32_t pool, uint32_t id, uint32_t offset, uint32_t width, uint32_t height) {
    uint32_t request[] = {pool, 32 << 16, id, offset, width, height, width * 4, 1};
    transmit_all(server, request, sizeof request);
}

static void create_surface(int server, uint32_t id) {
    uint32_t request[] = {4, 12 << 16, id};
    transmit_all(server, request, sizeof request);
}

static void offer(int server) {
    bind_global(server, "signet_sealed_buffer_manager_v1", 1);
    int files[4] = {memfd_create("hostile", MFD_CLOEXEC | MFD_ALLOW_SEALING), memfd_create("hostile", MFD_CLOEXEC)};
    int ends[2];
    if (pipe(ends) < 0) exit(1);
    files[2] = ends[0];
    files[3] = memfd_create("hostile", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (ftruncate(files[0], 1L << 40) < 0 || ftruncate(files[1], 4096) < 0 || ftruncate(files[3], 4096) < 0) exit(1);
    fcntl(files[0], F_ADD_SEALS, F_SEAL_SHRINK);
    for (uint32_t i = 0; i < 4000; i++) {
        uint32_t id = 4 + i;
        uint32_t request[] = {3, 36 << 16 | 1, id, i % 7 == 0 ? 1u << 31 : i % 128, i, 16, 16, 64, 0x34325258};
        uint32_t destroy[] = {id, 8 << 16};
        if (transmit(server, request, sizeof request, &files[i % 4], 1, 0) < 0) return;
        if (i % 2) transmit(server, destroy, sizeof destroy, NULL, 0, 0);
        if (i % 64 == 0) drain(server);
    }
}

static void inspect(int server) {
    bind_global(server, "signet_inspect_manager_v1", 1);
    // Numbers go on, as nobody hears which are free again.
    for (uint32_t id = 4; id < 20000; id++) {
        uint32_t both[] = {3, 12 << 16 | 1, id, id, 8 << 16};
        if (transmit(server, both, sizeof both, NULL, 0, 0) < 0) return;
    }
    for (uint32_t id = 20000; id < 20004; id++) {
        uint32_t begin[] = {3, 12 << 16 | 1, id};
        transmit(server, begin, sizeof begin, NULL, 0, 0);
    }
}

static void commit(int server, uint32_t surface, uint32_t buffer) {
    uint32_t request[] = {surface, 20 << 16 | 1, buffer, 0, 0, surface, 24 << 16 | 2, 0, 0, 1 << 20, 1 << 20,
                          surface, 8 << 16 | 6};
    transmit_all(server, request, sizeof request);
}

static int sealed(const char *name, off_t size) {
    int memory = memfd_create(name, MFD_CLOEXEC | (strcmp(name, "unsealable") ? MFD_ALLOW_SEALING : 0));
    if (memory < 0 || ftruncate(memory, size) < 0) exit(1);
    if (strncmp(name, "unseal", 6) != 0) fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK);
    return memory;
}

static void *allocate(void *memory) {
    while (1) {
        if (fallocate(*(int *)memory, 0, 1 << 20, 256 << 20) < 0) return NULL;
        fallocate(*(int *)memory, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 1 << 20, 256 << 20);
    }
}

static void hold(const char *what, int rounds, const char *file) {
    int server = connect_to_server();
    if (strcmp(what, "offers") == 0) {
        static int number = 0;
        offer(server);
        if (number++ % 2) close(server);
        return;
    }
    if (strcmp(what, "inspections") == 0) return inspect(server);
    bind_global(server, "wl_shm", 1);
    bind_as(server, "wl_compositor", 4, 4);
    if (strcmp(what, "locked") == 0 || strcmp(what, "unsealed") == 0) {
        int *memory = malloc(sizeof *memory);
        *memory = sealed(what, 1 << 20);
        sleep_on(file, memory, write_and_sleep);
        create_pool(server, 5, *memory, 1 << 20);
        create_buffer(server, 5, 6, 4096, 16, 16);
        create_surface(server, 7);
        commit(server, 7, 6);
    } else if (strcmp(what, "holes") == 0 || strcmp(what, "islands") == 0) {
        int memory = sealed(what, 256 << 20);
        for (off_t at = 1 << 20; *what == 'i' && at < 256 << 20; at += 2 << 20) {
            if (pwrite(memory, "island", 6, at) < 0) exit(1);
        }
        create_pool(server, 5, memory, 256 << 20);
        create_buffer(server, 5, 6, 0, 8000, 8000);
        create_surface(server, 7);
        for (int i = 0; i < rounds; i++) commit(server, 7, 6);
    } else if (strcmp(what, "far") == 0) {
        int memory = sealed(what, 512 << 20);
        if (fallocate(memory, 0, 0, 64 << 20) < 0) exit(1);
        create_pool(server, 5, memory, 512 << 20);
        create_surface(server, 6);
        for (uint32_t i = 0; i < 60; i++) {
            create_buffer(server, 5, 7 + i, i * 4096, 1, 1);
            commit(server, 6, 7 + i);
        }
    } else if (strcmp(what, "allocating") == 0) {
        int *memory = malloc(sizeof *memory);
        *memory = sealed(what, 257 << 20);
        pthread_t thread;
        pthread_create(&thread, NULL, allocate, memory);
        create_pool(server, 5, *memory, 257 << 20);
        create_buffer(server, 5, 6, 0, 256, 256);
        create_surface(server, 7);
        for (int i = 0; i < rounds * 100; i++) {
            commit(server, 7, 6);
            usleep(10000);
        }
    } else if (strcmp(what, "unsealable") == 0) {
        create_pool(server, 5, sealed(what, 255 << 20), 255 << 20);
        create_buffer(server, 5, 6, 0, 8000, 8000);
        create_surface(server, 7);
        commit(server, 7, 6);
    } else if (strcmp(what, "pools") == 0) {
        int memory = sealed(what, 4096);
        for (uint32_t i = 0; i < 511; i++) {
            create_pool(server, 5 + i, memory, 4096);
            drain(server);
        }
    } else if (strcmp(what, "mappings") == 0) {
        off_t size = 4096 * 8192;
        int memory = sealed(what, size);
        fallocate(memory, 0, 0, size);
        create_pool(server, 5, memory, 4096);
        for (uint32_t i = 0; i < 4000; i++) {
            uint32_t resize[] = {5, 12 << 16 | 2, 4096 * (i + 2)};
            transmit_all(server, resize, sizeof resize);
            create_buffer(server, 5, 6 + i * 2, 0, 1, 1);
            create_surface(server, 7 + i * 2);
            commit(server, 7 + i * 2, 6 + i * 2);
            drain(server);
        }
    } else if (strcmp(what, "regions") == 0) {
        static uint32_t words[3000];
        for (uint32_t id = 5; id < 60000;) {
            for (int i = 0; i < 1000; i++) memcpy(&words[i * 3], (uint32_t[]){4, 12 << 16 | 1, id++}, 12);
            transmit_all(server, words, sizeof words);
        }
    } else if (strcmp(what, "shapes") == 0) {
        for (uint32_t region = 0; region < 100; region++) {
            uint32_t id = 5 + region * 11;
            uint32_t create[] = {4, 12 << 16 | 1, id};
            transmit_all(server, create, sizeof create);
            static uint32_t words[6 * 4000];
            for (uint32_t i = 0; i < 4000; i++) {
                uint32_t add[] = {id, 24 << 16 | 1, i % 63 * 4, i / 63 * 4, 2, 2};
                memcpy(&words[i * 6], add, sizeof add);
            }
            transmit_all(server, words, sizeof words);
            for (uint32_t surface = id + 1; surface < id + 11; surface++) {
                create_surface(server, surface);
                uint32_t set[] = {surface, 12 << 16 | 4, id, surface, 12 << 16 | 5, id, surface, 8 << 16 | 6};
                transmit_all(server, set, sizeof set);
            }
            // Each surface has a region of its own making.
            drain(server);
        }
    }
    drain(server);
}

int main(int count, char **arguments) {
    if (count < 4) return 64;
    path = arguments[1];
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (strcmp(arguments[2], "flood") == 0) {
        int rest = count > 4 ? atoi(arguments[4]) : 1, children = 0;
        int ready[2];
        if (pipe(ready) < 0) return 1;
        for (; rest > 0; rest -= 250, children++) {
            if (fork() == 0) {
                flood(arguments[3], rest < 250 ? rest : 250);
                if (write(ready[1], "x", 1) < 1) return 1;
                pause();
                return 0;
            }
        }
        char byte;
        while (children-- > 0) {
            if (read(ready[0], &byte, 1) < 1) return 1;
        }
    } else if (strcmp(arguments[2], "hold") == 0) {
        signal(SIGPIPE, SIG_IGN);
        int rounds = count > 4 ? atoi(arguments[4]) : 1;
        const char *in_one[] = {"holes", "islands", "allocating"};
        int is_one = 0;
        for (int i = 0; i < 3; i++) is_one |= strcmp(arguments[3], in_one[i]) == 0;
        for (int i = 0; i < (is_one ? 1 : rounds); i++) hold(arguments[3], rounds, count > 5 ? arguments[5] : NULL);
    } else if (strcmp(arguments[2], "shell") == 0) {
        signal(SIGPIPE, SIG_IGN);
        play(arguments[3], count > 4 ? atoi(arguments[4]) : 1);
    } else {
        place(arguments[2], arguments[3], count > 4 ? arguments[4] : NULL);
    }
    puts("done");
    fflush(stdout);
    pause();
    return 0;
}
