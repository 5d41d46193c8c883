//! Chinese help of `lineman lab bench` and `lineman lab run`.

use super::Row;

/// What they say.
pub const TEXTS: &[Row] = &[
    (
        "Make socket calls by hand, on both ends of a wire",
        "在线路两端逐个执行套接字调用",
    ),
    (
        "Hold every packet until it is told what becomes of it, from the start",
        "从一开始就扣留每个报文，直到决定它的去向",
    ),
    (
        "a prompt; help lists the calls",
        "出现提示符；help 列出所有调用",
    ),
    ("you deliver each packet", "由你放行每个报文"),
    ("the same without a prompt", "相同，但没有提示符"),
    ("on a bad wire", "在不可靠的线路上"),
    (
        "Run programs on the two hosts, and see their calls, packets and states",
        "在两台主机上运行程序，观察它们的调用、报文和状态",
    ),
    ("Run this program on the client", "在客户端运行此程序"),
    (
        "Run this program on the server, and first",
        "在服务器运行此程序，并且最先启动",
    ),
    (
        "Run the program behind -- on this host (default: client)",
        "在这台主机上运行 -- 之后的程序（默认：client）",
    ),
    (
        "End when the program on this host has ended (default: both, when all have)",
        "这台主机上的程序结束时就结束（默认：both，全部结束时）",
    ),
    (
        "lines are typed for whichever reads",
        "输入的行交给正在读取的程序",
    ),
    (
        "Give each program a terminal of its own, also the one behind --: many ask, write and colour otherwise without one; what is typed goes to whichever reads, line by line",
        "为每个程序（包括 -- 之后的）提供各自的终端：许多程序没有终端时，提问、输出和颜色都不同；输入的内容逐行交给正在读取的程序",
    ),
    (
        "both at terminals; server> … and client> … name one",
        "两个程序都有终端；用 server> … 和 client> … 指定其一",
    ),
    (
        "Leave these calls out of the ladder, like poll,close",
        "不在时序图中显示这些调用，例如 poll,close",
    ),
    (
        "Programs cannot be simulated; asked for all the same, it is said",
        "程序无法模拟；若仍要求模拟，会说明原因",
    ),
    (
        "A program with its arguments; it has the terminal",
        "程序及其参数；它使用终端",
    ),
];
