//! Chinese help of `lineman chat`.

use super::Row;

/// What `lineman chat` says.
pub const TEXTS: &[Row] = &[
    ("Talk over TCP, one to one", "通过 TCP 一对一通话"),
    ("Wait for one caller", "等待一个呼叫者"),
    (
        "Call a listener: lineman, nc, ncat, socat or a program of your own",
        "呼叫监听者：lineman、nc、ncat、socat 或你自己的程序",
    ),
    (
        "Where to listen: ADDR, PORT or ADDR:PORT; all addresses of both families if left out",
        "在哪里监听：地址、端口 或 地址:端口；省略则为 IPv4 与 IPv6 的所有地址",
    ),
    (
        "After a call has ended, wait for the next one",
        "一次通话结束后，等待下一次",
    ),
    (
        "Whom to call; port 8888 if left out",
        "呼叫谁；省略端口则为 8888",
    ),
    (
        "The port, if it is a word of its own, as for nc",
        "端口，像 nc 那样单独写出时",
    ),
    (
        "Give up on an address that has not answered in this many seconds",
        "某个地址在这么多秒内没有应答就放弃它",
    ),
    (
        "End lines with CR LF, as telnet and many servers want",
        "行尾用 CR LF，telnet 和许多服务器要求如此",
    ),
    (
        "When the call ends: the peer has finished, both have, or either has (default: `peer` at a terminal, `both` in a pipe)",
        "何时结束通话：对方说完、双方都说完、任一方说完（默认：终端上为 `peer`，管道中为 `both`）",
    ),
    (
        "After our own end of input, leave once the peer has been silent for this many seconds",
        "自己的输入结束后，对方沉默这么多秒就离开",
    ),
    ("port 8888, IPv4 and IPv6", "8888 端口，IPv4 与 IPv6"),
    ("this machine only", "仅限本机"),
    ("one call after the other", "一个接一个地通话"),
    ("a byte-exact pipe", "逐字节原样的管道"),
    ("port 8888", "8888 端口"),
    (
        "At the prompt: /quit ends the call, ^D finishes sending but keeps listening, ^C leaves at once.",
        "在提示符下：/quit 结束通话，^D 不再发送但继续接收，^C 立即离开。",
    ),
];
