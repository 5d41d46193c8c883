//! Chinese help of `lineman read`.

use super::Row;

/// What `lineman read` says.
pub const TEXTS: &[Row] = &[
    (
        "Read a capture: its conversations, what went wrong in them, and the ladder of each",
        "读取抓包文件：其中的会话、出现的问题，以及每个会话的时序图",
    ),
    (
        "The capture: pcap or pcapng, as it is or compressed by gzip or zstd; - is stdin",
        "抓包文件：pcap 或 pcapng，可用 gzip 或 zstd 压缩；- 表示标准输入",
    ),
    (
        "Show the ladder of this conversation, by its number in the table",
        "显示该会话的时序图，用表中的编号指定",
    ),
    (
        "Wait for more when the file ends: another program still writes it",
        "到文件末尾时继续等待：另一个程序仍在写入",
    ),
    (
        "List so many conversations, those with the most trouble; 0 is all of them",
        "列出这么多个会话，问题最多的在前；0 表示全部",
    ),
    (
        "who with whom, and what went wrong",
        "谁与谁通信，出了什么问题",
    ),
    (
        "Write the packets to this file as pcapng, to be shown to others: other addresses, empty payloads; all of them, or one conversation",
        "把报文以 pcapng 写入此文件，以便给别人看：地址替换，载荷清空；全部，或只是一个会话",
    ),
    (
        "Leave the names of files (TFTP) as they are when redacting",
        "脱敏时保留文件名（TFTP）",
    ),
    ("one that can be shown to others", "可以给别人看的文件"),
    (
        "A second capture of the same traffic, taken at another point, to be compared; then which packets, in the syntax of tcpdump, like tcp port 80 and host 192.0.2.7; all if left out",
        "同一流量在另一处的第二份抓包，用于比较；其后是要哪些报文，用 tcpdump 的语法，如 tcp port 80 and host 192.0.2.7；省略则为全部",
    ),
    (
        "the same traffic at two points: lost, delayed, changed between",
        "同一流量在两处：其间丢失、延迟、改动了什么",
    ),
    ("the ladder of conversation 3", "会话 3 的时序图"),
    ("while tcpdump writes it", "与 tcpdump 的写入同步"),
    (
        "from another machine; ^C shows the table",
        "来自另一台机器；按 ^C 显示表格",
    ),
];
