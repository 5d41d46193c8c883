//! Sentences that every command shares: errors of the system, of the command line, of settings.

use super::messages;

messages! {
    /// Sentences that every command shares.
    Common;
    ErrorPrefix {} "error: " "错误："
    CannotDo { what, on, why } "cannot {what} {on}: {why}" "无法{what} {on}：{why}"
    Refused {} "connection refused" "连接被拒绝"
    Unreachable {} "unreachable" "无法到达"
    TimedOut {} "no answer in time" "超时无应答"
    InUse {} "the address is in use already" "地址已被占用"
    NotAvailable {} "no interface of this machine has that address" "本机没有任何接口拥有该地址"
    Denied {} "not permitted" "没有权限"
    NotFound {} "not found" "未找到"
    Exists {} "exists already" "已经存在"
    BadFileName {} "the name is too long, or not one that the file system has" "名称过长，或者文件系统不接受该名称"
    DiskFull {} "no space left on the disk" "磁盘空间已满"
    Reset {} "the peer reset the connection" "对方复位了连接（RST）"
    NameUnknown {} "no such host name" "找不到该主机名"
    OtherSystem { text } "{text}" "系统错误：{text}"
    HintLowPort { port } "ports below 1024 need a privilege; choose another port than {port}, or grant it: setcap cap_net_bind_service=+ep" "1024 以下的端口需要权限；请换用 {port} 以外的端口，或授予权限：setcap cap_net_bind_service=+ep"
    HintBecome {} "only root may: start it as root, or leave --user out" "只有 root 可以：请以 root 启动，或去掉 --user"
    HintConfine {} "--no-confine serves without" "可用 --no-confine 在不限制的情况下提供服务"
    HintInUse {} "see who has it: ss -lntup" "查看占用者：ss -lntup"
    HintSilent {} "the host may be down, a firewall may drop packets, or the listener's queue of connections may be full" "主机可能没有运行，防火墙可能丢弃了数据包，或者监听方的连接队列已满"
    HintListening {} "is a server listening there?" "对方有服务器在监听吗？"
    LogLost { lines } "{lines} lines of this log could not be written" "此日志有 {lines} 行未能写入"
    NotADirectory {} "a part of that path is not a directory" "路径中有一部分不是目录"
    IsADirectory {} "it is a directory" "它是一个目录"
    ReadOnly {} "the file system is read-only" "文件系统是只读的"
    TooManyFiles {} "too many files are open (ulimit -n)" "打开的文件过多（ulimit -n）"
    OutputInUse { file } "{file} is read or written by this command already; name another file for the output" "本命令已在读写 {file}；请为输出另选一个文件"
    Internal { detail } "a fault of lineman itself, please report it: {detail}" "lineman 自身的错误，请报告：{detail}"
}
