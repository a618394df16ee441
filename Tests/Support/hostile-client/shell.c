// Scenes of windows and menus: more of them, or stranger ones, than anybody needs.
//
// Where a request is an error, a connection of its own makes it, and has to be ended with that error. Everything else
// is allowed, and no connection is to be ended.
#define _GNU_SOURCE
#include "client.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

// MARK: A connection

enum { BASE = 3, COMPOSITOR, SEAT, PIXELS, DATA, VIEWPORTER, DECORATIONS, PIXEL, FIRST };

// Of the connection that is used now.
static int server = -1;
static uint32_t next_id;
static uint32_t output[1 << 14];
static size_t output_count;
// Of the newest configure of each xdg_surface, by its id, and of the newest that was acked.
static uint32_t serials[1 << 17], acked[1 << 17];
// How many there were.
static int configures;
// Which wl_callback objects were answered.
static char is_answered[1 << 17];
// What came and isn't a whole event so far.
static uint32_t events[1 << 14];
static size_t event_bytes;
static int is_deaf, is_over;
static uint32_t error_code;
static char error_text[512];

static void fail(const char *what) {
    fprintf(stderr, "%s; the last error was %u: %s\n", what, error_code, error_text);
    exit(1);
}

static void hear(void) {
    ssize_t more = recv(server, (char *)events + event_bytes, sizeof events - event_bytes, MSG_DONTWAIT);
    if (more < 0 && errno == EAGAIN) return;
    if (more <= 0) {
        is_over = 1;
        return;
    }
    event_bytes += (size_t)more;
    size_t at = 0;
    while (event_bytes >= at + 8 && event_bytes >= at + (events[at / 4 + 1] >> 16)) {
        uint32_t *event = &events[at / 4], opcode = event[1] & 0xffff, size = event[1] >> 16;
        if (event[0] == 1 && opcode == 0) {
            error_code = event[3];
            snprintf(error_text, sizeof error_text, "%s", (char *)&event[5]);
            is_over = 1;
        } else if (event[0] >= FIRST && event[0] < 1 << 17 && opcode == 0 && size == 12) {
            // Of a wl_callback, an xdg_surface, or a zxdg_toplevel_decoration_v1.
            is_answered[event[0]] = 1;
            serials[event[0]] = event[2];
            configures++;
        }
        at += size;
    }
    memmove(events, (char *)events + at, event_bytes - at);
    event_bytes -= at;
}

// Sends what there is, and hears meanwhile.
static void flush(void) {
    size_t done = 0, size = output_count * 4;
    while (done < size && !is_over) {
        struct pollfd item = {server, (short)(POLLOUT | (is_deaf ? 0 : POLLIN)), 0};
        // Nobody waits for who is deaf.
        if (poll(&item, 1, is_deaf ? 1000 : -1) == 0) break;
        if (item.revents & POLLIN) hear();
        if (!(item.revents & ~POLLIN)) continue;
        ssize_t count = send(server, (char *)output + done, size - done, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count > 0) {
            done += (size_t)count;
        } else if (errno != EAGAIN) {
            // It was said why.
            while (!is_over) hear();
        }
    }
    output_count = 0;
}

static void put(uint32_t object, uint32_t opcode, const uint32_t *words, size_t count) {
    if (output_count + count + 2 > sizeof output / 4) flush();
    output[output_count++] = object;
    output[output_count++] = (uint32_t)(count + 2) << 18 | opcode;
    memcpy(&output[output_count], words, count * 4);
    output_count += count;
}

#define REQUEST(object, opcode, ...)                            \
    put(object, opcode, (const uint32_t[]){__VA_ARGS__ __VA_OPT__(, ) 0}, \
        sizeof((const uint32_t[]){__VA_ARGS__ __VA_OPT__(, ) 0}) / 4 - 1)

static void put_text(uint32_t object, uint32_t opcode, const char *text) {
    static uint32_t words[1024];
    size_t length = strlen(text) + 1, count = (length + 3) / 4;
    words[0] = (uint32_t)length;
    words[count] = 0;
    memcpy(&words[1], text, length);
    put(object, opcode, words, count + 1);
}

