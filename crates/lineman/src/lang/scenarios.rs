//! What each scenario shows, and what to look at in it.

use super::Lang;

/// A text in both languages.
type Pair = (&'static str, &'static str);

/// What is said of a scenario.
struct Row {
    name: &'static str,
    title: Pair,
    look: Pair,
}

const fn row(name: &'static str, title: Pair, look: Pair) -> Row {
    Row { name, title, look }
}

/// What it shows, in a few words.
pub fn title(name: &str, lang: Lang) -> Option<&'static str> {
    find(name).map(|row| pick(row.title, lang))
}

/// What to look at.
pub fn look(name: &str, lang: Lang) -> Option<&'static str> {
    find(name).map(|row| pick(row.look, lang))
}

fn find(name: &str) -> Option<&'static Row> {
    let mut rows = ROWS.iter().chain(CHAPTERS);
    rows.find(|row| row.name == name)
}

fn pick((en, zh): Pair, lang: Lang) -> &'static str {
    match lang {
        Lang::En => en,
        Lang::Zh => zh,
    }
}

/// The chapters of the tour.
const CHAPTERS: &[Row] = &[
    row(
        "tour-chat",
        ("A call over TCP", "一次 TCP 通话"),
        (
            "Two programs connect, say two lines each, and hang up. Look at the three segments before the first line, and at the four after the last: each direction is closed separately.",
            "两个程序建立连接，各说两行，然后挂断。注意第一行之前的三次握手和最后一行之后的四次挥手：两个方向各自关闭。",
        ),
    ),
    row(
        "tour-datagrams",
        (
            "Datagrams over UDP, one of them lost",
            "UDP 数据报，其中一个丢失",
        ),
        (
            "Three datagrams, and the wire drops the second. The two programs notice nothing of it: the server receives what comes until nothing more does.",
            "三个数据报，线路丢弃第二个。注意两个程序对此毫无察觉：服务器收下到达的数据报，直到等不到更多为止。",
        ),
    ),
    row(
        "tour-file",
        (
            "A file over TFTP, one block lost",
            "TFTP 传文件，丢失一个数据块",
        ),
        (
            "TFTP makes UDP reliable with block numbers, ACKs and timeouts. The wire drops block 2. Look at who notices, and when: the sender, when its timeout expires.",
            "TFTP 靠块号、确认和超时使 UDP 变得可靠。线路丢弃第 2 块。注意由谁、在何时发现：发送方，在超时之时。",
        ),
    ),
];

