// A load generator that is nobody's own: many TFTP clients on one socket, each with an address of
// its own, that speak to all servers alike. And a server that only answers, to see what the
// generator itself can take. Built and called by ./bench tftp; Linux only.
//
//   neutral read SERVER PORT NAME COPY PID KEY=VALUE…
//     clients=N    ask at one moment (1), from the addresses 10.78.0.1 and up
//     blksize=N    (512)     windowsize=N (1)    asked for where they are not the default
//     wait=N       microseconds that a client waits before each ACK (0)
//     seconds=N    how long is measured, from when all have their first block (2)
//     stamps=1     time ACK in to DATA out at the server's end: needs one client
//     whole=1      each reads the file to its end; measured is how long that takes, from its request on,
//                  and who gives up; `seconds` is how long is waited for the last
//     timer=N      milliseconds of silence after which a client repeats what it sent last (1000)
//     tries=N      so many repeats without progress and it gives up (whole=1; 6)
//     spread=N     milliseconds over which the requests are spread evenly (whole=1; 0)
//   neutral answer ADDRESS PORT FILE
//
// PID is the server: its namespace holds the server's end of the wire, and its processor time is
// counted with that of its children. NAME must be too large to be read in that time, but for whole=1;
// every block is compared with COPY. The result is one line of JSON, in which last_first and what ends
// in _ms are in milliseconds.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { RRQ = 1, DATA = 3, ACK = 4, ERROR = 5, OACK = 6 };

#define BATCH 64           // packets in one system call
#define LARGEST 65536      // bytes of a packet
#define MOST_CLIENTS 16384 // that many addresses
#define FIRST_ADDRESS 0x0a4e0001u // 10.78.0.1
#define SOCKET_BYTES (128 << 20)  // a receive buffer in which nothing of ours is lost
#define LONGEST_START 10000000000LL // ns: then it is measured even if some have no block yet

struct client {
    uint64_t next;       // the block that is awaited, counted without wrapping
    uint64_t in_window;  // blocks since the last ACK
    uint32_t blksize, windowsize;
    in_addr_t server;
    in_port_t port;      // the server's for this transfer; 0 before its first packet
    bool done, gap;      // a gap has been reported
    int64_t heard, first; // when: anything, the first block (0: not yet)
    int64_t asked, end;   // when: its first request is due, its last block came (0: not yet)
    unsigned requests, tries;
};

struct batch {
    struct mmsghdr message[BATCH];
    struct iovec part[BATCH];
    struct sockaddr_in name[BATCH];
    char control[BATCH][64];
    int count;
};

static struct client client[MOST_CLIENTS];
static unsigned clients = 1, blksize = 512, windowsize = 1, seconds = 2, wait_us, stamps;
static unsigned whole, timer_ms = 1000, most_tries = 6, spread_ms;
static const char *file_name;
static const uint8_t *copy;
static uint64_t copy_size;
static struct sockaddr_in server;
static int wire;
static uint64_t blocks, bytes, duplicates, gaps, timers, wrong, broken, finished, given_up;
static struct batch in, out;
static uint8_t in_bytes[BATCH][LARGEST], out_bytes[BATCH][LARGEST];

static int64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static uint16_t get16(const uint8_t *at) { return at[0] << 8 | at[1]; }

static void put16(uint8_t *at, uint16_t value) {
    at[0] = value >> 8;
    at[1] = value;
}

static const uint8_t *map_file(const char *path, uint64_t *size) {
    struct stat status;
    int file = open(path, O_RDONLY);
    if (file < 0 || fstat(file, &status)) err(1, "%s", path);
    *size = status.st_size;
    void *at = mmap(NULL, status.st_size, PROT_READ, MAP_SHARED | MAP_POPULATE, file, 0);
    if (at == MAP_FAILED) err(1, "mmap %s", path);
    return at;
}

// ---- batches of packets

static void prepare(struct batch *batch, uint8_t (*buffers)[LARGEST]) {
    for (int i = 0; i < BATCH; i++) {
        batch->part[i] = (struct iovec){ buffers[i], LARGEST };
        batch->message[i].msg_hdr = (struct msghdr){
            .msg_name = &batch->name[i], .msg_namelen = sizeof batch->name[i],
            .msg_iov = &batch->part[i], .msg_iovlen = 1,
            .msg_control = batch->control[i], .msg_controllen = sizeof batch->control[i],
        };
    }
}