// Until all was served; who is ended before that says so in `is_over`.
static void settle(void) {
    uint32_t callback = next_id++;
    REQUEST(1, 0, callback);
    flush();
    while (!is_answered[callback] && !is_over) {
        struct pollfd item = {server, POLLIN, 0};
        poll(&item, 1, -1);
        hear();
    }
}

static void wait_for_all(void) {
    settle();
    if (is_over) fail("the connection was ended");
}

// What was sent is an error.
static void must_end(uint32_t code) {
    settle();
    char what[64];
    snprintf(what, sizeof what, "this is no error with code %u", code);
    if (!is_over || error_code != code) fail(what);
    close(server);
}

// A new connection, with all globals and the buffer.
static void begin(void) {
    server = connect_to_server();
    next_id = FIRST;
    is_deaf = is_over = configures = 0;
    error_code = 0;
    event_bytes = output_count = 0;
    memset(is_answered, 0, sizeof is_answered);
    memset(acked, 0, sizeof acked);
    error_text[0] = 0;
    bind_as(server, "xdg_wm_base", 3, BASE);
    bind_as(server, "wl_compositor", 4, COMPOSITOR);
    bind_as(server, "wl_seat", 5, SEAT);
    bind_as(server, "wp_single_pixel_buffer_manager_v1", 1, PIXELS);
    bind_as(server, "wl_data_device_manager", 3, DATA);
    bind_as(server, "wp_viewporter", 1, VIEWPORTER);
    bind_as(server, "zxdg_decoration_manager_v1", 1, DECORATIONS);
    REQUEST(PIXELS, 1, PIXEL, 0, 0, 0x80000000, 0x80000000);
}

// MARK: Windows and menus

// A surface with an xdg_surface, whose id is the next one.
static uint32_t make_surface(void) {
    uint32_t surface = next_id;
    next_id += 2;
    REQUEST(COMPOSITOR, 0, surface);
    REQUEST(BASE, 2, surface + 1, surface);
    return surface;
}

// Its xdg_toplevel has the id after that.
static uint32_t make_window(void) {
    uint32_t surface = make_surface();
    REQUEST(surface + 1, 1, next_id++);
    return surface;
}

// So has its xdg_popup.
static uint32_t make_popup(uint32_t parent, uint32_t positioner) {
    uint32_t surface = make_surface();
    REQUEST(surface + 1, 2, next_id++, parent ? parent + 1 : 0, positioner);
    return surface;
}

static uint32_t make_positioner(uint32_t width, uint32_t height) {
    uint32_t positioner = next_id++;
    REQUEST(BASE, 1, positioner);
    REQUEST(positioner, 1, width, height);
    REQUEST(positioner, 2, 0, 0, 1, 1);
    return positioner;
}

static void commit(uint32_t surface) { REQUEST(surface, 6); }

// Once only.
static void acknowledge(uint32_t surface) {
    uint32_t serial = serials[surface + 1];
    if (acked[surface + 1] != serial) REQUEST(surface + 1, 4, serial);
    acked[surface + 1] = serial;
}

static void attach(uint32_t surface, uint32_t buffer, uint32_t x, uint32_t y) {
    REQUEST(surface, 1, buffer, x, y);
    commit(surface);
}

// All of them appear, those below first.
static void show(const uint32_t *surfaces, int count) {
    for (int i = 0; i < count; i++) commit(surfaces[i]);
    wait_for_all();
    for (int i = 0; i < count; i++) {
        acknowledge(surfaces[i]);
        attach(surfaces[i], PIXEL, 0, 0);
    }
    wait_for_all();
}

static uint32_t shown_window(void) {
    uint32_t window = make_window();
    show(&window, 1);
    return window;
}

static void stretch(uint32_t surface, uint32_t width, uint32_t height) {
    uint32_t viewport = next_id++;
    REQUEST(VIEWPORTER, 1, viewport, surface);
    REQUEST(viewport, 2, width, height);
}

// Popups on a window, each of them with others that stand on one another.
static int make_tree(uint32_t *popups, uint32_t window, uint32_t positioner, int width, int depth) {
    int count = 0;
    for (int i = 0; i < width; i++) {
        uint32_t below = window;
        for (int j = 0; j < depth; j++) below = popups[count++] = make_popup(below, positioner);
    }
    return count;
}

