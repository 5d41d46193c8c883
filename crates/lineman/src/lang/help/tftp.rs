//! Chinese help of `lineman tftp`.

use super::Row;

/// What `lineman tftp` says.
pub const TEXTS: &[Row] = &[
    ("Move files with TFTP", "用 TFTP 传送文件"),
    (
        "Serve a directory, or an object store",
        "提供一个目录，或一个对象存储",
    ),
    (
        "Show what machines boot from a server, and where one stopped",
        "显示各机器从服务器启动的经过，以及停在何处",
    ),
    (
        "Serve the same files by HTTP, and show what machines boot (/machines), counts (/metrics) and that the server runs (/healthz); without ADDR to this machine only",
        "以 HTTP 提供同样的文件，并显示各机器的启动经过（/machines）、计数（/metrics）以及服务器在运行（/healthz）；不写地址则仅限本机",
    ),
    (
        "How the log on stderr is written: as sentences, or as JSON, an object a line (docs/json.md)",
        "标准错误上的日志如何写：用句子，或用 JSON，每行一个对象（docs/json.md）",
    ),
    (
        "Log what counts as much as this, and more",
        "记录这一级别及更重要的内容",
    ),
    (
        "Answer there under this name too, may be repeated: of a service or a proxy before it (default: addresses, localhost and this machine's name)",
        "在该端口上也以这个名称应答，可重复：前面的服务或代理的名称（默认：地址、localhost 和本机名称）",
    ),
    (
        "List there what a directory holds, when a client asks for its name with / at the end",
        "客户端请求以 / 结尾的目录名时，在该端口上列出该目录的内容",
    ),
    (
        "The server, as its --http says: http://HOST:PORT or HOST:PORT",
        "服务器，即其 --http 所给的：http://主机:端口 或 主机:端口",
    ),
    (
        "Show so many machines, those heard of last",
        "显示这么多台机器，以最近有动静的为先",
    ),
    ("on the server", "在服务器上"),
    (
        "there too, at another terminal",
        "也在服务器上，另一个终端中",
    ),
    (
        "Show which file a name would get, and by which rule",
        "显示一个名称会得到哪个文件，以及依据哪条规则",
    ),
    (
        "Serve some names otherwise, may be repeated, the first that claims a name holds: name=GLOB, regex=REGEX, from=CIDR, mac=MAC, asks=OPTION+OPTION, write, then path=PATH, text=TEXT, url=URL or refuse",
        "对某些名称另作处理，可重复，以第一条匹配的规则为准：name=通配符、regex=正则、from=网段、mac=MAC 地址、asks=选项+选项、write，然后是 path=路径、text=文本、url=URL 或 refuse",
    ),
    (
        "Rewrite names by the rules in this file, which are those of tftpd-hpa, before any route sees them",
        "先按此文件中的规则（即 tftpd-hpa 的规则）改写名称，再查路由规则",
    ),
    (
        "The name, as the client would ask for it",
        "客户端所请求的名称",
    ),
    ("The client's address", "客户端的地址"),
    (
        "The client's link-layer address (default: what the neighbour table has)",
        "客户端的 MAC 地址（默认：邻居表中的地址）",
    ),
    (
        "The options of the request, by name: OPTION+OPTION",
        "请求中的选项名：选项+选项",
    ),
    ("The client stores the file", "客户端是上传文件"),
    (
        "The address that the client has asked",
        "客户端所请求的服务器地址",
    ),
    (
        "Look whether the file is beneath this directory, or beneath that of its route",
        "查看文件是否在此目录之下，或在其路由的目录之下",
    ),
    ("Fetch files", "下载文件"),
    ("Store files on a server", "把文件上传到服务器"),
    (
        "The directory; nothing outside it is ever opened. Or a store: s3://BUCKET/PREFIX, gs://…, az://…, http://… or https://…",
        "目录；绝不打开它之外的任何文件。或一个存储：s3://BUCKET/PREFIX、gs://…、az://…、http://… 或 https://…",
    ),
    (
        "Where files of a store are kept (default: systemd's cache directory, else nothing outlives the server)",
        "存储中的文件缓存在哪里（默认：systemd 的缓存目录；没有则服务器结束后不留任何文件）",
    ),
    (
        "How much of a store is kept at the most; what was used longest ago leaves",
        "存储中的文件最多缓存多少；最久未用的先移除",
    ),
    (
        "While the store does not answer, serve what is kept of it",
        "存储没有应答时，提供已缓存的文件",
    ),
    (
        "Where to listen, may be repeated (default: all addresses of both families, port 69, or 6969 where 69 is not permitted)",
        "在哪里监听，可重复（默认：IPv4 与 IPv6 的所有地址，69 端口；无权使用 69 时用 6969）",
    ),
    (
        "Accept uploads: new names only, or existing ones too",
        "接受上传：仅限新文件名，或也可覆盖已有文件",
    ),
    (
        "Refuse or cut off an upload beyond this many bytes (K, M, G allowed)",
        "拒绝或中断超过这么多字节的上传（可用 K、M、G）",
    ),
    (
        "Refuse or cut off uploads that would add more than this to the disk, all together since the start (default: no limit)",
        "自启动以来所有上传使磁盘增加的总量不得超过此值，否则拒绝或中断（默认：不限）",
    ),
    (
        "How much memory running uploads may take, 128K for each",
        "进行中的上传最多占用多少内存，每个 128K",
    ),
    (
        "Acknowledge an upload's last block before the file is on the disk: a power cut may take it",
        "在上传的文件写入磁盘之前就确认最后一块：断电时可能丢失",
    ),
    (
        "Tell firmware what to load, beside a DHCP server that only gives addresses (ports 67 and 4011)",
        "告知固件加载什么，与只分配地址的 DHCP 服务器并行（端口 67 和 4011）",
    ),
    (
        "What firmware of an architecture is told to load, or iPXE, may be repeated: x64-uefi=NAME, 7=NAME, ipxe=SCRIPT, x64-http=URL (default: the first of the usual names that exists)",
        "告知某种架构的固件或 iPXE 加载什么，可重复：x64-uefi=名称、7=名称、ipxe=脚本、x64-http=URL（默认：常用名称中第一个存在的）",
    ),
    (
        "How many transfers may run at a time",
        "最多同时进行多少个传输",
    ),
    (
        "Do not hold windows back while the way to the clients is full",
        "通往客户端的链路已满时，也不推迟发送窗口",
    ),
    (
        "Answer these addresses only, may be repeated: ADDR, ADDR/BITS or any (default: private, link-local and loopback ones)",
        "只应答这些地址，可重复：地址、地址/位数 或 any（默认：私有、链路本地和环回地址）",
    ),
    (
        "Addresses that cannot be forged in this network, may be repeated: ADDR, ADDR/BITS or any; they are answered without limit (default: this machine's own)",
        "在本网络中无人能伪造的地址，可重复：地址、地址/位数 或 any；对它们的应答不受限制（默认：本机地址）",
    ),
    (
        "How many transfers one client's address may have at a time",
        "每个客户端地址最多同时进行多少个传输",
    ),
    (
        "How many transfers may wait for a first sign of their client; the oldest is dropped for a new one",
        "最多多少个传输可以等待客户端的首次应答；有新的到来时，丢弃最早的",
    ),
    (
        "Never agree to a larger block (default: what the route to the client carries)",
        "绝不同意更大的块（默认：到客户端的路径所能承载的大小）",
    ),
    ("Never agree to a larger window", "绝不同意更大的窗口"),
    ("The block number that follows 65535", "65535 之后的块号"),
    (
        "Send blocks ahead of their ACKs to clients that know no windowsize, as long as each keeps them",
        "对不支持 windowsize 的客户端，只要它保留提前到达的块，就不等 ACK 先发后面的块",
    ),
    (
        "Serve some clients otherwise, may be repeated, the first that matches holds: from=CIDR, asks=OPTION+OPTION, then no-options, blksize=BYTES, windowsize=BLOCKS, rollover=N",
        "对某些客户端另作处理，可重复，以第一条匹配的规则为准：from=网段、asks=选项+选项，然后是 no-options、blksize=字节、windowsize=块数、rollover=N",
    ),
    (
        "Answer from the port that is asked, for NAT and containers: all transfers share one socket",
        "从收到请求的端口应答，供 NAT 和容器使用：所有传输共用一个套接字",
    ),
    (
        "Threads for the transfers (default: one for each processor); those in lockstep share the first",
        "运行传输的线程数（默认：每个处理器一个）；逐块应答的传输共用第一个",
    ),
    (
        "Where a name is not found, fall back to a case-insensitive match",
        "找不到文件名时，改用不区分大小写的匹配",
    ),
    (
        "After the ports are taken, switch to this user permanently (needs root)",
        "占用端口之后永久切换为这个用户（需要 root）",
    ),
    (
        "Do not let the kernel confine the server to the directory (Landlock)",
        "不让内核把服务器限制在目录之内（Landlock）",
    ),
    (
        "What to fetch: tftp://HOST[:PORT]/NAME[;mode=netascii]",
        "要下载的文件：tftp://主机[:端口]/文件名[;mode=netascii]",
    ),
    (
        "Where to put it: a file, a directory, or - for stdout (default: the last part of the name)",
        "存到哪里：文件、目录，或用 - 表示标准输出（默认：文件名的最后一段）",
    ),
    (
        "The files, then the address: tftp://HOST[:PORT]/NAME, or one that ends in / for several",
        "先写文件，再写地址：tftp://主机[:端口]/文件名；多个文件时地址以 / 结尾",
    ),
    (
        "Ask for this block size (default: what the route carries)",
        "请求这个块大小（默认：路径所能承载的大小）",
    ),
    ("Ask for this many blocks in flight", "请求同时在途的块数"),
    (
        "Ask the server to resend after this many seconds",
        "请求服务器在这么多秒后重发",
    ),
    (
        "Give up after this many seconds without a sign of the server",
        "服务器这么多秒没有动静就放弃",
    ),
    (
        "Repeat the request seven times a second until the server answers, for devices that listen for a moment after power-on",
        "每秒重复请求七次，直到服务器应答；用于只在通电后监听片刻的设备",
    ),
    (
        "Poll for packets for this many microseconds before sleeping, as long as that pays; 0 sleeps at once",
        "休眠前先轮询这么多微秒（仅在有收益时）；0 表示立即休眠",
    ),
    (
        "Ask for no options at all: RFC 1350 as it was",
        "不请求任何选项：最初的 RFC 1350",
    ),
    (
        "Transfer text: line ends become those of the other system",
        "按文本传送：换行符转换为对方系统的形式",
    ),
    ("./files, port 69 or 6969", "./files，69 或 6969 端口"),
];
