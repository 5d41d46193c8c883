//! Words of the ladder and of exports.

use super::messages;

messages! {
    /// Words of the ladder and of exports.
    Views;
    Client { address } "CLIENT {address}" "客户端 {address}"
    Server { address } "SERVER {address}" "服务器 {address}"
    Simulated { system } "SIMULATED: both hosts are TCP/IP stacks inside this program ({system}), not a kernel." "模拟：两台主机都是本程序内的 TCP/IP 协议栈（{system}），不是内核。"
    State {} "state" "状态"
    Dropped {} "lost" "丢失"
    Held {} "held" "扣留"
    Again {} "retransmission" "重传"
    Copy {} "copy" "副本"
    Changed {} "changed" "被改动"
    Crossing {} "in flight" "在途"
    ClockResend { millis } "time-out {millis} ms" "超时 {millis} 毫秒"
    ClockResendDeduced { millis } "waited {millis} ms, deduced" "等待 {millis} 毫秒，推断"
    ClockLossProbe { millis } "loss probe {millis} ms" "丢失探测 {millis} 毫秒"
    ClockDelayedAck { millis } "delayed ACK {millis} ms" "延迟确认 {millis} 毫秒"
    ClockTimeWait { millis } "TIME-WAIT over, {millis} ms" "TIME-WAIT 结束，{millis} 毫秒"
    ClockPersist { millis } "window probe {millis} ms" "窗口探测 {millis} 毫秒"
    StatesKernel {} "States are the kernel's own (inet_diag), asked after each step." "状态来自内核（inet_diag），每一步之后查询。"
    StatesInferred {} "States are deduced from the packets, not told by a kernel." "状态由报文推断得出，并非来自内核。"
    StatesSimulated {} "Both ends are simulated; no kernel's TCP took part." "两端均为模拟，没有内核 TCP 参与。"
    NoStates {} "UDP has no states: what looks like a connection is only a pair of ports that the two programs remember." "UDP 没有状态：看上去像连接，其实只是两个程序各自记住的一对端口。"
    WhereCaptured {} "A capture shows when packets passed, not when, or whether, they arrived." "抓包显示的是报文经过的时刻，并不说明它们何时到达、是否到达。"
    NoTiming {} "without timing: distances mean nothing here" "不含时间：间距没有意义"
    LadderTitle { scenario } "A ladder of packets: {scenario}" "报文时序图：{scenario}"
    LadderAbout { packets } "Two hosts, {packets} packets between them, time downwards. Each arrow has its explanation as a title." "两台主机之间的 {packets} 个报文，时间自上而下。每个箭头的标题是对它的解释。"
    PacketDropped {} "dropped" "已丢弃"
    LastBlock {} " (last)" "（最后一块）"
    LastFragment {} " (last)" "（最后一片）"
    Fragment { offset, len } "IP fragment, offset {offset}, len={len}" "IP 分片，偏移 {offset}，len={len}"
    FragmentShort { offset } "fragment, offset {offset}" "分片，偏移 {offset}"
    FirstFragment { len } "IP fragment, offset 0, UDP len={len}" "IP 分片，偏移 0，UDP len={len}"
    PortUnreachable { port } "ICMP port {port} unreachable" "ICMP 端口 {port} 不可达"
    Unreachable {} "ICMP unreachable" "ICMP 不可达"
    Unnamed {} "a lab" "实验"
    CutAt { line } "the log is cut short: line {line} is half or missing" "日志不完整：第 {line} 行缺失或只有一半"
    UnknownKinds { count } "{count} events are of a kind that this lineman does not know; they were left out" "有 {count} 个事件的种类是本版 lineman 不认识的，已略去"
    BadLog { file, why } "{file} is not a lineman log: {why}" "{file} 不是 lineman 的日志：{why}"
}