enum { LEAST = 0x80000000, MOST = 0x7fffffff };

// MARK: Scenes

static void parents(int count) {
    for (int attempt = 0; attempt < 3; attempt++) {
        int length = (int[]){1, 2, 1000}[attempt];
        begin();
        uint32_t first = make_window(), last = first;
        for (int i = 1; i < length; i++) {
            uint32_t window = make_window();
            REQUEST(window + 2, 1, last + 2);
            last = window;
        }
        REQUEST(first + 2, 1, last + 2);
        must_end(1);
    }
    // As long a chain as there can be, that somebody gets for parents again and again.
    begin();
    uint32_t last = 0;
    for (int i = 0; i < count; i++) {
        uint32_t window = make_window();
        if (last) REQUEST(window + 2, 1, last + 2);
        last = window;
    }
    uint32_t another = make_window();
    for (int i = 0; i < count; i++) {
        REQUEST(another + 2, 1, last + 2);
        if (i % 3 == 0) REQUEST(another + 2, 1, 0);
    }
    wait_for_all();
}

static void circles(int count) {
    for (int attempt = 0; attempt < 8; attempt++) {
        begin();
        uint32_t positioner = make_positioner(1, 1), window = make_window(), surface, other;
        uint32_t code = 3;
        switch (attempt) {
        case 0: // itself
            surface = make_surface();
            REQUEST(surface + 1, 2, next_id++, surface + 1, positioner);
            break;
        case 1: // what stands on it
            surface = make_popup(window, positioner);
            other = make_popup(surface, positioner);
            REQUEST(surface + 1, 2, next_id++, other + 1, positioner);
            break;
        case 2: // the same, with its role object gone
            surface = make_popup(window, positioner);
            make_popup(surface, positioner);
            REQUEST(surface + 2, 0);
            code = 2;
            break;
        case 3: // no role
            surface = make_surface();
            make_popup(surface, positioner);
            break;
        case 4: // none
            commit(make_popup(0, positioner));
            break;
        case 5: // one whose role is gone
            REQUEST(window + 2, 0);
            make_popup(window, positioner);
            break;
        case 6: // one that is gone
            REQUEST(window + 2, 0);
            REQUEST(window + 1, 0);
            surface = make_surface();
            REQUEST(surface + 1, 2, next_id++, window + 1, positioner);
            code = 1;
            break;
        case 7: // a window that would become a popup
            other = make_window();
            REQUEST(window + 2, 0);
            REQUEST(window + 1, 2, next_id++, other + 1, positioner);
            code = 0;
            break;
        }
        must_end(code);
    }
    // A popup that goes from one to the other of those that stood on it.
    begin();
    uint32_t positioner = make_positioner(1, 1), window = make_window();
    uint32_t one = make_surface(), other = make_surface();
    for (int i = 0; i < count; i++) {
        uint32_t first = next_id++, second = next_id++;
        uint32_t below = i % 2 ? one : other, above = i % 2 ? other : one;
        REQUEST(below + 1, 2, first, window + 1, positioner);
        REQUEST(above + 1, 2, second, below + 1, positioner);
        REQUEST(second, 0);
        REQUEST(first, 0);
    }
    wait_for_all();
}

static void depths(int count) {
    // wl_display.no_memory: too deep, and too many on one.
    for (int i = 0; i < count; i++) {
        begin();
        static uint32_t popups[4096];
        uint32_t window = make_window();
        make_tree(popups, window, make_positioner(1, 1), i % 2 ? 3000 : 1, i % 2 ? 1 : 3000);
        must_end(2);
    }
}

