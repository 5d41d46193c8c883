//! What is said about datagrams, and what is neither TCP nor UDP.

use super::sayings;

sayings! {
    "udp"
        "{who} sends a datagram of {len} to port {port}. There is no connection and no acknowledgment: only the programs can find out whether it arrives."
        "{who}向端口 {port} 发送一个 {len}的数据报。没有连接，也没有确认：是否到达只能由程序自己判断。"
    "udp.pieces"
        "{who} sends a datagram of {len} to port {port}. It does not fit into one frame, so IP fragments it; only the first fragment carries the ports. If any fragment is lost, the whole datagram is lost."
        "{who}向端口 {port} 发送一个 {len}的数据报。一个帧装不下，于是 IP 把它分片发送；只有第一片带有端口号。任何一片丢失，整个数据报就丢失。"
    "ip.piece.last"
        "{who} sends the last fragment: {len} at offset {offset} of the packet. The receiver reassembles the fragments before the program sees any of the data."
        "{who}发送最后一片：{len}，偏移 {offset}。接收方重组各片之后，程序才能看到数据。"
    "udp.empty"
        "{who} sends an empty datagram to port {port}: that is a message too."
        "{who}向端口 {port} 发送一个没有内容的数据报：这也是一条消息。"
    "icmp.port"
        "{who} reports by ICMP that its port {port} is unreachable: no program receives there. If the sender's socket is connected, its next call fails with ECONNREFUSED."
        "{who}用 ICMP 报告端口 {port} 不可达：没有程序在那里接收。若发送方的套接字已连接，下一次调用会以 ECONNREFUSED 失败。"
    "icmp.port.captured"
        "{who} reports by ICMP that port {port} is unreachable: no program receives there, or a firewall answers in its place; packets do not tell which. If the sender's socket is connected, its next call fails with ECONNREFUSED."
        "{who}用 ICMP 报告端口 {port} 不可达：没有程序在那里接收，或者是防火墙代为回应；仅从报文看不出是哪一种。若发送方的套接字已连接，下一次调用会以 ECONNREFUSED 失败。"
    "icmp.unreachable"
        "{who} reports by ICMP that the datagram could not be delivered to its destination."
        "{who}用 ICMP 报告：数据报无法送达目的地。"
    "packet.other"
        "{who} sends {line}."
        "{who}发送 {line}。"
    "packet.unknown"
        "{who} sends a packet whose content is not in the log."
        "{who}发送一个报文，日志中没有它的内容。"
}
