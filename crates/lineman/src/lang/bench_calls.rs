//! What each command of the bench does: one sentence, and who makes the call.

use super::messages;

messages! {
    /// What each command of the bench does.
    BenchCalls;
    Socket {} "Both sides: makes a socket, for TCP or UDP, and returns its descriptor. Like: socket tcp" "双方：创建一个 TCP 或 UDP 套接字，返回它的描述符。例如：socket tcp"
    Bind {} "Server's side, mostly: gives the socket its own address, so that others know where to find it. Like: bind 10.0.0.2:8888" "主要是服务器：给套接字绑定自己的地址，使别人知道到哪里找它。例如：bind 10.0.0.2:8888"
    Listen {} "Server's side: has the kernel take connections, and keep so many until accept fetches them. Like: listen 5" "服务器：让内核接受连接，并最多保留这么多个，直到 accept 取走。例如：listen 5"
    Accept {} "Server's side: waits for a connection that is complete, and returns a new socket for it; the listening one goes on listening. Like: accept" "服务器：等待一个已完成的连接，并为它返回一个新套接字；监听套接字继续监听。例如：accept"
    Connect {} "Client's side: has TCP shake hands and waits for the answer; for UDP it only remembers the peer. Like: connect 10.0.0.2:8888" "客户端：让 TCP 进行握手并等待应答；对 UDP 只是记住对端。例如：connect 10.0.0.2:8888"
    Send {} "Both sides: gives bytes to the kernel, which sends them; returns how many it took, which may be fewer. Like: send \"hello\\n\"" "双方：把字节交给内核发送；返回内核收下的字节数，可能少于给出的。例如：send \"hello\\n\""
    Sendall {} "Both sides: sends until the kernel has taken everything. Like: sendall hello" "双方：一直发送，直到内核全部收下。例如：sendall hello"
    Recv {} "Both sides: waits for bytes, and returns what is there, so many at most; none mean that the peer has finished sending. Like: recv 4096" "双方：等待字节到来，返回已有的部分，最多这么多；没有字节表示对端已发送完毕。例如：recv 4096"
    Sendto {} "Both sides: sends one datagram to an address, without a connection. Like: sendto hello 10.0.0.2:8888" "双方：无需连接，向一个地址发送一个数据报。例如：sendto hello 10.0.0.2:8888"
    Recvfrom {} "Both sides: waits for one datagram, and returns it with its sender's address. Like: recvfrom 4096" "双方：等待一个数据报，连同发送者的地址一起返回。例如：recvfrom 4096"
    Shutdown {} "Both sides: ends one direction of a connection and keeps the other; wr sends a FIN. Like: shutdown wr" "双方：结束连接的一个方向，保留另一个；wr 会发送 FIN。例如：shutdown wr"
    Close {} "Both sides: gives the socket back; TCP says goodbye with a FIN, or with a RST if bytes were not read. Like: close" "双方：归还套接字；TCP 用 FIN 告别，若有字节未读则用 RST。例如：close"
    Getpeername {} "Both sides: returns the address at the other end of a connection. Like: getpeername" "双方：返回连接另一端的地址。例如：getpeername"
    Getsockname {} "Both sides: returns the socket's own address, with the port that the kernel chose if none was bound. Like: getsockname" "双方：返回套接字自己的地址；若没有绑定，则含内核选择的端口。例如：getsockname"
    Setsockopt {} "Both sides: sets an option of the socket, before it matters. Like: setsockopt SO_REUSEADDR 1" "双方：设置套接字的选项，要在它起作用之前设置。例如：setsockopt SO_REUSEADDR 1"
    Getsockopt {} "Both sides: returns the value of an option; SO_ERROR tells what went wrong meanwhile. Like: getsockopt SO_ERROR" "双方：返回选项的值；SO_ERROR 说明其间出了什么错。例如：getsockopt SO_ERROR"
    Settimeout {} "Both sides: no call on the socket waits for longer than so many seconds; 0 does not wait, none waits for ever. Like: settimeout 1.5" "双方：此套接字上的调用最多等待这么多秒；0 表示不等待，none 表示一直等待。例如：settimeout 1.5"
    Gettimeout {} "Both sides: returns that time-out. Like: gettimeout" "双方：返回这个超时时间。例如：gettimeout"
    Setblocking {} "Both sides: with false calls never wait, but fail with EAGAIN. Like: setblocking false" "双方：设为 false 后调用从不等待，而是以 EAGAIN 失败。例如：setblocking false"
    Fileno {} "Both sides: returns the descriptor, by which the kernel knows the socket. Like: fileno" "双方：返回描述符，内核凭它识别套接字。例如：fileno"
    Makefile {} "Both sides: puts a buffered file over the socket, for readline, write and flush. Like: makefile" "双方：在套接字上建立带缓冲的文件，供 readline、write 和 flush 使用。例如：makefile"
    Readline {} "Both sides: waits for a whole line, however many segments it takes. Like: readline" "双方：等待完整的一行，不论它由多少个报文段组成。例如：readline"
    Write {} "Both sides: puts bytes into the file's buffer; nothing is sent before flush. Like: write \"hello\\n\"" "双方：把字节放入文件的缓冲区；flush 之前什么都不发送。例如：write \"hello\\n\""
    Flush {} "Both sides: sends what write has left in the buffer. Like: flush" "双方：把 write 留在缓冲区的内容发送出去。例如：flush"
    Hosts {} "Alone it makes the next calls this host's; before a call, only that one. Like: client connect 10.0.0.2:8888" "单独使用时，之后的调用都属于这台主机；写在调用之前则只影响这一次。例如：client connect 10.0.0.2:8888"
    Step {} "Holds every packet on the wire from now on, until deliver, drop, dup or delay says what becomes of it." "从现在起扣留线路上的每个报文，直到 deliver、drop、dup 或 delay 决定它的去向。"
    Run {} "Delivers what is held, and holds no packet any more." "放行所有被扣留的报文，并且不再扣留。"
    Deliver {} "Delivers the packet that was held first, or that of this number. Like: deliver 4" "放行最早被扣留的报文，或这个编号的报文。例如：deliver 4"
    Drop {} "Loses the packet that was held first, or that of this number. Like: drop 4" "丢弃最早被扣留的报文，或这个编号的报文。例如：drop 4"
    Dup {} "Delivers the packet that was held first, or that of this number, twice. Like: dup 4" "把最早被扣留的报文，或这个编号的报文，送达两次。例如：dup 4"
    Delay {} "Delivers the packet that was held first, or that of this number, after so many milliseconds. Like: delay 300, delay #4 300" "在这么多毫秒之后送达最早被扣留的报文，或这个编号的报文。例如：delay 300，delay #4 300"
    Fault {} "Sets the rules of the wire in place of those before; none clears them. Like: fault c>s:#1 drop; s>c:fin delay 300ms; loss 20%" "设置线路的规则，取代之前的规则；none 清除全部。例如：fault c>s:#1 drop; s>c:fin delay 300ms; loss 20%"
    Wait {} "In a script: goes on when every call has returned, or after so many seconds. Like: wait 2" "在脚本中：等所有调用返回后，或等这么多秒之后再继续。例如：wait 2"
    State {} "Shows the sockets of both hosts as the kernel has them: state, queues, and the figures of TCP_INFO." "显示两台主机上内核所知的套接字：状态、队列，以及 TCP_INFO 的数据。"
    Help {} "Lists what can be typed, or explains one of them. Like: help accept" "列出可输入的内容，或解释其中之一。例如：help accept"
    Quit {} "Ends the lab and leaves; so does ^D." "结束实验并离开；^D 也一样。"
}