static void menus(int count) {
    static uint32_t popups[4096];
    begin();
    uint32_t positioner = make_positioner(1, 1);
    for (int depth = 60, width = count / 60;;) {
        uint32_t window = shown_window();
        int made = make_tree(popups, window, positioner, width, depth);
        show(popups, made);
        // Its parent shows nothing any more, and then again; and then it isn't a window any more, again and again.
        attach(window, 0, 0, 0);
        show(&window, 1);
        REQUEST(window + 2, 0);
        for (int i = 0; i < 300; i++) {
            uint32_t toplevel = next_id++;
            REQUEST(window + 1, 1, toplevel);
            REQUEST(toplevel, 0);
        }
        wait_for_all();
        for (int i = made; i-- > 0;) {
            REQUEST(popups[i] + 2, 0);
            REQUEST(popups[i] + 1, 0);
            REQUEST(popups[i], 0);
        }
        REQUEST(window + 1, 0);
        REQUEST(window, 0);
        if (depth == 1) break;
        width = 250;
        depth = 1;
    }
    // Each parent of some is destroyed while they are shown, as are those of popups.
    uint32_t window = shown_window();
    show(popups, make_tree(popups, window, positioner, count / 60, 60));
    REQUEST(window + 2, 0);
    REQUEST(window + 1, 0);
    REQUEST(window, 0);
    wait_for_all();
}

static void reactive(int count) {
    static uint32_t popups[4096];
    begin();
    uint32_t window = make_window();
    stretch(window, 100, 100);
    show(&window, 1);
    uint32_t positioner = make_positioner(10, 10);
    REQUEST(positioner, 3, 8);
    REQUEST(positioner, 4, 8);
    REQUEST(positioner, 5, 63);
    REQUEST(positioner, 7);
    int made = make_tree(popups, window, positioner, count / 60, 60);
    show(popups, made);
    // The window goes here and there, and all of them want to be elsewhere.
    for (uint32_t i = 0; i < 20; i++) {
        attach(window, PIXEL, i % 2 ? 300 : -300u, i % 2 ? 200 : -200u);
        wait_for_all();
        usleep(20000);
        for (int j = 0; j < made; j++) {
            acknowledge(popups[j]);
            commit(popups[j]);
        }
    }
    wait_for_all();
}

static void grabs(int count) {
    begin();
    uint32_t theirs = shown_window();
    uint32_t seen = serials[theirs + 1];
    // Ends nobody: it stays as it is, and others use what it was told.
    begin();
    uint32_t positioner = make_positioner(1, 1), window = shown_window();
    uint32_t pointer = next_id++, device = next_id++, picture = next_id++, icon = next_id++;
    REQUEST(SEAT, 0, pointer);
    REQUEST(DATA, 1, device, SEAT);
    REQUEST(COMPOSITOR, 0, picture);
    REQUEST(COMPOSITOR, 0, icon);
    for (int i = 0; i < count; i++) {
        uint32_t own = serials[window + 1];
        uint32_t serial = (uint32_t[]){0, 1, seen, own, seen + 1, own + (uint32_t)i, LEAST, UINT32_MAX}[i % 8];
        uint32_t popup = make_popup(window, positioner), above = make_popup(popup, positioner);
        REQUEST(popup + 2, 1, SEAT, serial);
        REQUEST(above + 2, 1, SEAT, serial);
        commit(popup);
        commit(above);
        REQUEST(window + 2, 4, SEAT, serial, LEAST, MOST);
        REQUEST(window + 2, 5, SEAT, serial);
        for (uint32_t edges = 0; edges < 11; edges += edges == 2 || edges == 6 ? 2 : 1) {
            REQUEST(window + 2, 6, SEAT, serial, edges);
        }
        uint32_t source = next_id++;
        REQUEST(DATA, 0, source);
        REQUEST(device, 0, i % 2 ? source : 0, window, i % 3 ? icon : 0, serial);
        REQUEST(device, 1, source, serial);
        REQUEST(source, 1);
        REQUEST(pointer, 0, serial, i % 4 ? picture : 0, LEAST, MOST);
        attach(picture, PIXEL, 0, 0);
        REQUEST(above + 2, 0);
        REQUEST(popup + 2, 0);
        for (int j = 0; j < 2; j++) {
            REQUEST((j ? popup : above) + 1, 0);
            REQUEST(j ? popup : above, 0);
        }
        if (i % 100 == 0) wait_for_all();
    }
    wait_for_all();
    for (int attempt = 0; attempt < 4; attempt++) {
        begin();
        positioner = make_positioner(1, 1);
        window = shown_window();
        pointer = next_id++;
        REQUEST(SEAT, 0, pointer);
        uint32_t popup = make_popup(window, positioner);
        switch (attempt) {
        case 0: // shown already
            show(&popup, 1);
            REQUEST(popup + 2, 1, SEAT, seen);
            must_end(0);
            break;
        case 1: // no edge
            REQUEST(window + 2, 6, SEAT, seen, 3);
            must_end(0);
            break;
        case 2: // a picture that is a window
            REQUEST(pointer, 0, seen, window, 0, 0);
            must_end(0);
            break;
        case 3: // a menu on one that isn't in front
            popup = make_popup(popup, positioner);
            REQUEST(popup + 2, 1, SEAT, seen);
            must_end(2);
            break;
        }
    }
}

