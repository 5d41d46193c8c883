//! What stands in sentences about packets: hosts, amounts, times, states.

use lineman_trace::log::TcpState;

use super::Lang;
use super::messages;

messages! {
    /// Sentences about packets and what became of them.
    Wire;
    Client {} "the client" "客户端"
    Server {} "the server" "服务器"
    ClientShort {} "client" "客户端"
    ServerShort {} "server" "服务器"
    Bytes { count } "{count} bytes" "{count} 字节"
    Micros { count } "{count} µs" "{count} 微秒"
    Millis { count } "{count} ms" "{count} 毫秒"
    Seconds { count } "{count} s" "{count} 秒"
    Number { first } "sequence number {first}" "序号 {first}"
    Numbers { first, last } "sequence numbers {first} to {last}" "序号 {first} 到 {last}"
}

/// What the Chinese textbooks call a state of TCP; English has no other name than the standard's.
pub fn gloss(state: TcpState, lang: Lang) -> Option<&'static str> {
    if lang == Lang::En {
        return None;
    }
    Some(match state {
        TcpState::Closed => "关闭",
        TcpState::Listen => "监听",
        TcpState::SynSent => "同步已发送",
        TcpState::SynReceived => "同步收到，即教材中的 SYN-RCVD",
        TcpState::Established => "已建立连接",
        TcpState::FinWait1 => "终止等待 1",
        TcpState::FinWait2 => "终止等待 2",
        TcpState::CloseWait => "关闭等待",
        TcpState::Closing => "正在关闭",
        TcpState::LastAck => "最后确认",
        TcpState::TimeWait => "时间等待",
    })
}
