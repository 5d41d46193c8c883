//! What is said about the packets of TFTP.

use super::messages;

messages! {
    /// Sentences about TFTP's packets.
    WireTftp;
    Read { who, peer, file, mode } "{who} asks {peer} for the file {file} (RRQ, {mode})." "{who}向{peer}请求读取文件 {file}（RRQ，{mode}）。"
    Write { who, peer, file, mode } "{who} asks {peer} to take the file {file} (WRQ, {mode})." "{who}请求{peer}接收文件 {file}（WRQ，{mode}）。"
    Wishes { options } "It asks for the options {options}." "并希望使用选项 {options}。"
    Oack { who, options } "{who} accepts the options {options} (OACK); those it leaves out are not accepted." "{who}同意选项 {options}（OACK）；没有列出的表示不接受。"
    Tid { who, port } "This packet comes from a new port, {port}: the TID of {who}. From now on both sides accept only packets between these two ports, and the well-known port is free for the next request." "它来自新的端口 {port}，即{who}的 TID。此后双方只接受这两个端口之间的包，熟知端口则空出来等待下一个请求。"
    Data { who, block, len } "{who} sends block {block}, {len}, and waits for its ACK." "{who}发送第 {block} 块，{len}，并等待 ACK。"
    Last { who, block, len, blksize } "{who} sends block {block} with {len}. That is less than {blksize}, so it is the last block: nothing else marks the end." "{who}发送第 {block} 块，{len}。少于 {blksize} 字节就说明这是最后一块：没有其他结束标志。"
    Ack { who, block } "{who} acknowledges block {block}: the next may come." "{who}确认第 {block} 块：可以发送下一块。"
    AckOptions { who } "{who} accepts the options with ACK 0: the first block may come." "{who}用 ACK 0 接受选项：可以发送第一块。"
    Ready { who } "{who} is ready to take the file: ACK 0 asks for block 1." "{who}已准备好接收文件：ACK 0 表示请发送第 1 块。"
    AckLast { who, block, bytes } "{who} acknowledges the last block, {block}: {bytes} in all, the transfer is over." "{who}确认最后一块（第 {block} 块）：{bytes}已传完，传输结束。"
    Resent { who, times, millis } "{who} retransmits after a timeout of {millis} ms (retransmission {times}): UDP guarantees nothing, so the programs have timers of their own." "{who}在 {millis} 毫秒超时后重传（第 {times} 次）：UDP 不作任何保证，由程序自己计时。"
    Stray { who, port, tid } "{who} has the TID {tid} in this transfer, but this packet comes from port {port}: it does not belong to the transfer. The receiver answers with error 5 and continues as if nothing had come." "它来自端口 {port}，而{who}在这次传输中的 TID 是 {tid}：它与这次传输无关。收到者回复错误 5，然后照常继续。"
    StrayError { who, port, code } "{who} tells only port {port} that it does not belong to the transfer (error {code}); the transfer continues." "{who}只告诉端口 {port}：它与这次传输无关（错误 {code}）；传输照常继续。"
    Answered { who } "{who} has received the same block once more and acknowledges it once more; this is not a timeout." "{who}又收到同一块，于是再确认一次；这不是超时引起的。"
    Error { who, code, message } "{who} ends the transfer with error {code}: “{message}”. Nobody acknowledges an ERROR." "{who}以错误 {code}（“{message}”）结束传输。ERROR 不需要确认。"
}