static void positioners(int count) {
    const uint32_t numbers[] = {LEAST, LEAST + 1, -1u, 0, 1, MOST - 1, MOST};
    for (int attempt = 0; attempt < 7; attempt++) {
        begin();
        uint32_t positioner = make_positioner(1, 1), window = shown_window(), code = 0, part, popup;
        switch (attempt) {
        case 0: REQUEST(positioner, 1, LEAST, MOST); break;
        case 1: REQUEST(positioner, 1, 0, 1); break;
        case 2: REQUEST(positioner, 2, 0, 0, MOST, LEAST); break;
        case 3: REQUEST(positioner, 3, 9); break;
        case 4: REQUEST(positioner, 4, UINT32_MAX); break;
        default: // not complete
            part = next_id++;
            REQUEST(BASE, 1, part);
            popup = make_popup(window, attempt == 5 ? part : positioner);
            if (attempt == 6) REQUEST(popup + 2, 2, part, 1);
            code = 5;
        }
        must_end(code);
    }
    begin();
    uint32_t window = shown_window(), positioner = make_positioner(1, 1), chain[60];
    make_tree(chain, window, positioner, 1, 60);
    show(chain, 60);
    uint32_t seed = 1;
    for (int i = 0; i < count; i++) {
        uint32_t any[8];
        for (int j = 0; j < 8; j++) any[j] = (seed = seed * 1664525 + 1013904223) >> 16;
        REQUEST(positioner, 1, any[0] % 4 ? MOST : 1, any[0] % 3 ? MOST : 1);
        uint32_t width = numbers[3 + any[3] % 4], height = numbers[3 + any[4] % 4];
        REQUEST(positioner, 2, numbers[any[1] % 7], numbers[any[2] % 7], width, height);
        REQUEST(positioner, 3, any[3] % 9);
        REQUEST(positioner, 4, any[4] % 9);
        REQUEST(positioner, 5, (uint32_t[]){0, 63, UINT32_MAX, any[5]}[any[5] % 4]);
        REQUEST(positioner, 6, numbers[any[6] % 7], numbers[any[7] % 7]);
        REQUEST(positioner, 7);
        REQUEST(positioner, 8, numbers[any[0] % 7], numbers[any[1] % 7]);
        REQUEST(positioner, 9, any[2]);
        for (int j = 0; j < 60; j += 1 + (int)any[6] % 60) REQUEST(chain[j] + 2, 2, positioner, (uint32_t)i);
        // What it says is read and taken now and then, which takes all of them to where nothing is.
        if (i % 20) continue;
        wait_for_all();
        for (int j = 0; j < 60; j++) {
            acknowledge(chain[j]);
            attach(chain[j], PIXEL, 0, 0);
        }
    }
    wait_for_all();
}

// Characters of many scripts, of which the first is the lowest and the last follows it so far.
static const struct { uint32_t first, count; } scripts[] = {
    {0x41, 26}, {0xc0, 60}, {0x370, 100}, {0x400, 200}, {0x531, 38}, {0x5d0, 27}, {0x620, 43}, {0x904, 54}, {0xb85, 53},
    {0xe01, 58}, {0xf40, 44}, {0x1100, 200}, {0x13a0, 80}, {0x1780, 50}, {0x200b, 5}, {0x202a, 5}, {0x2200, 200},
    {0x3041, 86}, {0x4e00, 20000}, {0xac00, 11000}, {0xe000, 6000}, {0xfe00, 16}, {0x10330, 26}, {0x1d400, 80},
    {0x1f1e6, 26}, {0x1f300, 700}, {0x20000, 40000}, {0xe0020, 96}, {0x10fff0, 14}};

