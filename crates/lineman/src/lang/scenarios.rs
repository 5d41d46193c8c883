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
            "两个程序建立连接，各说两行，然后挂断。注意第一行之前的三个报文段和最后一行之后的四个：两个方向各自关闭。",
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
            "线路丢弃第一个 SYN。注意客户端等了多久：只有它自己的超时定时器能告诉它。",
        ),
    ),
    row(
        "syn-ack-lost",
        ("the SYN+ACK is lost", "SYN+ACK 丢失"),
        (
            "The wire drops the answer. Look at both timers: each side waits for the other, and both retransmit.",
            "线路丢弃了答复。注意两边的定时器：双方都在等对方，也都会重传。",
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
            "The server listens with a backlog of 0 and accepts nobody for a while. Look at the second SYN: it arrives, and Linux drops it silently until there is room.",
            "服务器以 backlog 0 监听，一段时间内不 accept。注意第二个连接的 SYN：它到达了，但在有空位之前，Linux 默默丢弃它。",
        ),
    ),
    row(
        "stale-syn",
        ("why three segments, not two", "为什么是三次握手而不是两次"),
        (
            "A SYN of a connection that ended long ago arrives late. Look at how the client answers the SYN+ACK: if two segments were enough, the server would keep a connection that nobody wants.",
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
            "The server closes a little later. Look at the ACK that is sent alone when its delay of about 40 ms is over, and at FIN-WAIT-2 after it.",
            "服务器过一会儿才关闭。注意约 40 毫秒的延迟到期后单独发出的 ACK，以及随后的 FIN-WAIT-2。",
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
            "The wire drops the last ACK. Look at the server's FIN, which is retransmitted, and at who is still there to acknowledge it.",
            "线路丢弃最后一个 ACK。注意服务器再次发送 FIN，以及是谁还在那里回应它。",
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
            "The server does not read. Look at the window that shrinks to 0, at the probes that the client sends, and at what happens when the server finally reads.",
            "服务器不读取数据。注意窗口缩小到 0，客户端用探测报文询问，以及服务器终于读取后发生的事。",
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
            "the largest datagram, in 45 fragments",
            "最大的数据报，分成 45 片",
        ),
        (
            "A datagram of 65507 bytes does not fit into a frame of 1500. Look at the fragments that IP makes of it, and at the single recvfrom() that returns it whole.",
            "65507 字节的数据报装不进 1500 字节的帧。注意 IP 把它分成的各片，以及一次 recvfrom() 就得到完整的数据报。",
        ),
    ),
    row(
        "tftp-get",
        ("TFTP: a file is read", "TFTP：读取文件"),
        (
            "Look at the ports: the request goes to 69, everything else goes to a port that the server chose for this transfer. The block that is not full is the last.",
            "注意端口：请求发往 69，其余都发往服务器为这次传输选定的端口。不满的那一块就是最后一块。",
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
            "The wire drops ACK 2. Look at block 2, which is retransmitted, and at the file: the block is written once.",
            "线路丢弃 ACK 2。注意第 2 块被重传，而文件中只写入一次。",
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
