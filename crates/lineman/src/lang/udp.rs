//! Sentences of `lineman udp`.

use super::messages;

messages! {
    /// Sentences of `lineman udp`.
    Udp;
    Listening { at } "listening on {at}" "正在监听 {at}"
    ListeningBoth { at } "listening on {at}, IPv4 and IPv6" "正在监听 {at}（IPv4 和 IPv6）"
    Joined { group, interface } "joined {group} on {interface}" "已在 {interface} 上加入组播组 {group}"
    HowToAnswer {} "a line goes to the peer that the prompt names, `@2 text` to the second one; ^C ends" "输入的一行发给提示符所示的一方，“@2 文本”发给第二个对方；按 ^C 结束"
    Sending { from, to } "sending to {to} from {from}" "从 {from} 发送到 {to}"
    HowToEnd {} "each line is one datagram; ^D ends" "每行是一个数据报；按 ^D 结束"
    OtherAddresses { host, others } "{host} has other addresses too: {others}" "{host} 还有其他地址：{others}"
    Empty {} "(an empty datagram)" "（空数据报）"
    InputWaits {} "no datagram has arrived yet: input waits for the first sender" "尚未收到任何消息：输入将等待第一个对方"
    InputEnded {} "end of input; listening goes on, ^C ends" "输入已结束；继续监听，按 ^C 结束"
    NobodyYet {} "not sent: no datagram has arrived yet, so there is nobody to answer" "未发送：尚未收到任何人的消息"
    EndOfNothing {} "^D ends nothing: listening goes on, what you type is still sent; ^C ends" "^D 不结束任何操作：继续监听，键入的内容仍会发送；按 ^C 结束"
    NoSuchPeer { number } "not sent: there is no peer @{number}" "未发送：没有编号为 @{number} 的对方"
    TooLong { bytes, limit } "not sent: {bytes} bytes are more than a datagram carries ({limit})" "未发送：{bytes} 字节超过一个数据报的上限（{limit} 字节）"
    NotSent { to, why } "not sent to {to}: {why}" "未能发送到 {to}：{why}"
    NeedsBroadcast { to } "cannot send to {to}: it is a broadcast address; allow it with --broadcast" "无法发送到 {to}：这是广播地址；请用 --broadcast 允许广播"
    IsMulticast { group } "{group} is a multicast group; say which interface leads to it: --multicast {group} --interface IF" "{group} 是组播地址；请指明通往它的接口：--multicast {group} --interface IF"
    GroupInterface { group, names } "say which interface leads to {group}: --interface IF; there are: {names}" "请指明通往 {group} 的接口：--interface IF；现有接口：{names}"
    TwoInterfaces { one, other } "the group is on {one}, and --interface says {other}: which one?" "组播组写在接口 {one} 上，--interface 却指定 {other}：用哪一个？"
    NotMulticast { group } "{group} is not a multicast group; those are 224.0.0.0 to 239.255.255.255 and ff00::/8" "{group} 不是组播地址；组播地址为 224.0.0.0 至 239.255.255.255 以及 ff00::/8"
    NoHost {} "to whom? write HOST or HOST:PORT" "发送给谁？请写 HOST 或 HOST:PORT"
    PortZero {} "no program can listen on port 0" "没有人能在 0 号端口上监听"
    UnknownInterface { wanted, names } "no interface has the name or address {wanted}; there are: {names}" "没有名称或地址为 {wanted} 的接口；现有接口：{names}"
    Refused { to } "{to} refused a datagram: nothing is listening on that port" "{to} 拒绝了一个数据报：该端口上没有程序在监听"
    Lost { to, why } "a datagram to {to} did not arrive: {why}" "发往 {to} 的一个数据报未送达：{why}"
    LostBy { to, by, why } "a datagram to {to} did not arrive: {why}, says {by}" "发往 {to} 的一个数据报未送达：{why}（由 {by} 告知）"
    TooLargeForPath {} "too large for the path" "超过了路径所能传送的大小"
    UnknownPeer {} "an unknown address" "未知地址"
    Truncated { from, bytes, full } "a datagram of {from} was cut to {bytes} of {full} bytes" "来自 {from} 的数据报被截断：{full} 字节中只剩 {bytes} 字节"
    Summary { sent, sent_bytes, received, received_bytes } "datagrams sent: {sent} ({sent_bytes} bytes), received: {received} ({received_bytes} bytes)" "数据报：已发送 {sent} 个（{sent_bytes} 字节），已接收 {received} 个（{received_bytes} 字节）"
    SummaryRefused { count } ", refused: {count}" "，被拒绝 {count} 个"
    SummaryNotSent { count } ", not sent: {count}" "，未发送 {count} 个"
}