static char *character(char *at, uint32_t code) {
    if (code < 0x80) {
        *at++ = (char)code;
        return at;
    }
    int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    *at++ = (char)((uint32_t[]){0, 0xc0, 0xe0, 0xf0}[more] | code >> 6 * more);
    while (more-- > 0) *at++ = (char)(0x80 | (code >> 6 * more & 63));
    return at;
}

// With a title bar; the object that says so has the id after the window's.
static uint32_t decorated_window(void) {
    uint32_t window = make_window();
    REQUEST(DECORATIONS, 1, next_id++, window + 2);
    stretch(window, 470, 20);
    show(&window, 1);
    return window;
}

static void titles(int count) {
    begin();
    uint32_t window = decorated_window(), decoration = window + 3;
    for (int i = 0; i < count; i++) {
        static char text[4096];
        char *at = text, *end = text + (i % 3 ? 100 : 4050);
        int kinds = (int)(sizeof scripts / sizeof *scripts);
        for (uint32_t j = 0; at < end; j++) {
            if (i % 3 == 2) {
                // Marks on one letter, which have an order; only the last differ from one title to the next.
                at = character(at, !j ? 'e' : at + 8 > end ? 0x300 + (uint32_t)i % 16 : j % 2 ? 0x301 : 0x316);
            } else {
                int script = i % 2 ? i % kinds : (int)(j / 3) % kinds;
                at = character(at, scripts[script].first + (j * 7 + (uint32_t)i) % scripts[script].count);
            }
        }
        *at = 0;
        put_text(window + 2, i % 10 == 9 ? 3 : 2, text);
        if (i % 7 == 0) commit(window);
        if (i % 1000 == 0) REQUEST(decoration, 1, 1 + (uint32_t)i / 1000 % 2);
        if (i % 500 == 0) {
            wait_for_all();
            acknowledge(window);
        }
    }
    wait_for_all();
}

// As many marks on one letter as there is room for, in an order that isn't the canonical one.
static void marks(int count) {
    begin();
    uint32_t window = decorated_window();
    for (int i = 0; i < count; i++) {
        static char text[4096];
        char *at = character(text, 'e');
        for (uint32_t j = 0; at < text + 4050; j++) at = character(at, j < 1000 ? 0x301 : 0x316);
        at = character(at, i % 2 ? 0x317 : 0x318);
        *at = 0;
        put_text(window + 2, 2 + (uint32_t)(i % 4 / 3), text);
    }
    wait_for_all();
}

static void sizes(int count) {
    for (int attempt = 0; attempt < 9; attempt++) {
        begin();
        uint32_t window = shown_window(), serial = serials[window + 1], code = 2;
        switch (attempt) {
        case 0: REQUEST(window + 2, 7, LEAST, 1); break;
        case 1: REQUEST(window + 2, 8, 1, -1u); break;
        case 2:
            REQUEST(window + 2, 7, 1, 1);
            REQUEST(window + 2, 8, MOST, MOST);
            commit(window);
            break;
        case 3:
            REQUEST(window + 1, 3, 0, 0, 0, MOST);
            code = 5;
            break;
        case 4:
            REQUEST(window + 1, 3, MOST, LEAST, LEAST, LEAST);
            code = 5;
            break;
        case 5:
            REQUEST(make_surface() + 1, 4, serial);
            code = 1;
            break;
        default:
            // One that it has acked, and some that it was never told.
            REQUEST(window + 1, 4, (uint32_t[]){0, acked[window + 1], serial + 100000}[attempt - 6]);
            code = 4;
        }
        must_end(code);
    }
    begin();
    const uint32_t numbers[] = {LEAST, -1u, 0, 1, 40, MOST};
    uint32_t window = make_window();
    stretch(window, 100, 100);
    show(&window, 1);
    for (int i = 0; i < count; i++) {
        REQUEST(window + 2, 7, numbers[2 + i % 4], numbers[2 + i / 4 % 4]);
        REQUEST(window + 2, 8, 0, i % 16 == 15 ? MOST : 0);
        REQUEST(window + 1, 3, numbers[i % 6], numbers[i / 6 % 6], numbers[3 + i % 3], numbers[3 + i / 3 % 3]);
        if (i % 3 == 0) REQUEST(window + 2, 9 + (uint32_t)i / 3 % 2);
        commit(window);
        if (i % 30) continue;
        // Each that was sent, one after the other.
        wait_for_all();
        acknowledge(window);
    }
    wait_for_all();
}