static void flush(void) {
    for (int sent = 0; sent < out.count;) {
        int n = sendmmsg(wire, out.message + sent, out.count - sent, 0);
        if (n > 0) sent += n;
        else if (errno == EAGAIN || errno == ENOBUFS) poll(&(struct pollfd){ wire, POLLOUT, 0 }, 1, 1);
        else if (errno != ECONNREFUSED && errno != EINTR) err(1, "send");
    }
    out.count = 0;
}

// Room for a packet from a local address to a peer; the caller fills it and sets its length.
static uint8_t *outgoing(in_addr_t from, struct sockaddr_in to, size_t length) {
    if (out.count == BATCH) flush();
    int i = out.count++;
    struct msghdr *header = &out.message[i].msg_hdr;
    out.name[i] = to;
    header->msg_controllen = CMSG_SPACE(sizeof(struct in_pktinfo));
    struct cmsghdr *control = CMSG_FIRSTHDR(header);
    *control = (struct cmsghdr){ CMSG_LEN(sizeof(struct in_pktinfo)), IPPROTO_IP, IP_PKTINFO };
    struct in_pktinfo info = { .ipi_spec_dst.s_addr = from };
    memcpy(CMSG_DATA(control), &info, sizeof info);
    out.part[i].iov_len = length;
    return out.part[i].iov_base;
}

static int receive(int flags) {
    for (int i = 0; i < BATCH; i++) {
        in.part[i].iov_len = LARGEST;
        in.message[i].msg_hdr.msg_controllen = sizeof in.control[i];
        in.message[i].msg_hdr.msg_namelen = sizeof in.name[i];
    }
    in.count = recvmmsg(wire, in.message, BATCH, flags, NULL);
    return in.count;
}

static in_addr_t received_at(int i) {
    struct msghdr *header = &in.message[i].msg_hdr;
    struct in_pktinfo info;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
        if (c->cmsg_level != IPPROTO_IP || c->cmsg_type != IP_PKTINFO) continue;
        memcpy(&info, CMSG_DATA(c), sizeof info);
        return info.ipi_addr.s_addr;
    }
    return 0;
}

