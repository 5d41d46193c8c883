//! What is said about states and calls: why each end is now where it is.

use super::messages;

messages! {
    /// Sentences about states and calls.
    WireStates;
    Listens { who, from, to } "{who}: {from} → {to}, because it waits for connections." "{who}：{from} → {to}，开始等待连接请求。"
    Asks { who, from, to } "{who}: {from} → {to}, because it has sent its SYN and waits for the answer." "{who}：{from} → {to}（同步已发送），已发出 SYN，等待回应。"
    Asked { who, from, to } "{who}: {from} → {to}, because a SYN has come; the connection counts only when its own SYN is acknowledged." "{who}：{from} → {to}（同步收到，即教材中的 SYN-RCVD），收到了 SYN；要等自己的 SYN 得到确认，连接才算建立。"
    CrossedSyn { who, from, to } "{who}: {from} → {to}, because a SYN has come, but no ACK for its own." "{who}：{from} → {to}（同步收到，即教材中的 SYN-RCVD），收到了 SYN，但自己的 SYN 还没有得到确认。"
    Answered { who, from, to } "{who}: {from} → {to}, because its SYN is acknowledged and it knows the other side's initial sequence number." "{who}：{from} → {to}，自己的 SYN 已得到确认，也知道了对方的初始序号。"
    Confirmed { who, from, to } "{who}: {from} → {to}, because its SYN is acknowledged: each side now knows the other's sequence number." "{who}：{from} → {to}，自己的 SYN 已得到确认：双方都知道了两边的序号。"
    ClosesFirst { who, from, to } "{who}: {from} → {to}, because it has sent its FIN and waits for the acknowledgment." "{who}：{from} → {to}，已发出 FIN，等待确认。"
    PeerCloses { who, from, to } "{who}: {from} → {to}, because the other end has finished; now its own program must close." "{who}：{from} → {to}，对方已结束发送；现在要等自己的程序关闭。"
    FinAcked { who, from, to } "{who}: {from} → {to}, because its FIN is acknowledged; it waits for the other's." "{who}：{from} → {to}，自己的 FIN 已得到确认，等待对方的 FIN。"
    CrossedFin { who, from, to } "{who}: {from} → {to}, because the other's FIN has come before the ACK of its own." "{who}：{from} → {to}，对方的 FIN 先于自己的 FIN 的确认到达。"
    FinAndAck { who, from, to } "{who}: {from} → {to}, because the other's FIN and the ACK of its own came together." "{who}：{from} → {to}，对方的 FIN 与对自己 FIN 的确认同时到达。"
    PeerFin { who, from, to } "{who}: {from} → {to}, because the other's FIN has come: both directions are done." "{who}：{from} → {to}，对方的 FIN 已到：两个方向都结束了。"
    CrossedAcked { who, from, to } "{who}: {from} → {to}, because its FIN, which crossed the other's, is acknowledged." "{who}：{from} → {to}，与对方交错的 FIN 已得到确认。"
    ClosesSecond { who, from, to } "{who}: {from} → {to}, because it has sent its FIN too and waits only for the last ACK." "{who}：{from} → {to}，也已发出 FIN，只等最后一个 ACK。"
    LastAcked { who, from, to } "{who}: {from} → {to}, because its FIN is acknowledged: nothing is left to do." "{who}：{from} → {to}，自己的 FIN 已得到确认：没有未完成的事了。"
    TimeOver { who, from, to } "{who}: {from} → {to}, because the time of TIME-WAIT is over: its port is free again." "{who}：{from} → {to}，等待结束：端口重新可用。"
    Broken { who, from, to } "{who}: {from} → {to}, because an RST has ended the connection." "{who}：{from} → {to}，连接被复位（RST）。"
    Somehow { who, from, to } "{who}: {from} → {to}." "{who}的状态：{from} → {to}。"
    TimeWait { who, seconds } "{who} stays {seconds} s in TIME-WAIT: to acknowledge the FIN again in case its ACK is lost, and to keep late segments out of a new connection between these ports." "{who}在 TIME-WAIT 停留 {seconds} 秒：若 ACK 丢失可以再次回应 FIN，也避免迟到的报文段干扰这两个端口上的新连接。"

    CallListens { who } "{who} listens: from now on its kernel answers SYNs by itself, before any accept()." "{who}开始监听：此后内核会自行回应 SYN，不必等 accept()。"
    CallConnected { who } "{who}: connect() returns with the SYN+ACK; it does not wait for the third segment to arrive." "{who}：connect() 在收到 SYN+ACK 时返回，不等第三个报文段到达。"
    CallAccepted { who, answer } "{who}: accept() returns {answer}, a socket of its own for this connection; the listener listens on." "{who}：accept() 返回 {answer}，即这个连接专用的套接字；监听套接字继续监听。"
    CallEnded { who } "{who}: recv() returns 0, the end of the data: everything was read and the other end has sent FIN." "{who}：recv() 返回 0，表示结束：数据已读完，且对方已发送 FIN。"
    CallSent { who, name } "{who}: {name}() returns as soon as its kernel has taken the bytes; that does not say that they arrived." "{who}：内核一收下数据 {name}() 就返回，这并不表示数据已经到达。"
    CallRefused { who, name } "{who}: {name}() fails, because nothing is listening there (ECONNREFUSED)." "{who}：{name}() 失败，因为对方没有程序在监听（ECONNREFUSED）。"
    CallReset { who, name } "{who}: {name}() fails, because the connection was reset (ECONNRESET)." "{who}：{name}() 失败，因为连接已被复位（ECONNRESET）。"
    CallPipe { who, name } "{who}: {name}() fails, because this direction is closed (EPIPE)." "{who}：{name}() 失败，因为这个方向已经关闭（EPIPE）。"
    CallInUse { who } "{who}: bind() fails, because another socket has the port (EADDRINUSE); it may be one in TIME-WAIT: SO_REUSEADDR allows that." "{who}：bind() 失败，端口已被另一个套接字占用（EADDRINUSE）；也可能处于 TIME-WAIT：设置 SO_REUSEADDR 即可。"
    CallTimedOut { who, name } "{who}: {name}() gives up: no answer in time." "{who}：{name}() 放弃：超时没有回应。"
    CallFailed { who, name, error } "{who}: {name}() fails with {error}." "{who}：{name}() 以 {error} 失败。"
}