// Asks for states, with one that it can't bring itself back from among them.
static void ask_for_states(uint32_t window, int count) {
    for (int i = 0; i < count; i++) {
        REQUEST(window + 2, 9);
        REQUEST(window + 2, 13);
        REQUEST(window + 2, 11, 0);
        REQUEST(window + 2, 10);
        REQUEST(window + 2, 12);
    }
}

static void states(int count) {
    begin();
    uint32_t window = shown_window();
    acknowledge(window);
    for (int i = 0; i < 300; i++) {
        wait_for_all();
        configures = 0;
        ask_for_states(window, 1);
        wait_for_all();
        // With the answer itself. What is minimised stays so.
        if (configures != 5 + (i == 0)) fail("not each of the requests that change something gave a configure");
        acknowledge(window);
        commit(window);
    }
    // The same without hearing anything, with a window that isn't shown among them.
    begin();
    uint32_t windows[100];
    for (int i = 0; i < 100; i++) windows[i] = make_window();
    show(windows, 99);
    is_deaf = 1;
    for (int i = 0; i < count; i++) ask_for_states(windows[i % 100], 100);
    flush();
    is_deaf = 0;
    wait_for_all();
    // What it was too much for is told once there is room.
    configures = 0;
    for (int i = 0; i < 99; i++) acknowledge(windows[i]);
    wait_for_all();
    if (configures < count / 2) fail("what had to wait never came");
}

static void devices(int count) {
    for (int times = 0; times < 2; times++) {
        begin();
        if (times == 0) shown_window();
        is_deaf = times;
        uint32_t first = next_id;
        for (int i = 0; i < count && !is_over; i++) {
            REQUEST(SEAT, 0, next_id++);
            REQUEST(SEAT, 1, next_id++);
            REQUEST(SEAT, 2, next_id++);
            REQUEST(BASE, 1, next_id++);
        }
        // The oldest ones go, and the focus with its window.
        for (uint32_t id = first; id < first + 4000 && !is_over; id += 4) {
            REQUEST(id, 1);
            REQUEST(id + 1, 0);
            REQUEST(id + 2, 0);
            REQUEST(id + 3, 0);
        }
        flush();
        if (times == 0) shown_window();
    }
}

// Many windows, each with a popup, of many processes that die at the same moment.
static void dying(int count) {
    pid_t children[4];
    int ready[2];
    if (pipe(ready) < 0) fail("there is no pipe");
    for (int i = 0; i < 4; i++) {
        if ((children[i] = fork()) != 0) continue;
        static uint32_t all[4096];
        begin();
        uint32_t positioner = make_positioner(1, 1);
        for (int j = 0; j < count / 4; j++) {
            all[2 * j] = make_window();
            all[2 * j + 1] = make_popup(all[2 * j], positioner);
        }
        show(all, count / 4 * 2);
        // Which is the one in front of all, where nobody is faster.
        for (int j = 0; j < 500; j++) commit(all[count / 4 * 2 - 2]);
        wait_for_all();
        if (write(ready[1], "x", 1) < 1) fail("there is nobody");
        while (1) pause();
    }
    close(ready[1]);
    char byte;
    for (int i = 0; i < 4; i++) {
        if (read(ready[0], &byte, 1) < 1) fail("not all windows were shown");
    }
    for (int i = 0; i < 4; i++) kill(children[i], SIGKILL);
    for (int i = 0; i < 4; i++) waitpid(children[i], NULL, 0);
}

void play(const char *what, int count) {
    static const struct {
        const char *name;
        void (*body)(int);
    } scenes[] = {
        {"parents", parents}, {"circles", circles}, {"depths", depths}, {"menus", menus}, {"reactive", reactive},
        {"grabs", grabs}, {"positioners", positioners}, {"titles", titles}, {"marks", marks}, {"sizes", sizes},
        {"states", states}, {"devices", devices}, {"dying", dying}};
    for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++) {
        if (strcmp(scenes[i].name, what) == 0) return scenes[i].body(count);
    }
    exit(64);
}