static void open_wire(in_addr_t address, in_port_t port) {
    int one = 1, size = SOCKET_BYTES;
    struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr.s_addr = address, .sin_port = port };
    wire = socket(AF_INET, SOCK_DGRAM, 0);
    setsockopt(wire, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
    setsockopt(wire, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
    setsockopt(wire, IPPROTO_IP, IP_PKTINFO, &one, sizeof one);
    if (bind(wire, (struct sockaddr *)&here, sizeof here)) err(1, "bind");
    prepare(&in, in_bytes);
    prepare(&out, out_bytes);
}

// ---- clients

static in_addr_t address_of(const struct client *c) { return htonl(FIRST_ADDRESS + (c - client)); }

static size_t add(uint8_t *packet, size_t length, const char *text) {
    strcpy((char *)packet + length, text);
    return length + strlen(text) + 1;
}

static void request(struct client *c) {
    uint8_t *packet = outgoing(address_of(c), server, 0);
    char number[16];
    size_t length = 2;
    put16(packet, RRQ);
    length = add(packet, length, file_name);
    length = add(packet, length, "octet");
    if (blksize != 512) {
        snprintf(number, sizeof number, "%u", blksize);
        length = add(packet, add(packet, length, "blksize"), number);
    }
    if (windowsize != 1) {
        snprintf(number, sizeof number, "%u", windowsize);
        length = add(packet, add(packet, length, "windowsize"), number);
    }
    out.part[out.count - 1].iov_len = length;
    c->requests++;
}

static struct sockaddr_in peer_of(const struct client *c) {
    return (struct sockaddr_in){ AF_INET, c->port, { c->server }, { 0 } };
}

static void acknowledge(struct client *c) {
    uint8_t *packet = outgoing(address_of(c), peer_of(c), 4);
    put16(packet, ACK);
    put16(packet + 2, (uint16_t)(c->next - 1));
    c->in_window = 0;
}

// The value of an option in an OACK, or what holds without one.
static unsigned agreed(const uint8_t *packet, size_t length, const char *name, unsigned otherwise) {
    const char *at = (const char *)packet + 2, *end = (const char *)packet + length;
    while (at < end) {
        const char *value = at + strnlen(at, end - at) + 1;
        if (value >= end) break;
        if (!strncasecmp(at, name, value - at)) return atoi(value);
        at = value + strnlen(value, end - value) + 1;
    }
    return otherwise;
}

static void block(struct client *c, const uint8_t *packet, size_t length, int64_t at) {
    uint64_t offset = (c->next - 1) * c->blksize;
    int16_t ahead = (int16_t)(get16(packet + 2) - (uint16_t)c->next);
    if (ahead < 0) {
        duplicates++;
        if (c->windowsize == 1) acknowledge(c);
        return;
    }
    if (ahead > 0) {
        gaps++;
        if (!c->gap) acknowledge(c);
        c->gap = true;
        return;
    }
    c->gap = false;
    c->tries = 0;
    if (!c->first) c->first = at;
    length -= 4;
    if (offset + length > copy_size || memcmp(copy + offset, packet + 4, length)) wrong++;
    c->next++;
    blocks++;
    bytes += length;
    bool last = length < c->blksize;
    if (++c->in_window >= c->windowsize || last) acknowledge(c);
    if (last) c->done = true, c->end = at, finished++;
}

static void packet(int i, int64_t at) {
    uint32_t number = ntohl(received_at(i)) - FIRST_ADDRESS;
    size_t length = in.message[i].msg_len;
    const uint8_t *bytes_in = in_bytes[i];
    if (number >= clients || length < 4) return;
    struct client *c = &client[number];
    if (c->port && c->port != in.name[i].sin_port) return; // a second transfer for a repeated request
    if (c->done) return;
    c->heard = at;
    c->server = in.name[i].sin_addr.s_addr;
    c->port = in.name[i].sin_port;
    switch (get16(bytes_in)) {
    case OACK:
        if (c->next > 1) break;
        c->blksize = agreed(bytes_in, length, "blksize", 512);
        c->windowsize = agreed(bytes_in, length, "windowsize", 1);
        acknowledge(c);
        break;
    case DATA: block(c, bytes_in, length, at); break;
    case ERROR: c->done = true, broken++; break;
    }
}

static void fire_timers(int64_t at) {
    for (unsigned i = 0; i < clients; i++) {
        struct client *c = &client[i];
        if (c->done) continue;
        if (!c->requests && at >= c->asked) {
            c->heard = at;
            request(c);
        }
        if (!c->requests || at - c->heard < timer_ms * 1000000LL) continue;
        timers++;
        c->heard = at;
        if (whole && ++c->tries > most_tries) {
            c->done = true;
            given_up++;
            continue;
        }
        if (c->port) acknowledge(c);
        else request(c);
    }
    flush();
}

// Runs the clients until a moment, or until `enough` says so.
static void run(int64_t until, bool (*enough)(void)) {
    int64_t looked = now(), at;
    while ((at = now()) < until && !(enough && enough())) {
        if (at - looked > 10000000) fire_timers(looked = at);
        if (receive(MSG_WAITFORONE) < 0) continue; // SO_RCVTIMEO: the timers are looked at again
        at = now();
        for (int i = 0; i < in.count; i++) packet(i, at);
        if (wait_us) usleep(wait_us);
        flush();
    }
}

static bool all_begun(void) {
    for (unsigned i = 0; i < clients; i++)
        if (!client[i].first && !client[i].done) return false;
    return true;
}

static bool all_done(void) { return finished + given_up + broken == clients; }

// ---- what the server uses, and what its end of the wire sees

// Nanoseconds of processor of a process with all its threads, and of its children.
static int64_t processor(int pid) {
    struct timespec t = { 0 };
    char path[64];
    int child;
    clock_gettime((clockid_t)((~(unsigned)pid << 3) | 2), &t); // clock_getcpuclockid(3)
    int64_t sum = t.tv_sec * 1000000000LL + t.tv_nsec;
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", pid, pid);
    FILE *children = fopen(path, "r");
    while (children && fscanf(children, "%d", &child) == 1) sum += processor(child);
    if (children) fclose(children);
    return sum;
}

// The counters of the namespace of a process, which may end meanwhile.
static FILE *counters(const char *process) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%s/net/snmp", process);
    FILE *file = fopen(path, "r");
    if (!file) err(1, "%s", path);
    return file;
}

// UdpRcvbufErrors among them.
static long overflows(FILE *from) {
    char line[512];
    long value = 0;
    rewind(from);
    while (fgets(line, sizeof line, from)) sscanf(line, "Udp: %*d %*d %*d %*d %ld", &value);
    return value;
}

#define FRAME 256
#define FRAMES (1 << 18)
static uint8_t *ring;

