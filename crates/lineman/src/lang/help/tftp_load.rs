//! Chinese help of `lineman tftp bench`.

use super::Row;

/// What `lineman tftp bench` says, beyond what `get` says too.
pub const TEXTS: &[Row] = &[
    (
        "Put load on a server, and measure it",
        "给服务器施加负载并测量",
    ),
    (
        "What all clients fetch: tftp://HOST[:PORT]/NAME",
        "所有客户端下载的文件：tftp://主机[:端口]/文件名",
    ),
    (
        "How many clients work at a time, each fetching again and again",
        "同时工作的客户端数，每个都反复下载",
    ),
    ("Ask for this block size", "请求这个块大小"),
    (
        "Ask for this many blocks in flight; most boot ROMs take one",
        "请求同时在途的块数；多数启动 ROM 只用一块",
    ),
    (
        "End after this many seconds (default: 10, or none where --count is given)",
        "这么多秒后结束（默认：10；给了 --count 时不限）",
    ),
    (
        "End after this many transfers in all",
        "总共这么多次传输后结束",
    ),
    (
        "Begin the clients' first transfers spread over this many seconds",
        "把各客户端的首次传输分散在这么多秒内开始",
    ),
    (
        "Lose this share of the packets in each direction, here, before they are sent or read",
        "每个方向丢弃这个比例的包：就在本程序内，发出或读取之前",
    ),
    (
        "Another seed loses other packets",
        "换一个种子则丢弃另一些包",
    ),
    (
        "A client gives a transfer up after this many seconds without a sign of the server",
        "服务器这么多秒没有动静，客户端就放弃该次传输",
    ),
    (
        "Compare every byte with those of the first transfer",
        "每个字节都与第一次传输的比较",
    ),
    (
        "Upload this file instead, as NAME.1, NAME.2 and so on, a name for each client",
        "改为上传这个文件，名为 NAME.1、NAME.2 等，每个客户端一个名字",
    ),
    (
        "Let the clients share this many threads",
        "让所有客户端共用这么多线程",
    ),
    (
        "Measure the load generator itself, with a source inside it that only sends",
        "测量负载发生器自身，数据源在其内部，只管发送",
    ),
    ("10 clients for 10 seconds", "10 个客户端，10 秒"),
    ("what the load generator can take", "负载发生器所能承受的"),
];
