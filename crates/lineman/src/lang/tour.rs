//! Sentences of `lineman tour`.

use super::messages;

messages! {
    /// Sentences of `lineman tour`.
    Tour;
    Keys {} "-- Space: go on · r: run on without stopping · q: leave --" "-- 空格：继续 · r：不再停顿 · q：离开 --"
    Summary {} "Summary" "小结"
    LabTitle {} "lineman tour: two hosts on a private network; every call, every packet, and the states of both ends" "lineman 导览：私有网络中的两台主机；每个调用、每个报文，以及两端的状态"
    SimulatedTitle {} "lineman tour: two simulated hosts; every call, every packet, and the states of both ends" "lineman 导览：两台模拟的主机；每个调用、每个报文，以及两端的状态"
    SummaryLab { calls, packets, lost, seconds } "{packets} packets and {calls} socket calls in {seconds} s; the wire lost {lost} packets" "{seconds} 秒内共 {packets} 个报文、{calls} 次套接字调用；线路丢弃了 {lost} 个报文"
    SummaryStates { states, system } "states of TCP, as the kernel told them ({system}): {states}" "内核（{system}）给出的 TCP 状态：{states}"
    SummarySimulated { states, system } "states of TCP in the simulated hosts ({system}): {states}" "模拟主机（{system}）中的 TCP 状态：{states}"
    SummaryLosses {} "the lost datagram is gone, because UDP has neither numbers nor acknowledgments; the lost block was retransmitted, because TFTP numbers its blocks and waits for an ACK of each, with a timeout" "丢失的数据报就此不见，因为 UDP 既没有编号也没有确认；丢失的数据块得到重传，因为 TFTP 给数据块编号，逐块等待 ACK，并设有超时"
    SummaryTry {} "see more: lineman lab list · lineman lab syn-lost · lineman lab simultaneous-close" "继续观察：lineman lab list · lineman lab syn-lost · lineman lab simultaneous-close"
    SummaryUse {} "use it: lineman chat listen · lineman udp listen · lineman tftp serve DIR" "开始使用：lineman chat listen · lineman udp listen · lineman tftp serve 目录"
}