// A packet socket at the server's end: the kernel stamps each packet into a ring that is read
// afterwards, so that watching takes no processor from those who are watched.
static void watch(int pid) {
    char path[64];
    int own = open("/proc/self/ns/net", O_RDONLY), version = TPACKET_V2;
    snprintf(path, sizeof path, "/proc/%d/ns/net", pid);
    int other = open(path, O_RDONLY);
    if (other < 0 || setns(other, CLONE_NEWNET)) err(1, "%s", path);
    int tap = socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_ALL));
    if (tap < 0 || setns(own, CLONE_NEWNET)) err(1, "packet socket");
    struct tpacket_req size = { .tp_block_size = 1 << 16, .tp_block_nr = (FRAMES / (1 << 16)) * FRAME,
                                .tp_frame_size = FRAME, .tp_frame_nr = FRAMES };
    if (setsockopt(tap, SOL_PACKET, PACKET_VERSION, &version, sizeof version) ||
        setsockopt(tap, SOL_PACKET, PACKET_RX_RING, &size, sizeof size))
        err(1, "packet ring");
    ring = mmap(NULL, (size_t)FRAME * FRAMES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, tap, 0);
    if (ring == MAP_FAILED) err(1, "packet ring");
}

static int by_size(const void *a, const void *b) {
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

// Prints the times from an ACK's arrival to the departure of the block that it asks for.
static void print_stamps(void) {
    static double time_of[FRAMES];
    int64_t arrived = 0;
    int count = 0, awaited = -1;
    for (int i = 0; i < FRAMES; i++) {
        struct tpacket2_hdr *header = (void *)(ring + (size_t)i * FRAME);
        if (!(header->tp_status & TP_STATUS_USER)) break;
        struct sockaddr_ll *link = (void *)((uint8_t *)header + TPACKET_ALIGN(sizeof *header));
        struct iphdr *ip = (void *)((uint8_t *)header + header->tp_net);
        if (ip->version != 4 || ip->protocol != IPPROTO_UDP) continue;
        const uint8_t *tftp = (uint8_t *)ip + ip->ihl * 4 + sizeof(struct udphdr);
        int64_t at = header->tp_sec * 1000000000LL + header->tp_nsec;
        if (link->sll_pkttype != PACKET_OUTGOING && get16(tftp) == ACK) {
            arrived = at;
            awaited = (get16(tftp + 2) + 1) & 0xffff;
        } else if (link->sll_pkttype == PACKET_OUTGOING && get16(tftp) == DATA && get16(tftp + 2) == awaited) {
            time_of[count++] = (at - arrived) / 1e3;
            awaited = -1;
        }
    }
    if (!count) return;
    qsort(time_of, count, sizeof *time_of, by_size);
    printf("\"turnaround_p50\":%.2f,\"turnaround_p99\":%.2f,\"stamps\":%d,",
           time_of[count / 2], time_of[count * 99 / 100], count);
}

// ---- the two programs

static int read_all(char **args) {
    int pid = atoi(args[4]);
    server = (struct sockaddr_in){ AF_INET, htons(atoi(args[1])), { inet_addr(args[0]) }, { 0 } };
    file_name = args[2];
    copy = map_file(args[3], &copy_size);
    for (char **arg = args + 5; *arg; arg++) {
        struct { const char *name; unsigned *value; } known[] = {
            { "clients=", &clients }, { "blksize=", &blksize }, { "windowsize=", &windowsize },
            { "wait=", &wait_us }, { "seconds=", &seconds }, { "stamps=", &stamps },
            { "whole=", &whole }, { "timer=", &timer_ms }, { "tries=", &most_tries },
            { "spread=", &spread_ms },
        };
        const size_t count = sizeof known / sizeof *known;
        size_t i = 0;
        while (i < count && strncmp(*arg, known[i].name, strlen(known[i].name))) i++;
        if (i == count) errx(2, "no such option: %s", *arg);
        *known[i].value = atoi(*arg + strlen(known[i].name));
    }
    if (!clients || clients > MOST_CLIENTS) errx(2, "1 to %d clients", MOST_CLIENTS);
    prctl(PR_SET_TIMERSLACK, 1);
    open_wire(INADDR_ANY, 0);
    struct timeval patience = { .tv_usec = 10000 };
    setsockopt(wire, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (stamps) watch(pid);

    char process[16];
    snprintf(process, sizeof process, "%d", pid);
    FILE *theirs = counters(process), *ours = counters("self");
    long overflow = overflows(theirs), own_overflow = overflows(ours);
    int64_t asked = now();
    for (unsigned i = 0; i < clients; i++) {
        client[i] = (struct client){ .next = 1, .blksize = 512, .windowsize = 1, .heard = asked };
        client[i].asked = asked + spread_ms * 1000000LL * i / clients;
        if (!spread_ms) request(&client[i]);
    }
    flush();
    if (!whole) run(asked + LONGEST_START, all_begun);

    int64_t used = processor(pid), began = now();
    uint64_t blocks_before = blocks, bytes_before = bytes;
    run(began + seconds * 1000000000LL, whole ? all_done : NULL);
    double lasted = (now() - began) / 1e9;
    double counted = blocks - blocks_before, moved = bytes - bytes_before;
    used = processor(pid) - used;

    static double took[MOST_CLIENTS];
    int64_t last = 0;
    unsigned repeated = 0, unserved = 0, ended = 0;
    for (unsigned i = 0; i < clients; i++) {
        struct client *c = &client[i];
        if (c->first - c->asked > last) last = c->first - c->asked;
        if (c->end) took[ended++] = (c->end - c->asked) / 1e6;
        repeated += c->requests > 1;
        unserved += !c->first;
        if (!c->port || c->done) continue;
        memcpy(outgoing(address_of(c), peer_of(c), 9), "\0\5\0\0done", 9); // ends the transfer
    }
    flush();
    printf("{");
    if (stamps) print_stamps();
    if (whole && ended) {
        qsort(took, ended, sizeof *took, by_size);
        printf("\"p50_ms\":%.0f,\"p99_ms\":%.0f,\"longest_ms\":%.0f,", took[ended / 2],
               took[ended * 99 / 100], took[ended - 1]);
    }
    if (whole) printf("\"failed\":%u,\"lasted\":%.2f,", clients - ended, lasted);
    printf("\"megabytes\":%.3f,\"blocks\":%.0f,\"us_per_block\":%.3f,\"s_per_gb\":%.4f,", moved / lasted / 1e6,
           counted, counted ? used / 1e3 / counted : 0, moved ? used / moved : 0);
    printf("\"repeated_requests\":%u,\"unserved\":%u,\"last_first\":%.2f,\"timers\":%lu,", repeated,
           unserved, last / 1e6, timers);
    printf("\"duplicates\":%lu,\"gaps\":%lu,\"wrong\":%lu,\"broken\":%lu,\"finished\":%lu,", duplicates,
           gaps, wrong, broken, finished);
    printf("\"overflows\":%ld,\"own_overflows\":%ld}\n", overflows(theirs) - overflow,
           overflows(ours) - own_overflow);
    return wrong != 0;
}

// Answers every request and every ACK. It remembers one blksize and one window, those of the last
// request, and of each client how far it is.
static void answer_all(char **args) {
    unsigned size = 512, window = 1;
    copy = map_file(args[2], &copy_size);
    open_wire(inet_addr(args[0]), htons(atoi(args[1])));
    for (;;) {
        if (receive(MSG_WAITFORONE) < 0) continue;
        for (int i = 0; i < in.count; i++) {
            const uint8_t *packet = in_bytes[i];
            size_t length = in.message[i].msg_len;
            struct client *c = &client[ntohl(in.name[i].sin_addr.s_addr) % MOST_CLIENTS];
            if (length < 4 || length >= LARGEST) continue;
            if (get16(packet) == RRQ) {
                size_t options = 2 + strnlen((char *)packet + 2, length - 2) + 1 + sizeof "octet";
                size = agreed(packet + options - 2, length - options + 2, "blksize", 512);
                window = agreed(packet + options - 2, length - options + 2, "windowsize", 1);
                c->next = 0;
                if (options < length) {
                    uint8_t *to = outgoing(received_at(i), in.name[i], length - options + 2);
                    put16(to, OACK);
                    memcpy(to + 2, packet + options, length - options);
                    continue;
                }
            } else if (get16(packet) == ACK) {
                c->next += (int16_t)(get16(packet + 2) - (uint16_t)c->next);
            } else continue;
            for (unsigned n = 1; n <= window; n++) {
                uint64_t offset = (c->next + n - 1) * size;
                if (offset > copy_size) break;
                size_t part = copy_size - offset < size ? copy_size - offset : size;
                uint8_t *to = outgoing(received_at(i), in.name[i], 4 + part);
                put16(to, DATA);
                put16(to + 2, c->next + n);
                memcpy(to + 4, copy + offset, part);
            }
        }
        flush();
    }
}

int main(int count, char **args) {
    if (count >= 7 && !strcmp(args[1], "read")) return read_all(args + 2);
    if (count == 5 && !strcmp(args[1], "answer")) answer_all(args + 2);
    errx(2, "usage: see the first lines of neutral.c");
}
