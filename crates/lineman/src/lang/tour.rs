//! Sentences of `lineman tour`.

use super::messages;

messages! {
    /// Sentences of `lineman tour`.
    Tour;
    Title {} "lineman tour: three systems on this machine, every socket call with the kernel's answer" "lineman 导览：在本机运行三个系统，显示每个套接字调用和内核的回答"
    ChatTitle {} "1  A call over TCP" "1  一次 TCP 通话"
    ChatServer {} "the server takes an address and waits; port 0 lets the kernel choose one" "服务器占用一个地址并等待；端口 0 表示由内核选择"
    ChatConnect {} "connect starts the three-way handshake: SYN, SYN+ACK, ACK" "connect 发起三次握手：SYN、SYN+ACK、ACK"
    ChatAccept {} "the connection waited in the backlog; accept gives it a socket of its own" "连接已在等待队列中；accept 为它返回一个新的套接字"
    ChatTalk {} "both directions at once, bytes in order, no message boundaries" "双向同时传输，字节有序，没有消息边界"
    ChatTogether {} "two sends arrived as one recv: TCP keeps the order of bytes, not the cuts between sends" "两次 send 由一次 recv 取得：TCP 保持字节顺序，不保留每次发送的边界"
    ChatApart {} "two sends, and this time a recv for each; as well it could have been one: TCP keeps no message boundaries" "两次 send，这一次恰好各由一次 recv 取得；也可能只用一次：TCP 不保留消息边界"
    ChatClose {} "closing takes four steps: each direction is finished by a FIN and an ACK" "关闭需要四步：每个方向各有一个 FIN 和一个 ACK"
    ChatHalf {} "recv gives 0: the client has finished; the server may still send" "recv 返回 0：客户端已发送完毕；服务器仍可发送"
    UdpTitle {} "2  Datagrams over UDP" "2  UDP 数据报"
    UdpBind {} "no connection: the server only takes an address" "没有连接：服务器只占用一个地址"
    UdpSend {} "each sendto is one message with its own address; the kernel promises nothing" "每次 sendto 是一条带地址的消息；内核不作任何保证"
    UdpReceive {} "each recvfrom gives exactly one message and says who sent it" "每次 recvfrom 恰好取得一条消息，并给出发送者"
    UdpAnswer {} "the answer goes to the address it came from" "按来源地址回复"
    UdpRefused {} "nobody listens at a closed port: the other host says so by ICMP, and the next call hears it" "关闭的端口无人监听：对方主机用 ICMP 告知，下一次调用便会得知"
    TftpTitle {} "3  A file over TFTP" "3  通过 TFTP 取文件"
    TftpServer { size, address } "a server with a file of {size} of random bytes listens on {address}" "服务器在 {address} 监听，提供一个 {size} 的随机内容文件"
    TftpAsk {} "the request goes to the server's port; the answer comes from a new one, the server's TID" "请求发往服务器端口；应答来自新的端口，即服务器的 TID"
    TftpLock {} "from now on only this TID counts; ACK 0 accepts the options, and the blocks come in windows" "此后只认这个 TID；ACK 0 表示接受选项，数据块按窗口到来"
    TftpMore { calls } "… {calls} more calls …" "……另有 {calls} 次调用……"
    TftpLast {} "a block shorter than the others is the last; its ACK ends the transfer" "比其他块短的就是最后一块；它的 ACK 结束传输"
    TftpRate { size, millis, blocks, resent } "{size} in {millis} ms: {blocks} blocks, {resent} arrived more than once" "{size}，{millis} 毫秒：{blocks} 块，其中 {resent} 块重复到达"
    TftpSum { sent, received } "sha256 of the file {sent}…, of what arrived {received}…" "文件的 sha256 为 {sent}……，收到内容的为 {received}……"
    SumsMatch {} "they match: every byte is there, in order" "两者一致：每个字节都按序到达"
    Summary {} "Summary" "小结"
    SummaryChat { lines } "TCP   connected by a handshake, {lines} lines both ways in order, closed in both directions" "TCP   经握手建立连接，双向共 {lines} 行按序到达，两个方向都已关闭"
    SummaryUdp { messages } "UDP   {messages} messages, each whole, each with its sender; no connection, no promise" "UDP   {messages} 条消息，条条完整，都带发送者；没有连接，也没有保证"
    SummaryTftp { size } "TFTP  {size} over UDP, made reliable by numbers, ACKs and time-outs" "TFTP  {size} 经 UDP 传输，靠编号、确认和超时做到可靠"
    SummaryNext {} "next: lineman chat listen · lineman udp listen · lineman tftp serve DIR" "接下来：lineman chat listen · lineman udp listen · lineman tftp serve 目录"
    SumsDiffer {} "the checksums differ" "校验和不一致"
    WrongOrder { sent, received } "what was sent ({sent}) is not what arrived ({received})" "收到的（{received}）与发送的（{sent}）不同"
    TransferFailed { why } "the transfer failed: {why}" "传输失败：{why}"
}
