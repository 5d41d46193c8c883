//! Sentences of `lineman lab bench` and `lineman lab run`.

use super::messages;

messages! {
    /// Sentences of the socket bench and of programs on hosts.
    Bench;
    Welcome {} "two hosts and a wire: client 10.0.0.1, server 10.0.0.2; help lists what can be typed, ^D leaves" "两台主机和一条线路：客户端 10.0.0.1，服务器 10.0.0.2；输入 help 列出可用命令，^D 离开"
    Unknown { word } "there is no command {word}; help lists them all" "没有命令 {word}；输入 help 列出全部"
    Value { word, choices } "“{word}” means nothing here; it could be {choices}" "“{word}”在这里没有意义；可以是 {choices}"
    Port { port } "there is no port {port}: a port is a number from 0 to 65535 (16 bits)" "没有端口 {port}：端口号是 0 到 65535 之间的数（16 位）"
    Missing { example } "something is missing; write it like: {example}" "缺少内容；写法如：{example}"
    Extra { word } "nothing more may follow here, but “{word}” does" "此处不应再有内容，却出现了“{word}”"
    NoSocket {} "this host has no open socket; make one: socket tcp" "这台主机没有打开的套接字；先创建一个：socket tcp"
    NothingHeld {} "no such packet is held; step holds packets from now on" "没有扣留这样的报文；step 会从现在起扣留报文"
    BadRules { word } "“{word}” means nothing in a rule; a rule is like: c>s:#1 drop; loss 20%" "“{word}”在规则中没有意义；规则写法如：c>s:#1 drop; loss 20%"
    Ended {} "the lab has ended" "实验已经终止"
    AtLine { line, why } "line {line}: {why}" "第 {line} 行：{why}"

    HelpServer {} "calls, server's side:  " "调用，服务器一侧：  "
    HelpClient {} "calls, client's side:  " "调用，客户端一侧：  "
    HelpBoth {} "calls, both sides:     " "调用，双方都用：    "
    HelpHosts {} "whose calls these are: " "切换主机：          "
    HelpWire {} "the wire:              " "线路：              "
    HelpRest {} "besides:               " "其他：              "
    HelpMore {} "help CALL explains one; a call is the host's in the prompt, or: client connect 10.0.0.2:8888; fd 4 behind a call names the socket, else it is the one last used" "help 加调用名可查看说明；调用属于提示符中的主机，也可写成：client connect 10.0.0.2:8888；调用后写 fd 4 指定套接字，否则用最近用过的一个"

    Client {} "client" "客户端"
    Server {} "server" "服务器"
    NoSockets {} "  no socket" "  没有套接字"
    Queues { unread, unsent } "unread {unread}, not acknowledged {unsent}" "未读 {unread}，未确认 {unsent}"
    Backlog { waiting, backlog } "waiting for accept {waiting} of {backlog}" "等待 accept {waiting}，上限 {backlog}"
    Idle {} "has no state yet" "尚无状态"
    Figures { rto, rtt, variance, window, threshold, segment, flight, resent } "rto {rto} ms, rtt {rtt} ± {variance} ms, cwnd {window}, ssthresh {threshold}, mss {segment}, in flight {flight}, retransmitted {resent}" "重传超时 {rto} 毫秒，往返 {rtt} ± {variance} 毫秒，cwnd {window}，ssthresh {threshold}，mss {segment}，在途 {flight}，重传 {resent}"

    NoProgram {} "no program is named; write it like: lineman lab run -- nc 10.0.0.2 9000" "没有指定程序；写法如：lineman lab run -- nc 10.0.0.2 9000"
    TwoPrograms {} "two programs for one host" "一台主机有两个程序"
    NotFound { program } "there is no program {program}" "没有程序 {program}"
    BadQuotes { text } "a quote is not closed: {text}" "引号没有闭合：{text}"
    NoStrace {} "strace is not installed: packets and states are shown, socket calls of the program are not" "没有安装 strace：只显示报文和状态，不显示程序的套接字调用"
    ExitedOn { program, host, how } "{program} on the {host} has ended with exit code {how}." "{host}上的 {program} 已结束，退出码 {how}。"
    KilledOn { program, host, how } "{program} on the {host} was ended by signal {how}." "{host}上的 {program} 被信号 {how} 终止。"
    RefusedOn { program, host, how } "{program} on the {host} did not start: {how}." "{host}上的 {program} 没有启动：{how}。"
    Exited { program, code } "{program} has ended with exit code {code}" "{program} 已结束，退出码 {code}"
    Killed { program, signal } "{program} was ended by signal {signal}" "{program} 被信号 {signal} 终止"
    NotRun { program, why } "{program} cannot be run: {why}" "无法运行 {program}：{why}"
}
