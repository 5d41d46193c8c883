//! Sentences of `lineman chat`.

use super::messages;

messages! {
    /// Sentences of `lineman chat`.
    Chat;
    Listening { address } "listening on {address}" "正在监听 {address}"
    Connected { address } "connected to {address}" "已与 {address} 接通"
    NoAnswer { address, why } "tried {address}: {why}" "尝试 {address}：{why}"
    Problem { text } "error: {text}" "错误：{text}"
    NobodyReached { host, count } "cannot connect to {host}: none of its {count} addresses answered; is a server listening there?" "无法连接 {host}：它的 {count} 个地址均无应答；对方有服务器在监听吗？"
    TurnedAway { address } "{address} called meanwhile and was told that this listener is busy" "{address} 此时来电，已告知其占线"
    Busy { address } "{address} answered that it is in another call, and closed the connection; call again later" "{address} 回答说它正在另一个通话中，并关闭了连接；请稍后再呼叫"
    Unheard { seconds } "nothing has arrived from the peer for {seconds} s: its program may not have accepted the call" "{seconds} 秒内没有收到对方的任何内容：对方的程序可能尚未接受这个呼叫"
    NotTaken { seconds } "the peer has sent nothing, and has accepted no data for {seconds} s: its program may not have accepted the call" "对方没有发来任何内容，{seconds} 秒内也没有接收任何数据：对方的程序可能尚未接受这个呼叫"
    CallerNeeded { port } "whom to call? write HOST or HOST:PORT; port {port} if left out" "要呼叫谁？请写 HOST 或 HOST:PORT；省略端口时为 {port}"

    Prompt {} "type and press Enter to send; /help lists the commands" "输入后按回车发送；输入 /help 查看命令"
    Help {} "Enter sends the line · /quit ends the call · //text sends /text\n^D finishes sending and keeps listening; again, it leaves · ^C leaves at once\nbefore a line: < the peer, * lineman · … the line has not ended yet" "回车发送该行 · /quit 结束通话 · //文字 发送“/文字”\n^D 结束发送但继续接收，再按一次离开 · ^C 立即离开\n行首：< 对方，* lineman · … 该行尚未结束"
    UnknownCommand { command } "there is no command /{command}; //{command} sends it as text" "没有命令 /{command}；要发送这段文字请输入 //{command}"
    NobodyConnected {} "nobody is connected: that was not sent" "尚无人接通：内容没有发送"
    Telnet {} "the peer speaks telnet; lines now end with CR LF" "对方使用 telnet；此后每行以 CR LF 结尾"
    WeFinished {} "you have finished sending; what arrives is still shown; ^D again leaves" "你已结束发送；仍会显示收到的内容；再按一次 ^D 离开"
    WeFinishedAlready {} "you have finished sending: that was not sent" "你已结束发送：内容没有发送"
    CutShort {} "this program was told to end before the call was over" "通话尚未结束就被要求退出"
    PeerFinished {} "the peer has finished sending" "对方已结束发送"
    PeerFinishedOpen {} "the peer has finished sending; you can still send" "对方已结束发送；你仍可以发送"
    PeerFinishedEnter {} "the peer has finished sending; press Enter to end the call" "对方已结束发送；按回车结束通话"
    EnterLeaves {} "the call is over; press Enter to leave" "通话已结束；按回车离开"
    PeerFinishedDraft {} "the peer has finished sending; Enter tries to send your draft, an empty line ends the call" "对方已结束发送；按回车将尝试发送草稿，空行则结束通话"
    PeerSilent {} "the peer has been silent; leaving" "对方一直没有动静；离开"
    Broken { why } "the connection broke: {why}" "连接中断：{why}"
    LineLost { line } "not delivered: {line}" "未送达：{line}"
    DraftLost { line } "not sent: {line}" "未发送：{line}"
    BytesLost { bytes } "{bytes} bytes did not reach the peer's TCP" "有 {bytes} 字节未到达对方的 TCP"
    Summary { sent, received, out, in_, seconds } "the call is over after {seconds} s; lines sent: {sent} ({out} bytes), received: {received} ({in_} bytes)" "通话结束：发送 {sent} 行（{out} 字节），接收 {received} 行（{in_} 字节），历时 {seconds} 秒"
    PipeSummary { out, in_, seconds } "the call is over: {out} bytes sent, {in_} bytes received, {seconds} s" "通话结束：发送 {out} 字节，接收 {in_} 字节，历时 {seconds} 秒"

    PipeBroken { why, bytes } "the connection broke: {why}; {bytes} bytes did not reach the peer's TCP" "连接中断：{why}；有 {bytes} 字节未到达对方的 TCP"
    PipeBrokenDelivered { why } "the connection broke: {why}; all bytes had reached the peer's TCP, but it may not have read them" "连接中断：{why}；全部字节已到达对方的 TCP，但对方可能没有读取"
    PipeStalled { bytes } "{bytes} bytes did not reach the peer's TCP: it took nothing for a minute" "有 {bytes} 字节未到达对方的 TCP：它一分钟没有接收任何数据"
    NoEditor { why } "cannot edit lines on this terminal: {why}; use a pipe, like `cat | lineman chat … | cat`" "无法在此终端上编辑输入：{why}；请使用管道，例如 `cat | lineman chat … | cat`"
}
