//! Chinese help of `lineman watch`, and of `--capture`.

use super::Row;

/// What they say.
pub const TEXTS: &[Row] = &[
    (
        "Show the packets of this machine's interfaces while they pass, as ladders",
        "把经过本机接口的报文实时显示为时序图",
    ),
    (
        "Which packets, in the syntax of tcpdump, like tcp port 80 and host 192.0.2.7; all if left out",
        "观察哪些报文，采用 tcpdump 的语法，例如 tcp port 80 and host 192.0.2.7；省略则为全部",
    ),
    (
        "The interface, by its name or address; any is all of them",
        "接口，用名称或地址指定；any 表示全部接口",
    ),
    ("List the interfaces", "列出接口"),
    (
        "Show it on the whole terminal: the conversations, and the ladder of the chosen one",
        "占用整个终端：显示会话列表和所选会话的时序图",
    ),
    (
        "Write the packets to this file too, in the form pcapng; - is stdout, and nothing else is shown then",
        "同时把报文写入此文件，格式为 pcapng；- 表示标准输出，此时不再显示其他内容",
    ),
    ("End after this many packets", "收到这么多报文后结束"),
    ("End after this many seconds", "经过这么多秒后结束"),
    (
        "Have the interface take frames that are for other machines too",
        "让接口也接收发给其他机器的帧（混杂模式）",
    ),
    (
        "How much the kernel keeps until it is read (K, M, G allowed)",
        "内核为尚未读取的报文保留多少空间（可用 K、M、G）",
    ),
    (
        "all interfaces; ^C ends with a table",
        "全部接口；按 ^C 结束并列出会话",
    ),
    ("of these packets only", "只看这些报文"),
    ("a chat on this machine", "本机上的一次聊天"),
    ("requests for files, and errors", "文件请求以及差错报文"),
    ("who opens connections (IPv4)", "谁在建立连接（IPv4）"),
    (
        "in a VLAN, without your own ssh",
        "某个 VLAN 内，不含自己的 ssh",
    ),
    (
        "ten seconds, for Wireshark too",
        "十秒，结果也可用 Wireshark 打开",
    ),
    (
        "conversations, and the ladder of one",
        "会话列表与其中一个的时序图",
    ),
    ("what there is to watch", "有哪些接口可以观察"),
    (
        "Record the packets of this command's own traffic to this file, in the form pcapng, where capturing is permitted",
        "把本命令自身通信的报文记录到此文件，格式为 pcapng（需要抓包权限）",
    ),
];
