//! Chinese help of `lineman lab`.

use super::Row;

/// What `lineman lab` says.
pub const TEXTS: &[Row] = &[
    (
        "See every call, packet and state between two hosts",
        "观察两台主机之间的每个调用、报文和状态",
    ),
    (
        "Show a recorded log as a ladder, or export it",
        "把记录的日志显示为时序图，或导出",
    ),
    ("The log; - is stdin", "日志文件；- 表示标准输入"),
    ("List the scenarios", "列出场景"),
    (
        "The scenario to play; without it a page has two hosts to drive by hand, and where there is no browser, scenarios are listed",
        "要播放的场景；省略时页面上有两台由你操作的主机，没有浏览器则列出全部场景",
    ),
    (
        "Print the ladder line by line, and nothing that moves (default where there is no terminal, or no browser to open)",
        "逐行输出时序图，没有动态内容（没有终端或没有浏览器可打开时的默认方式）",
    ),
    (
        "Write the log to this file too, for lab replay",
        "同时把日志写入此文件，供 lab replay 使用",
    ),
    (
        "Rules of the wire, beside those of a scenario, like c>s:#1 drop; loss 20%; numbers count the packets of each direction apart; the whole language is below",
        "除场景自带的以外再加的线路规则，如 c>s:#1 drop; loss 20%；编号在每个方向上分别计数；全部写法见下文",
    ),
    (
        "Start chance here: the same rules and number lose the same packets of each direction, counted in the order in which they are sent (default: 1)",
        "随机数的种子：规则和种子相同时，每个方向上按发送顺序数，丢弃的是同样几个包（默认：1）",
    ),
    ("Play it over IPv6", "使用 IPv6 播放"),
    ("the same over IPv6", "同一场景，使用 IPv6"),
    (
        "How many milliseconds every packet is on its way (default: 2, or what a scenario needs)",
        "每个报文在途的毫秒数（默认：2，或由场景决定）",
    ),
    (
        "TCP as in the textbook: no timestamps, no SACK, no window scaling",
        "教科书式的 TCP：没有时间戳、SACK 和窗口扩大",
    ),
    (
        "Show this machine's kernel or nothing: simulate nothing where it is refused (exit code 7)",
        "只用本机内核：若被拒绝，也不改用模拟（退出码 7）",
    ),
    (
        "Simulate both hosts in this program, even where the kernel's own are allowed",
        "在本程序内模拟两台主机，即使可以使用内核",
    ),
    (
        "both hosts simulated, without the kernel",
        "两台主机均为模拟，不用内核",
    ),
    ("what there is to play", "有哪些场景"),
    ("a connection is made", "建立一个连接"),
    ("with a rule of your own", "加上自己的规则"),
    (
        "lost by chance; the seed repeats it",
        "随机丢包；用种子可以重现",
    ),
    ("keep the log", "保存日志"),
    ("names, and what they show", "名称及其内容"),
    (
        "Export the log in this form instead of showing it",
        "不显示，而是以这种形式导出日志",
    ),
    (
        "Write to this file instead of stdout",
        "写入此文件而不是标准输出",
    ),
    (
        "Draw the ladder with plain ASCII signs (default where the locale is not UTF-8)",
        "只用 ASCII 符号绘制（区域设置不是 UTF-8 时默认如此）",
    ),
    (
        "Show it on the whole terminal; keys walk through it, or decide about each packet",
        "在整个终端上显示；用按键逐行浏览，或决定每个报文的去向",
    ),
    (
        "Show it in a browser on this machine: a page whose packets can be held, dropped, doubled and delayed (default of lab at a terminal where there is one)",
        "在本机浏览器中显示：可以扣留、丢弃、复制和推迟报文的页面（在终端上且有浏览器时，lab 默认如此）",
    ),
    (
        "Only print the page's address: open no browser",
        "只打印页面地址，不打开浏览器",
    ),
    (
        "there too: hold a SYN, drop it, see what follows",
        "也在浏览器中：扣住一个 SYN，丢弃它，看接着发生什么",
    ),
    ("in a browser, at your pace", "在浏览器中，由你掌握节奏"),
    (
        "Hold every packet on the page until you decide, from the start; without it the scenario runs, and you walk through it",
        "从一开始就在页面上扣留每个报文，由你决定；不加此选项时场景自行进行，由你逐步查看",
    ),
    ("in a browser", "在浏览器中"),
    (
        "two hosts, to be driven in a browser",
        "两台主机，在浏览器中操作",
    ),
    ("as lines in this terminal", "在此终端逐行显示"),
    ("row by row, at your keys", "按键逐行观看"),
    (
        "row by row, with states and bytes",
        "逐行浏览，带状态和字节",
    ),
    (
        "Sequence numbers as they are in the headers, not counted from the initial ones; sentences count all the same",
        "显示首部中的绝对序号，而不是从初始序号算起的相对序号；解释中仍用相对序号",
    ),
    ("Leave the explanations out", "不显示解释"),
    (
        "Draw for this many columns (default: the terminal's, or 120)",
        "按这么多列绘制（默认：终端的列数，否则 120）",
    ),
    (
        "Draw for this many columns (default: the terminal's, or 120; 99 at most in bench, run and watch)",
        "按这么多列绘制（默认：终端的列数，否则 120；bench、run 和 watch 最多 99）",
    ),
    ("the ladder, with explanations", "时序图，带解释"),
    ("calls, states and packets alone", "只有调用、状态和报文"),
    ("a picture", "图片"),
    (
        "Show figures over time below the ladder: sequence numbers, bytes in flight, window, RTT, goodput, and the kernel's cwnd (with --tui: beside it; --export figures is a picture)",
        "在时序图下方显示随时间变化的量：序号、在途字节、窗口、往返时间、有效吞吐量，以及内核的 cwnd（加 --tui：显示在旁边；--export figures 输出图片）",
    ),
    (
        "bytes in flight, RTT, cwnd … over time",
        "在途字节、往返时间、cwnd 等随时间的变化",
    ),
    (
        "bytes in flight, RTT, goodput … over time",
        "在途字节、往返时间、有效吞吐量等随时间的变化",
    ),
    ("figures over time", "随时间变化的量"),
    ("for Wireshark", "供 Wireshark 打开"),
    (
        "Work on an exercise that the packets of a log correct, or make one",
        "做练习，由日志中的报文来批改；或出一份练习",
    ),
    (
        "The exercise, or any log; with --make or --page - is stdin",
        "练习文件，或任意日志；与 --make 或 --page 一起时 - 表示标准输入",
    ),
    (
        "Work on it in a browser on this machine",
        "在本机浏览器中做练习",
    ),
    (
        "Make an exercise of this log: one file, which needs no other, no privilege and no answers beside it",
        "用此日志出一份练习：只有一个文件，不需要其他文件、特权或另附的答案",
    ),
    (
        "What is asked about a log, like seq,state (default: all)",
        "对日志提哪些问题，如 seq,state（默认：全部）",
    ),
    (
        "How many places of a log's ladder are left out, at most (default: 8)",
        "日志的时序图中最多留出多少个空（默认：8）",
    ),
    (
        "Start chance here: the same number leaves out the same places and shuffles the same way (default: 1)",
        "随机数的种子：种子相同，留出的空和打乱的次序也相同（默认：1）",
    ),
    ("any log will do", "任何日志都可以"),
    ("work on it at once", "立刻开始做"),
    ("one file, to be handed out", "一个文件，可以发给学生"),
    ("work on that", "做这份练习"),
    ("states, and the order of packets", "状态，以及报文的次序"),
    (
        "Rules of the wire (--fault), a semicolon between two: which packets, then what happens to them",
        "线路规则（--fault）：先写哪些报文，再写如何处理；两条规则之间用分号",
    ),
    (
        "from the client, from the server, from either of them (default)",
        "来自客户端、来自服务器、来自任一方（默认）",
    ),
    (
        "kinds of TCP segments; of several words all must hold",
        "TCP 报文段的种类；写多个词时须全部符合",
    ),
    ("other kinds of packets", "其他种类的报文"),
    (
        "each fragment of a datagram; whatever belongs to a transfer",
        "数据报的每个分片（包括第一片）；属于 TFTP 传输的一切报文",
    ),
    ("one kind of TFTP packet", "TFTP 报文的一种"),
    ("the DATA or ACK of this number", "这个编号的 DATA 或 ACK"),
    (
        "the second of those that fit, counted in each direction",
        "符合条件的第二个，每个方向分别计数",
    ),
    ("the second to the fifth", "第二个到第五个"),
    ("each third", "每第三个"),
    ("so many of them, by chance", "其中随机的这么多"),
    (
        "it never arrives; loss 20% is short for 20% drop",
        "不会到达；loss 20% 是 20% drop 的简写",
    ),
    ("it arrives later", "推迟到达"),
    (
        "it arrives up to so much later, and overtakes none",
        "最多推迟这么久，且不超过先发的报文",
    ),
    (
        "it arrives twice, the copy so much later",
        "到达两次，副本推迟这么久",
    ),
    (
        "so many later packets overtake it",
        "被后面这么多个报文超过",
    ),
    ("the wire carries so much in a second", "线路每秒传送这么多"),
    ("so many bits of it are flipped", "翻转其中这么多比特"),
    (
        "chance begins here; alone between semicolons",
        "随机数从这里开始；单独写在分号之间",
    ),
];
