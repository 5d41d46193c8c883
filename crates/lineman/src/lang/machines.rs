//! Sentences about machines that boot: `lineman tftp machines`, and the server's page.

use super::messages;

messages! {
    /// Sentences about machines that boot.
    Machines;
    At { addresses } "machines, metrics and health at {addresses}; the files by HTTP on the same port" "机器、指标与健康状态见 {addresses}；同一端口以 HTTP 提供文件"
    AtLocal { addresses } "machines, metrics and health at {addresses}; the files by HTTP on the same port. For this machine only: others reach it with --http ADDRESS:PORT" "机器、指标与健康状态见 {addresses}；同一端口以 HTTP 提供文件。仅限本机：要让其他机器访问，请用 --http 地址:端口"

    Loading { file } "\"{file}\" is on its way" "正在传送 \"{file}\""
    GoesOn { file } "goes on; asked last for \"{file}\"" "仍在进行；最后请求的是 \"{file}\""
    Complete { file } "complete, as far as can be told; the last was \"{file}\"" "据所见已完成；最后是 \"{file}\""
    Quiet { file } "asked for nothing after \"{file}\"" "在 \"{file}\" 之后没有再请求"
    Stopped { file, why } "stopped at \"{file}\": {why}" "停在 \"{file}\"：{why}"

    RoleLoader {} "loader" "引导程序"
    RoleConfig {} "configuration" "配置"
    RoleKernel {} "kernel" "内核"
    RoleInitrd {} "initrd" "初始内存盘"

    Running {} "on its way" "传送中"
    Arrived {} "arrived" "已送达"
    SizeProbe {} "asked for the length only" "只询问长度"
    Closed {} "closed early" "提前关闭"
    Repeated {} "asked anew" "重新请求"
    ServerStopped {} "the server was stopped" "服务器被停止"
    Missing {} "not there" "不存在"
    Refused {} "refused" "被拒绝"
    ServerFault {} "the server could not go on" "服务器无法继续"
    Aborted {} "the client gave up" "客户端放弃"
    Silent {} "the client went silent" "客户端失去响应"
    Unanswered {} "the client never answered" "客户端始终没有应答"
    Broken {} "the transfer failed" "传输失败"
    Untold {} "its end was not told" "结果未知"

    Title {} "Machines" "机器"
    HeadMachine {} "Machine" "机器"
    HeadFirmware {} "Asked by (deduced)" "请求程序（推断）"
    HeadRequests {} "Requests" "请求"
    HeadState {} "How far" "进度"
    Boots {} "boots seen:" "已见启动次数："
    Ago {} "time since it was heard of:" "距最近一次消息："
    Note {} "What a file is to a boot, and which program asks, is deduced from names and options. Names that are not there are part of every PXE boot." "文件的用途和请求程序由名称与选项推断而来。请求不存在的名称是 PXE 启动的正常部分。"
    PageShown { shown, total } "{shown} of {total} machines" "显示 {shown} 台，共 {total} 台"
    Gone {} "the server does not answer" "服务器没有应答"

    Head { shown, total, server } "{shown} of {total} machines that {server} has heard of" "{server} 见过 {total} 台机器，显示 {shown} 台"
    None { server } "{server} has heard of no machine yet" "{server} 还没有见过任何机器"
    BootNumber { boots } "boot {boots}" "第 {boots} 次启动"
    SecondsAgo { seconds } "{seconds} s ago" "{seconds} 秒前"
    Times { count, what } "{count} names {what}" "{count} 个名称{what}"
    LeftOut { count } "{count} more" "另有 {count} 个"
    BadUrl { url } "{url} is no address of a server: http://HOST:PORT" "{url} 不是服务器地址：http://主机:端口"
    NoServer { url, why } "no answer from {url}: {why} (the server shows its machines where it runs with --http)" "{url} 没有应答：{why}（服务器以 --http 运行时才显示机器）"
    NotOurs { url } "what answers at {url} is no lineman with --http" "{url} 处应答的不是以 --http 运行的 lineman"
}
