//! Sentences of `lineman tftp bench`.

use super::messages;

messages! {
    /// Sentences of `lineman tftp bench`.
    LoadTest;
    Begin { server, size, clients, details } "{server}: a file of {size}, {clients} clients, {details}" "{server}：文件 {size}，{clients} 个客户端，{details}"
    Loss { percent, seed } "{percent} % lost on purpose in each direction, seed {seed}" "每个方向故意丢弃 {percent}%，种子 {seed}"
    Goodput { rate, bytes, seconds } "goodput: {rate} MB/s ({bytes} in {seconds} s)" "有效吞吐量：{rate} MB/s（{seconds} 秒内 {bytes}）"
    Transfers { done, failed, unfinished } "transfers: {done} done, {failed} failed, {unfinished} unfinished at the end" "传输：完成 {done}，失败 {failed}，结束时未完成 {unfinished}"
    FailedOf { kind, count } "failed: {count} × {kind}" "失败：{count} × {kind}"
    Completion { p50, p90, p99, max } "completion: p50 {p50}, p90 {p90}, p99 {p99}, max {max}" "完成时间：p50 {p50}，p90 {p90}，p99 {p99}，最长 {max}"
    FirstByte { p50, p99 } "first byte: p50 {p50}, p99 {p99}" "首字节：p50 {p50}，p99 {p99}"
    Repairs { timeouts, gaps, duplicates, resent } "repairs: {timeouts} timeouts, {gaps} gaps, {duplicates} duplicate blocks, {resent} blocks retransmitted" "修复：超时 {timeouts}，缺口 {gaps}，重复块 {duplicates}，重传块 {resent}"
    Dropped { received, sent } "lost on purpose: {received} of the server's packets, {sent} of ours" "故意丢弃：服务器的 {received} 个包，本方的 {sent} 个包"
    Generator { cpu, busy, packets, rate } "load generator: {cpu} s of CPU time ({busy} % of its threads' time), {packets} packets/s, {rate} MB per second of CPU time" "负载发生器：CPU 时间 {cpu} 秒（占其线程时间的 {busy}%），{packets} 包/秒，每秒 CPU 时间 {rate} MB"
    IsLimit {} "the load generator was busy nearly all the time: the server may be able to do more (--threads)" "负载发生器几乎一直忙碌：服务器也许能做得更多（--threads）"
    SelfTest {} "a source inside this program; what follows is what the load generator can take" "数据源在本程序内部；以下是负载发生器所能承受的"

    Refused {} "refused by the server" "被服务器拒绝"
    Aborted {} "aborted by the server" "被服务器中止"
    Unanswered {} "never answered" "没有应答"
    Silent {} "the server went silent" "服务器失去响应"
    Protocol {} "protocol broken" "违反协议"
    WrongLength {} "not the length of the first time" "长度与第一次不同"
    WrongBytes {} "not the bytes of the first time" "内容与第一次不同"
    Unreachable {} "unreachable" "无法到达"
    System {} "no socket left here, or the like" "本机没有可用的套接字等"
}
