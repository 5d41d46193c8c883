//! Words of figures over time.

use super::messages;

messages! {
    /// Words of figures over time.
    Figures;
    OfClient { local, remote, begin, end } "client {local} → server {remote} · {begin} … {end} s" "客户端 {local} → 服务器 {remote} · {begin} … {end} 秒"
    OfServer { local, remote, begin, end } "server {local} → client {remote} · {begin} … {end} s" "服务器 {local} → 客户端 {remote} · {begin} … {end} 秒"
    Sequence {} "sequence" "序号"
    InFlight {} "in flight" "在途字节"
    Window {} "window" "通告窗口"
    RoundTrip {} "RTT" "往返时间"
    Timeout {} "RTO" "重传超时"
    Goodput {} "goodput" "有效吞吐量"
    Cwnd {} "cwnd" "拥塞窗口"
    Ssthresh {} "ssthresh" "慢开始门限"
    To { to } "to {to}" "到 {to}"
    ToAgain { to, again } "to {to}, {again} retransmitted" "到 {to}，重传 {again} 个"
    ToLost { to, again, lost } "to {to}, {again} retransmitted, {lost} lost" "到 {to}，重传 {again} 个，丢失 {lost} 个"
    AtMost { high } "at most {high} B" "最多 {high} 字节"
    Bytes { high } "{high} B" "{high} 字节"
    BytesFrom { low, high } "{low} … {high} B" "{low} … {high} 字节"
    Millis { high } "{high} ms" "{high} 毫秒"
    MillisFrom { low, high } "{low} … {high} ms" "{low} … {high} 毫秒"
    Rate { high, span } "at most {high} in {span} ms" "{span} 毫秒内最多 {high}"
    Segments { high } "{high} segments" "{high} 个报文段"
    SegmentsNow { low, high, now } "{low} … {high}, last {now} segments" "{low} … {high}，最后 {now} 个报文段"
    Nothing {} "No TCP segment was sent: there are no figures." "没有发送 TCP 报文段，因此没有可画的量。"
    Captured {} "RTT and bytes in flight are as the capture saw them: a round trip is from there to the receiver and back." "往返时间和在途字节以抓包位置为准：往返时间是从抓包处到接收方再回来。"
    More { count } "{count} more connections are not shown." "另有 {count} 个连接未显示。"
    Title { scenario } "Figures over time: {scenario}" "随时间变化的量：{scenario}"
    About { connections } "Sequence numbers, bytes in flight, windows, round trips and goodput of {connections} TCP connections; the kernel's cwnd, ssthresh and RTO where it told them." "{connections} 个 TCP 连接的序号、在途字节、窗口、往返时间和有效吞吐量；内核给出的 cwnd、ssthresh 和重传超时。"
    AxisSequence {} "sequence number (line: acknowledged; hollow: retransmitted; cross: lost)" "序号（线：已确认；空心：重传；叉：丢失）"
    AxisInFlight {} "bytes in flight" "在途字节"
    AxisWindow {} "window that the peer advertises, bytes" "对方通告的接收窗口，字节"
    AxisRoundTrip {} "RTT, ms (dots: samples; line: the kernel's smoothed RTT)" "往返时间 RTT，毫秒（点：样本；线：内核的平滑值）"
    AxisTimeout {} "the kernel's RTO, ms" "内核的重传超时 RTO，毫秒"
    AxisGoodput { span } "goodput, kB/s in spans of {span} ms" "有效吞吐量，kB/s，每 {span} 毫秒一段"
    AxisCwnd {} "the kernel's cwnd, segments (dashed: ssthresh)" "内核的 cwnd，报文段（虚线：ssthresh）"
}
