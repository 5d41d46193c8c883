//! Chinese help of `lineman udp`.

use super::Row;

/// What `lineman udp` says beyond what it shares with `lineman chat`.
pub const TEXTS: &[Row] = &[
    ("Send and receive datagrams", "收发数据报"),
    (
        "Receive datagrams from any sender; answer the last one",
        "接收任何发送方的数据报；回复最近的发送方",
    ),
    (
        "Send datagrams to one host, to all of a network, or to a group",
        "向一台主机、整个网络或一个组发送数据报",
    ),
    (
        "Join this multicast group as well; GROUP%IF names its interface too",
        "同时加入这个组播组；“组%接口”同时指明接口",
    ),
    (
        "The interface of the group: its name or one of its addresses",
        "该组所用的接口：名称或它的一个地址",
    ),
    (
        "Leave after this many datagrams",
        "收到这么多个数据报后离开",
    ),
    (
        "To whom; port 8889 if left out",
        "发给谁；省略端口则为 8889",
    ),
    ("Allow a broadcast address", "允许广播地址"),
    (
        "Send to this multicast group, GROUP or GROUP:PORT, instead of a host; GROUP%IF names its interface too",
        "不发给主机，而发给这个组播组：组 或 组:端口；“组%接口”同时指明接口",
    ),
    (
        "How many routers a multicast datagram may cross",
        "组播数据报最多可经过几个路由器",
    ),
    (
        "Send all of stdin as one datagram (an empty one, if stdin is empty)",
        "把标准输入的全部内容作为一个数据报发送（标准输入为空则发送空数据报）",
    ),
    (
        "Keep multicast datagrams from the members on this machine",
        "组播数据报不送达本机的组成员",
    ),
    (
        "The interface that datagrams leave by: its name or one of its addresses",
        "数据报从哪个接口发出：名称或它的一个地址",
    ),
    (
        "Each line of input is one datagram, its newline included, of at most 65507 bytes.",
        "每行输入是一个数据报，包含换行符，最多 65507 字节。",
    ),
    (
        "Each line of input is one datagram, its newline included. It goes to the last sender, whom the",
        "每行输入是一个数据报，包含换行符，发给最近发来数据的一方，即提示符所示的一方；",
    ),
    (
        "prompt names; `@2 text` goes to the second sender, `@@text` sends `@text`. Input that is not a",
        "`@2 文字` 发给第二个发来数据的一方，`@@文字` 表示发送 `@文字`。来自管道的输入会等到",
    ),
    (
        "terminal waits until a datagram has arrived. Listening goes on after the end of input; ^C ends it.",
        "收到数据报之后才发送。输入结束后继续监听；^C 结束。",
    ),
    (
        "After the end of input, listen for answers until this many seconds have been silent",
        "输入结束后继续等待应答，直到这么多秒没有数据",
    ),
    (
        "Write what arrives byte by byte as it is, without sender and without line ends",
        "收到的内容逐字节原样写出，不加发送者，也不加换行",
    ),
    ("port 8889, IPv4 and IPv6", "8889 端口，IPv4 与 IPv6"),
    (
        "type lines; each is one datagram",
        "逐行输入，每行一个数据报",
    ),
    ("one datagram of six bytes", "一个六字节的数据报"),
];
