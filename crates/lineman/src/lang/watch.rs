//! Words of `lineman watch`, and of `--capture`.

use super::messages;

messages! {
    /// Words about live captures.
    Watch;
    NoInterface { wanted, names } "there is no interface {wanted}; there are {names}, and any for all of them" "没有接口 {wanted}；现有 {names}，any 表示全部接口"
    NotPermitted { interface, program } "not permitted to capture on {interface}: give this program the right once (sudo setcap cap_net_raw,cap_net_bind_service=+ep {program}), or run the command with sudo, or install Wireshark's dumpcap and join its group (sudo usermod -aG wireshark $USER, then log in again)" "没有在 {interface} 上抓包的权限：给本程序授权一次（sudo setcap cap_net_raw,cap_net_bind_service=+ep {program}），或用 sudo 运行该命令，或安装 Wireshark 的 dumpcap 并加入其用户组（sudo usermod -aG wireshark $USER，然后重新登录）"
    NotPermittedSocket { interface, program } "not permitted to capture on {interface}: give this program the right once (sudo setcap cap_net_raw,cap_net_bind_service=+ep {program}), or start it as root; --user gives that up then" "没有在 {interface} 上抓包的权限：给本程序授权一次（sudo setcap cap_net_raw,cap_net_bind_service=+ep {program}），或以 root 启动，并用 --user 放弃 root 权限"
    NotPermittedEither { interface, program, why } "not permitted to capture on {interface}, and dumpcap does not either ({why}): give this program the right once (sudo setcap cap_net_raw,cap_net_bind_service=+ep {program}), or run the command with sudo, or have dumpcap permitted (on Debian: sudo dpkg-reconfigure wireshark-common) and join its group (sudo usermod -aG wireshark $USER, then log in again)" "没有在 {interface} 上抓包的权限，dumpcap 也未能抓包（{why}）：给本程序授权一次（sudo setcap cap_net_raw,cap_net_bind_service=+ep {program}），或用 sudo 运行该命令，或先给 dumpcap 授权（Debian 上：sudo dpkg-reconfigure wireshark-common），再加入其用户组（sudo usermod -aG wireshark $USER，然后重新登录）"
    Watching { interface } "watching {interface}; ^C ends" "正在观察 {interface}；按 ^C 结束"
    WatchingOnly { interface, filter } "watching {interface} for {filter}; ^C ends" "正在观察 {interface} 上的 {filter}；按 ^C 结束"
    ByDumpcap {} "dumpcap captures: this program may not" "由 dumpcap 抓包：本程序没有权限"
    Ipv4Only {} "note: as in tcpdump, tcp[…] and udp[…] look at IPv4 only; for IPv6 count from its header, like ip6[53] for the flags of TCP" "注意：与 tcpdump 相同，tcp[…] 和 udp[…] 只看 IPv4；对 IPv6 请从其首部起计数，例如 ip6[53] 是 TCP 的标志"
    Lost { lost } "the capture has lost {lost} packets: they came faster than they were read. Connections of that time may look incomplete" "抓包丢失了 {lost} 个报文：到达的速度超过读取的速度。这段时间的连接可能看起来不完整"
    MayLack {} "the capture has lost packets by now: this conversation may lack some" "抓包此前丢失了报文：这个会话可能不完整"
    MayLackThese { numbers } "conversations that went on while packets were lost, and may lack some: {numbers}" "丢失报文期间进行中、可能不完整的会话：{numbers}"
    PromiscuousAny {} "--promiscuous is about one interface: name it with -i" "--promiscuous 针对单个接口：请用 -i 指定"
    Broken { why } "the capture has ended: {why}" "抓包已中断：{why}"
    SuperSegment { bytes } "{bytes} bytes at once, more than the interface takes: the network card makes several segments of it, or has made it of several" "一次 {bytes} 字节，超过接口的 MTU：由网卡拆成多个报文段，或由网卡把多个报文段合并而成"
    KernelStates { client, server } "the kernel says: client {client}, server {server}" "内核告知：客户端 {client}，服务器 {server}"
    Recorded { packets } "packets recorded: {packets}" "已记录 {packets} 个报文"
    NothingRecorded { why } "nothing is recorded: {why}" "不会记录报文：{why}"
    ListHead { interface, packets, conversations } "lineman watch: {interface} · packets: {packets} · conversations: {conversations}" "lineman watch：{interface} · 报文：{packets} · 会话：{conversations}"
    ListLost { lost } "lost: {lost}" "丢失：{lost}"
    ListEnded {} "ended" "已结束"
    ListKeys {} "↑ ↓ choose · Enter its ladder · q leave" "↑ ↓ 选择 · Enter 查看时序图 · q 离开"
    Up {} "up" "启用"
    Down {} "down" "停用"
    AnyInterface {} "all interfaces, without their own headers" "全部接口，不含各自的链路层首部"
}