const ROWS: &[Row] = &[
    row(
        "handshake",
        ("three segments make a connection", "三次握手建立连接"),
        (
            "Three segments. Look at who is ESTABLISHED when: the client after the second, the server after the third.",
            "共三个报文段。注意双方何时进入 ESTABLISHED：客户端在第二个之后，服务器在第三个之后。",
        ),
    ),
    row(
        "refused",
        ("nothing is listening: RST", "没有程序监听：RST"),
        (
            "Nothing is listening on the port. Look at what answers the SYN, and at what connect() returns.",
            "端口没有程序监听。注意是什么回应了 SYN，以及 connect() 返回什么。",
        ),
    ),
    row(
        "syn-lost",
        ("the first SYN is lost", "第一个 SYN 丢失"),
        (
            "The wire drops the first SYN. Look at how long the client waits: only its own timeout can tell it.",
            "线路丢弃第一个 SYN。注意客户端等了多久：只有它自己的超时计时器能告诉它。",
        ),
    ),
    row(
        "syn-ack-lost",
        ("the SYN+ACK is lost", "SYN+ACK 丢失"),
        (
            "The wire drops the answer. Look at both timers: each side waits for the other, and both retransmit.",
            "线路丢弃了答复。注意两边的计时器：双方都在等对方，也都会重传。",
        ),
    ),
    row(
        "ack-lost",
        (
            "the third segment of the handshake is lost",
            "第三次握手的 ACK 丢失",
        ),
        (
            "The wire drops the third segment. Look at the second during which the two ends disagree: one is ESTABLISHED, the other is not.",
            "线路丢弃第三个报文段。注意双方看法不一的那一秒：一端已 ESTABLISHED，另一端还没有。",
        ),
    ),
    row(
        "simultaneous-open",
        (
            "both connect at once, and neither listens",
            "同时打开：双方同时 connect，无人监听",
        ),
        (
            "Both ends call connect() and the SYNs cross. Look for SYN-RECEIVED on both sides: there is one connection, and no listener.",
            "两端同时调用 connect()，两个 SYN 在途中交错。注意双方都经过 SYN-RECEIVED：只有一个连接，没有监听者。",
        ),
    ),
    row(
        "backlog-full",
        ("the queue of a listener is full", "监听队列已满"),
        (
            "The server listens with a backlog of 0 and accepts no connection for a while. Look at the second SYN: it arrives, and Linux drops it silently until there is room.",
            "服务器以 backlog 0 监听，一段时间内不 accept。注意第二个连接的 SYN：它到达了，但在有空位之前，Linux 默默丢弃它。",
        ),
    ),
    row(
        "stale-syn",
        ("why three segments, not two", "为什么是三次握手而不是两次"),
        (
            "A SYN of a connection that ended long ago arrives late. Look at how the client answers the SYN+ACK: if two segments were enough, the server would keep a connection that no client wants.",
            "一个早已结束的连接的 SYN 迟到了。注意客户端如何回应 SYN+ACK：如果两次就够，服务器就会留下一个没人要的连接。",
        ),
    ),
    row(
        "close-three",
        ("a close in three segments", "三次挥手（FIN 与 ACK 合并）"),
        (
            "The server closes as soon as it reads the end. Look at its FIN: it carries the ACK as well, so there are three segments, and no FIN-WAIT-2.",
            "服务器一读到结束就关闭。注意它的 FIN 顺便带上了 ACK，所以只有三个报文段，也没有 FIN-WAIT-2。",
        ),
    ),
    row(
        "close-four",
        ("a close in four segments", "四次挥手"),
        (
            "The server closes a little later. Look at the ACK of the FIN, which is sent alone (Linux may wait about 40 ms with it), and at FIN-WAIT-2 after it.",
            "服务器过一会儿才关闭。注意对 FIN 的 ACK 单独发出（Linux 可能推迟约 40 毫秒），以及随后的 FIN-WAIT-2。",
        ),
    ),
    row(
        "half-close",
        (
            "one direction ends, the other goes on",
            "半关闭：一个方向结束，另一个继续",
        ),
        (
            "The client shuts down its sending side only. Look at the bytes that still come back after its FIN.",
            "客户端只关闭发送方向。注意在它的 FIN 之后仍然有数据返回。",
        ),
    ),
    row(
        "reset-unread",
        ("closed with bytes unread: RST", "有未读数据时关闭：RST"),
        (
            "The server closes its socket while received data is still unread. Look at what it sends instead of a FIN.",
            "服务器关闭套接字时还有数据未读。注意它发送的不是 FIN 而是什么。",
        ),
    ),
    row(
        "last-ack-lost",
        (
            "the last ACK is lost: why there is TIME-WAIT",
            "最后的 ACK 丢失：为什么要有 TIME-WAIT",
        ),
        (
            "The wire drops the last ACK. Look at the server's FIN, which is retransmitted (by Linux as a tail loss probe, in place of a retransmission timeout), and at who is still there to acknowledge it.",
            "线路丢弃最后一个 ACK。注意服务器再次发送 FIN（Linux 用尾部丢失探测代替重传超时），以及是谁还在那里回应它。",
        ),
    ),
    row(
        "simultaneous-close",
        ("both close at once: CLOSING", "同时关闭：CLOSING"),
        (
            "Both ends close and the FINs cross. Look for the state CLOSING, and at both ends in TIME-WAIT.",
            "两端同时关闭，两个 FIN 交错。注意 CLOSING 状态，以及两端都进入 TIME-WAIT。",
        ),
    ),
    row(
        "broken-pipe",
        (
            "writing to a connection that the peer has closed: EPIPE and SIGPIPE",
            "向对方已关闭的连接写数据：EPIPE 与 SIGPIPE",
        ),
        (
            "The server has closed, and the client writes twice. Look at the first send(): it succeeds, and an RST comes back. The second one fails with EPIPE; a C program that neither ignores nor handles SIGPIPE is killed there.",
            "服务器已经关闭，客户端还写了两次。注意第一次 send() 成功了，换来的却是 RST；第二次才以 EPIPE 失败。C 程序若既没有忽略也没有处理 SIGPIPE 信号，就会在这里被终止。",
        ),
    ),
    row(
        "linger-reset",
        (
            "SO_LINGER of 0 s: close() resets the connection",
            "SO_LINGER 设为 0 秒：close() 复位连接",
        ),
        (
            "The client sets SO_LINGER to 0 s and closes. Look at the RST in place of a FIN: no TIME-WAIT follows, and data that had not been sent would be lost.",
            "客户端把 SO_LINGER 设为 0 秒后关闭。注意它发出的是 RST 而不是 FIN：之后没有 TIME-WAIT，若还有未发送的数据也会丢失。",
        ),
    ),
    row(
        "linger-wait",
        (
            "SO_LINGER of 5 s: close() waits until everything is acknowledged",
            "SO_LINGER 设为 5 秒：close() 等到全部得到确认",
        ),
        (
            "Each packet takes 100 ms, unless --delay says otherwise. Look at close(): without SO_LINGER it would return at once; with it, it returns when the data and the FIN have been acknowledged, or after 5 s.",
            "每个报文要走 100 毫秒（除非用 --delay 另行指定）。注意 close()：没有 SO_LINGER 时它会立即返回；设置之后，要等数据和 FIN 都得到确认才返回，最多 5 秒。",
        ),
    ),
    row(
        "half-open",
        (
            "half-open: one end has forgotten the connection",
            "半开连接：一端已经不知道这个连接",
        ),
        (
            "The server resets the connection, and the wire drops the RST, as if the server had crashed and restarted. Look at the client: it stays ESTABLISHED until it sends something, and only the answer to that tells it.",
            "服务器复位了连接，而 RST 被线路丢弃，就像服务器崩溃后重新启动一样。注意客户端：它一直处于 ESTABLISHED，直到自己发送数据，才从对方的回应得知。",
        ),
    ),
    row(
        "address-in-use",
        (
            "“Address already in use”: TIME-WAIT at the server's port",
            "“Address already in use”：服务器端口上有 TIME-WAIT",
        ),
        (
            "The server closes first, ends, and starts again. Look at bind(): EADDRINUSE, because the old connection is in TIME-WAIT at that port. Look at the last bind(), too: to set SO_REUSEADDR only now does not help, because the old socket did not have it.",
            "服务器先关闭，退出后重新启动。注意 bind() 返回 EADDRINUSE，因为旧连接还在这个端口上处于 TIME-WAIT。也注意最后一次 bind()：现在才设置 SO_REUSEADDR 没有用，因为旧的套接字没有设置它。",
        ),
    ),
    row(
        "address-reused",
        (
            "SO_REUSEADDR before bind(), at every start",
            "每次启动都在 bind() 之前设置 SO_REUSEADDR",
        ),
        (
            "The server closes first again, but sets SO_REUSEADDR before bind(), at the first start and at the second. Look at the second bind(): it succeeds, although the old connection is still in TIME-WAIT.",
            "仍由服务器先关闭，但两次启动都在 bind() 之前设置 SO_REUSEADDR。注意第二次 bind() 成功了，尽管旧连接仍处于 TIME-WAIT。",
        ),
    ),
    row(
        "address-free",
        (
            "the client closes first: the server's port is free",
            "客户端先关闭：服务器的端口是空闲的",
        ),
        (
            "The client closes first. Look at who is in TIME-WAIT: the client, at a port that no server needs. The server binds its port again without any option.",
            "客户端先关闭。注意处于 TIME-WAIT 的是客户端，它的端口没有服务器需要。服务器不用任何选项就能再次绑定原来的端口。",
        ),
    ),
    row(
        "data-lost",
        (
            "lost data, retransmitted after a timeout",
            "数据丢失，超时重传",
        ),
        (
            "The wire drops the only segment with data. Look at how long the client waits: nothing follows that could tell it sooner.",
            "线路丢弃唯一的数据报文段。注意客户端等了多久：之后没有别的报文能更早告诉它。",
        ),
    ),
    row(
        "fast-retransmit",
        ("lost data, retransmitted at once", "数据丢失，快速重传"),
        (
            "The wire drops the second of six segments. Look at the duplicate ACKs, and at what the client does at the third of them.",
            "线路丢弃六个报文段中的第二个。注意反复确认同一序号的重复 ACK，以及客户端在收到第三个时做什么。",
        ),
    ),
    row(
        "zero-window",
        ("a full receiver: window 0", "接收窗口为零"),
        (
            "The server does not read. Look at the ACK with window 0, at how the client probes the window, and at what happens when the server finally reads.",
            "服务器不读取数据。注意窗口为 0 的 ACK，客户端如何探测窗口，以及服务器终于读取后发生的事。",
        ),
    ),
    row(
        "mss",
        (
            "MSS: how much one segment carries",
            "MSS：一个报文段最多带多少数据",
        ),
        (
            "The client sends 4000 bytes with one call. Look at the MSS that both ends announce with their SYNs, and at the segments that TCP makes of the bytes: none carries more than that. The MSS is what the headers of IP and TCP leave of the 1500 bytes that a frame carries (MTU).",
            "客户端用一次调用发送 4000 字节。注意两个 SYN 声明的 MSS，以及 TCP 把数据分成的报文段：没有一个超过它。MSS 是一帧所携带的 1500 字节（MTU）减去 IP 首部和 TCP 首部。",
        ),
    ),
    row(
        "window-scale",
        (
            "window scaling: the window field counts in larger units",
            "窗口扩大：窗口字段采用更大的单位",
        ),
        (
            "Look at the option window scale in both SYNs, and at the window field of the segments after them: shifted left by that many bits, it is the window. The window of a SYN itself is not shifted.",
            "注意两个 SYN 中的窗口扩大选项，以及之后各报文段的窗口字段：左移这么多位才是窗口的大小。SYN 自己的窗口不移位。",
        ),
    ),
    row(
        "keepalive",
        (
            "keep-alive: is the other end still there?",
            "保活：对方还在吗？",
        ),
        (
            "The client has set SO_KEEPALIVE, with TCP_KEEPIDLE and TCP_KEEPINTVL of 1 s (Linux' own are 7200 s and 75 s), and neither program sends anything. Look at the probe after 1 s: a segment without data, whose sequence number is one too low, and at the ACK with which the server answers.",
            "客户端设置了 SO_KEEPALIVE，TCP_KEEPIDLE 和 TCP_KEEPINTVL 均为 1 秒（Linux 的默认值是 7200 秒和 75 秒），双方程序都不发送数据。注意 1 秒后的探测报文：不带数据，序号小 1；再看服务器回应的 ACK。",
        ),
    ),
    row(
        "keepalive-lost",
        (
            "keep-alive: the other end does not answer",
            "保活：对方没有回应",
        ),
        (
            "From the third packet on, the wire drops everything that the client sends, as if the server had lost its power. Look at the probes, and at recv(): it fails with ETIMEDOUT when TCP_KEEPCNT (2) of them were not answered. Without SO_KEEPALIVE it would wait for ever.",
            "从第三个包起，线路丢弃客户端发送的一切，就像服务器断了电。注意探测报文，以及 recv()：有 TCP_KEEPCNT（2）个探测没有得到回应后，它以 ETIMEDOUT 失败。没有 SO_KEEPALIVE 时它会永远等下去。",
        ),
    ),
    row(
        "nagle",
        (
            "Nagle's algorithm and delayed ACK: each waits for the other",
            "Nagle 算法遇上延迟确认：互相等待",
        ),
        (
            "The client writes a question in two parts. Look at the second part: it waits until the first is acknowledged (Nagle's algorithm), while the server delays that ACK by about 40 ms, because it waits for the rest of the question before it answers.",
            "客户端分两次写出一个问题。注意第二部分：它要等第一部分得到确认才发送（Nagle 算法），而服务器在等问题的其余部分，没有数据可以捎带 ACK，于是把它延迟约 40 毫秒。",
        ),
    ),
    row(
        "nagle-off",
        (
            "TCP_NODELAY: Nagle's algorithm is off",
            "TCP_NODELAY：关闭 Nagle 算法",
        ),
        (
            "The same question in two parts, with TCP_NODELAY. Look at the second part: it is sent at once, without waiting for the ACK of the first.",
            "同一个问题仍分两次写出，但设置了 TCP_NODELAY。注意第二部分立即发送，不等第一部分的 ACK。",
        ),
    ),
    row(
        "stream-merged",
        (
            "two sends, one recv: TCP keeps no message boundaries",
            "粘包：两次 send，一次 recv",
        ),
        (
            "The client calls send() twice. The server calls recv() once, when both have arrived. Look at what it gets: helloworld. TCP carries a stream of bytes and does not keep the boundaries of sends.",
            "客户端调用两次 send()，两段数据都到达后服务器才调用一次 recv()。注意它得到的是 helloworld：TCP 传送的是字节流，不保留每次 send() 的边界。这就是所谓的“粘包”。",
        ),
    ),
    row(
        "stream-split",
        ("one send, two recvs", "拆包：一次 send，两次 recv"),
        (
            "The client calls send() once. The server asks for 6 bytes, and then for more. Look at the second recv(): what the first one did not take is still there.",
            "客户端只调用一次 send()。服务器先要 6 个字节，再要其余的。注意第二次 recv()：第一次没有取走的数据仍在那里。",
        ),
    ),
    row(
        "partial-recv",
        (
            "recv() returns what has arrived, not what was asked for",
            "recv() 返回已到达的数据，而不是要求的数量",
        ),
        (
            "The client sends 4000 bytes in three segments, and the wire delays the last two. The server asks for 4000 bytes. Look at how many it gets: those that are there. It has to call recv() until it has all of them.",
            "客户端的 4000 字节分成三个报文段，线路推迟了后两个。服务器要求 4000 字节。注意它得到多少：只有已到达的部分。程序必须反复调用 recv()，直到收齐。",
        ),
    ),
    row(
        "framing-length",
        (
            "boundaries of one's own: each message begins with its length",
            "自定边界之一：每条消息以长度开头",
        ),
        (
            "Each message begins with its length, in two digits; the first send() ends in the middle of the second message. Look at the server: it receives exactly the 2 digits, and then exactly as many as they say, whatever the sends were.",
            "每条消息以两位数字的长度开头；第一次 send() 在第二条消息的中间结束。注意服务器：先准确接收 2 位数字，再按其中的长度准确接收，不管数据是怎样发送的。",
        ),
    ),
    row(
        "framing-line",
        (
            "boundaries of one's own: each message is a line",
            "自定边界之二：每条消息是一行",
        ),
        (
            "Each message ends with a newline; the first send() ends in the middle of the second line. Look at readline(): it returns whole lines, and keeps the beginning of the second until the rest has come.",
            "每条消息以换行结束；第一次 send() 在第二行的中间结束。注意 readline() 返回完整的行，并保留第二行的开头，直到其余部分到达。",
        ),
    ),
    row(
        "recv-blocking",
        (
            "blocking: recv() waits until something comes",
            "阻塞：recv() 一直等到有数据",
        ),
        (
            "The server calls recv() before the client has sent anything. Look at when it returns: until then the program stands still.",
            "服务器在客户端发送任何数据之前就调用 recv()。注意它何时返回：在那之前程序停在原处。",
        ),
    ),
    row(
        "recv-timeout",
        (
            "a timeout: recv() waits so long at most",
            "超时：recv() 最多等这么久",
        ),
        (
            "The server's socket has a timeout of 0.3 s. Look at the first recv(): it gives up, and nothing is sent because of that. The connection is as good as before, and the second recv() gets the data.",
            "服务器的套接字设置了 0.3 秒超时。注意第一次 recv() 放弃了，但并没有因此发送任何报文。连接完好如初，第二次 recv() 得到数据。",
        ),
    ),
    row(
        "recv-nonblocking",
        (
            "non-blocking: recv() returns at once",
            "非阻塞：recv() 立即返回",
        ),
        (
            "The server's socket is non-blocking. Look at the first recv(): nothing is there, so it fails at once with EAGAIN. The program has to ask again later.",
            "服务器的套接字是非阻塞的。注意第一次 recv()：没有数据，于是立即以 EAGAIN 失败。程序必须稍后再问。",
        ),
    ),
    row(
        "connect-nonblocking",
        (
            "non-blocking: connect() returns before the handshake is done",
            "非阻塞：connect() 在握手完成之前返回",
        ),
        (
            "connect() returns EINPROGRESS at once, which is no failure: the handshake has begun. Look at how the program learns the result: select() says when the socket is writable, and SO_ERROR is 0 then.",
            "connect() 立即返回 EINPROGRESS，这不是失败：握手已经开始。注意程序如何得知结果：select() 表明套接字可写时，SO_ERROR 的值为 0。",
        ),
    ),
    row(
        "select",
        (
            "select(): one program waits for many connections",
            "select()：一个程序同时等待多个连接",
        ),
        (
            "The server has two connections, and waits for both with select(). Look at what it returns: the descriptor of the one that has something to read. The recv() after it does not wait.",
            "服务器有两个连接，用 select() 同时等待。注意它返回的是哪个描述符：有数据可读的那一个。之后的 recv() 无需等待。",
        ),
    ),
    row(
        "partial-send",
        (
            "non-blocking: send() takes only what has room",
            "非阻塞：send() 只收下装得下的部分",
        ),
        (
            "Both ends have small buffers, and the server does not read. The client has 10000 bytes to send. Look at what send() returns: fewer bytes than it was given, and in the end EAGAIN, because there is no room at all. In blocking mode sendall() sends the rest while the server reads.",
            "两端的缓冲区都很小，服务器也不读取。客户端要发送 10000 字节。注意 send() 的返回值：少于交给它的字节数，最后以 EAGAIN 失败，因为完全没有空间了。改为阻塞方式后，sendall() 随着服务器的读取发送其余部分。",
        ),
    ),
    row(
        "udp-closed",
        (
            "a datagram to a closed port: ICMP",
            "数据报发往关闭的端口：ICMP",
        ),
        (
            "No program receives on the port. Look at who reports it, and at which call fails because of it.",
            "端口上没有程序接收。注意是谁报告的，以及哪个调用因此失败。",
        ),
    ),
    row(
        "udp-lost",
        ("a datagram is lost", "数据报丢失"),
        (
            "The wire drops the second of three datagrams. The two programs notice nothing of it.",
            "线路丢弃三个数据报中的第二个。注意两个程序对此毫无察觉。",
        ),
    ),
    row(
        "udp-duplicated",
        ("a datagram arrives twice", "数据报重复到达"),
        (
            "The wire duplicates the second datagram. Look at what the server receives: UDP has no sequence numbers, so it cannot tell.",
            "线路把第二个数据报复制了一份。注意服务器收到了什么：UDP 没有编号，无从分辨。",
        ),
    ),
    row(
        "udp-reordered",
        ("a datagram overtakes another", "数据报乱序"),
        (
            "The third datagram overtakes the second. Look at the order in which the server receives them.",
            "第三个数据报先于第二个到达。注意服务器收到的顺序。",
        ),
    ),
    row(
        "udp-fragments",
        (
            "a datagram larger than a frame, in fragments",
            "比一帧大的数据报：IP 分片",
        ),
        (
            "A datagram of 65507 bytes is larger than what a frame carries (its MTU: 1500 bytes). Look at the fragments that IP makes of it, and at the single recvfrom() that returns it whole.",
            "65507 字节的数据报大于一个帧能承载的长度（MTU 为 1500 字节）。注意 IP 把它分成的各片，以及一次 recvfrom() 就得到完整的数据报。",
        ),
    ),
    row(
        "udp-boundaries",
        (
            "two datagrams are two messages",
            "UDP 保留边界：两个数据报就是两条消息",
        ),
        (
            "The client sends two datagrams, and the server receives when both have arrived, as in stream-merged. Look at the first recvfrom(): it returns one datagram, although it asked for more.",
            "客户端发送两个数据报，都到达之后服务器才接收，与 stream-merged 相同。注意第一次 recvfrom() 只返回一个数据报，尽管它要求得更多。",
        ),
    ),
    row(
        "udp-truncated",
        (
            "a datagram is cut by a buffer that is too small",
            "缓冲区太小，数据报被截断",
        ),
        (
            "The server has room for 3 bytes, and each datagram has 5. Look at the first recvfrom(): it returns 3, and nothing says that the rest is lost. With MSG_TRUNC the second one returns 5, the length of the datagram, which tells the program that it has not got all of it.",
            "服务器的缓冲区只有 3 个字节，而每个数据报有 5 个字节。注意第一次 recvfrom() 返回 3，没有任何提示说明其余部分已经丢失。第二次使用 MSG_TRUNC，返回的是数据报的长度 5，程序由此得知自己没有收全。",
        ),
    ),
    row(
        "tftp-get",
        ("TFTP: a file is read", "TFTP：读取文件"),
        (
            "Look at the ports: the request goes to 69, and everything else between the client's port and one that the server chose for this transfer. The block that is not full is the last.",
            "注意端口：请求发往 69，其余都在客户端的端口与服务器为这次传输选定的端口之间。不满的那一块就是最后一块。",
        ),
    ),
    row(
        "tftp-put",
        ("TFTP: a file is written", "TFTP：写入文件"),
        (
            "The client sends the blocks now. Look at ACK 0: it asks for block 1.",
            "这次由客户端发送数据块。注意 ACK 0，它表示可以发送第 1 块。",
        ),
    ),
    row(
        "tftp-data-lost",
        ("TFTP: a block is lost", "TFTP：数据块丢失"),
        (
            "The wire drops block 2. Look at who notices, and when: the sender, when its timeout expires.",
            "线路丢弃第 2 块。注意由谁、在何时发现：发送方，在超时之时。",
        ),
    ),
    row(
        "tftp-ack-lost",
        ("TFTP: an ACK is lost", "TFTP：ACK 丢失"),
        (
            "The wire drops ACK 2. Look at block 2, which is retransmitted, and at how the client answers it: it repeats its ACK, and the file has 1300 bytes in all, as if nothing had been lost.",
            "线路丢弃 ACK 2。注意第 2 块被重传，以及客户端如何回应：它重复 ACK，而文件总共仍是 1300 字节，与没有丢失时一样。",
        ),
    ),
    row(
        "tftp-ack-duplicated",
        (
            "TFTP: an ACK arrives twice (the Sorcerer's Apprentice)",
            "TFTP：ACK 重复（魔法师学徒综合征，Sorcerer's Apprentice）",
        ),
        (
            "The wire duplicates ACK 1. Look at block 2: it is sent once. A sender that answered every ACK would send every later block twice.",
            "线路把 ACK 1 复制了一份。注意第 2 块只发送一次。若对每个 ACK 都作答，之后的每一块都会发送两次。",
        ),
    ),
    row(
        "tftp-wrong-tid",
        (
            "TFTP: a block from a stranger's port",
            "TFTP：来自陌生端口的数据块",
        ),
        (
            "A DATA 2 comes from a port that does not belong to the transfer. Look at who is sent error 5, and at who is not.",
            "有一个 DATA 2 来自与这次传输无关的端口。注意谁收到了错误 5，谁没有。",
        ),
    ),
];

#[cfg(test)]
mod tests {
    use lineman_lab::scenarios::Scenario;
    use lineman_lab::scenarios::Tour;

    use super::*;

    #[test]
    fn every_scenario_is_told_in_both_languages() {
        let names: Vec<_> = Scenario::all().map(|scenario| scenario.name).collect();
        let rows: Vec<_> = ROWS.iter().map(|row| row.name).collect();
        assert_eq!(names, rows);
        let names: Vec<_> = Tour::chapters().iter().map(|it| it.name).collect();
        let rows: Vec<_> = CHAPTERS.iter().map(|row| row.name).collect();
        assert_eq!(names, rows);
        for row in ROWS.iter().chain(CHAPTERS) {
            for (en, zh) in [row.title, row.look] {
                crate::lang::assert_both(row.name, en, zh);
            }
        }
    }
}
