//! Words of the lab's page, and what is said at the terminal about it.

use super::messages;

messages! {
    /// What the terminal says of the page.
    Page;
    At { address } "the page is at {address} (for this machine only; ^C ends it)" "页面地址：{address}（仅限本机访问；^C 结束）"
    NoBrowser {} "no browser was opened: open that address yourself" "未能打开浏览器：请自行打开上面的地址"
    NoCommand { why } "this is no command: {why}" "这不是命令：{why}"
    TooMany {} "too many commands at once, or the lab has ended" "命令过多，或实验已结束"
    Nothing {} "there is nothing here" "此处没有内容"
    NoPacket {} "this row has no packet" "这一行没有报文"
    Refused { what } "refused: this request has not the {what} of the page" "拒绝：请求的 {what} 与页面不符"
    NotJson {} "--page is for people; --json writes the same rows for programs" "--page 供人阅读；给程序用请用 --json"
}

/// The page's words: the name in its script, English, Chinese.
pub const WORDS: &[(&str, &str, &str)] = &[
    ("title", "lineman: the lab", "lineman：实验"),
    ("client", "client", "客户端"),
    ("server", "server", "服务器"),
    ("origin.kernel", "kernel: {system}", "内核：{system}"),
    ("origin.simulated", "simulated: {system}", "模拟：{system}"),
    ("origin.inferred", "deduced from packets", "由报文推断"),
    ("known.kernel", "told by the kernel", "内核告知"),
    (
        "known.simulated",
        "told by the simulated TCP",
        "模拟 TCP 告知",
    ),
    ("known.deduced", "deduced from packets", "由报文推断"),
    (
        "known.passed",
        "deduced: its TCP told of the states before and after",
        "推断：TCP 告知了之前和之后的状态",
    ),
    (
        "known.contradicted",
        "deduced, against what was deduced before",
        "推断，与先前的推断矛盾",
    ),
    ("no.socket", "no TCP socket", "没有 TCP 套接字"),
    ("state", "state", "状态"),
    (
        "unread",
        "received, not read: {count} bytes",
        "已接收未读取：{count} 字节",
    ),
    (
        "unsent",
        "written, not acknowledged: {count} bytes",
        "已写入未确认：{count} 字节",
    ),
    (
        "waiting",
        "to accept: {count} of {limit}",
        "等待 accept：{count}，上限 {limit}",
    ),
    ("calls", "socket calls", "套接字调用"),
    ("step", "Step", "单步"),
    ("run", "Run", "运行"),
    (
        "step.hint",
        "hold every packet on the wire until you decide",
        "在线路上扣留每个报文，由你决定",
    ),
    (
        "run.hint",
        "deliver what is held, and hold nothing any more",
        "放行被扣留的报文，不再扣留",
    ),
    ("deliver", "Deliver", "放行"),
    ("drop", "Drop", "丢弃"),
    ("duplicate", "Duplicate", "复制"),
    ("delay", "Delay", "推迟"),
    (
        "delay.hint",
        "deliver it {millis} ms later",
        "推迟 {millis} 毫秒后放行",
    ),
    (
        "repeats",
        "sent again ×{count} meanwhile",
        "其间又发送 ×{count}",
    ),
    ("rules", "rules of the wire", "线路规则"),
    (
        "rules.hint",
        "like: loss 20%; c>s: syn #1 drop; delay 100ms",
        "例如：loss 20%; c>s: syn #1 drop; delay 100ms",
    ),
    ("rules.set", "Set", "设置"),
    ("inspector", "packet", "报文"),
    (
        "inspector.empty",
        "Choose a row of the ladder: its sentences, fields and bytes appear here.",
        "选择时序图中的一行：这里显示它的说明、字段和字节。",
    ),
    ("fields", "fields", "字段"),
    ("bytes", "bytes, as they were sent", "发出时的字节"),
    ("relative", "relative", "相对"),
    ("absolute", "absolute", "绝对"),
    ("language", "中文", "English"),
    ("theme", "light or dark", "浅色或深色"),
    ("keys", "keys", "按键"),
    ("ladder", "ladder", "时序图"),
    ("time", "time", "时间"),
    ("later", "{time} later", "{time} 之后"),
    ("dropped", "dropped", "丢弃"),
    ("held", "held on the wire", "在线路上扣留"),
    (
        "ended",
        "The log has ended; the page stays readable.",
        "日志已结束；页面仍可阅读。",
    ),
    (
        "gone",
        "lineman has stopped: nothing new will come. The page stays readable.",
        "lineman 已停止：不会再有新内容。页面仍可阅读。",
    ),
    ("refused", "not done: {why}", "未执行：{why}"),
    (
        "waiting.rows",
        "nothing has happened yet",
        "还没有发生任何事",
    ),
    (
        "recorded",
        "recorded: nothing can be held any more",
        "已记录：不能再扣留报文",
    ),
    ("table", "the ladder as a table", "时序图的表格形式"),
    ("key.list", "list of keys", "按键列表"),
    ("key.move", "previous, next row", "上一行、下一行"),
    ("key.deliver", "deliver the held packet", "放行被扣留的报文"),
    ("key.drop", "drop it", "丢弃它"),
    ("key.duplicate", "deliver it twice", "放行两份"),
    ("key.delay", "deliver it 200 ms later", "推迟 200 毫秒放行"),
    (
        "key.mode",
        "hold every packet, or none",
        "扣留每个报文，或都不扣留",
    ),
    (
        "key.numbers",
        "relative or absolute numbers",
        "相对或绝对序号",
    ),
    ("key.language", "the other language", "切换语言"),
    ("key.follow", "last row, and follow", "最后一行，并跟随"),
    ("close", "close", "关闭"),
];
