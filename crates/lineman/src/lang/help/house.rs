//! Chinese help of lineman itself, and what all commands share: names of values, headings, reasons.

use super::Row;

/// What the root, the options of every command, and the small commands say.
pub const TEXTS: &[Row] = &[
    (
        "Talk, send and transfer over TCP and UDP, and see every packet it takes",
        "用 TCP 与 UDP 通话、收发、传文件，并看清其中的每一个包",
    ),
    (
        "Language of every sentence (default: the locale)",
        "提示与帮助所用的语言（默认：随系统区域设置）",
    ),
    (
        "Print everything as JSON, one object per line",
        "全部以 JSON 输出，每行一个对象",
    ),
    ("Print nothing but errors on stderr", "标准错误上只输出错误"),
    (
        "Read settings from this file instead of the usual one",
        "从这个文件读取设置，而不用默认位置的文件",
    ),
    ("Print help", "显示帮助"),
    ("Print version", "显示版本"),
    ("Examples:", "示例："),
    (
        "all of it once, in a private network",
        "在私有网络中把全部功能演示一遍",
    ),
    ("wait for a caller on port 8888", "在 8888 端口等待呼叫"),
    ("call that machine", "呼叫那台机器"),
    ("one line, one datagram", "一行一个数据报"),
    ("serve a directory", "提供一个目录"),
    ("fetch a file", "下载一个文件"),
    (
        "Exit codes: 0 done, 1 internal, 2 usage, 3 refused or unreachable, 4 timeout,",
        "退出码：0 完成，1 内部错误，2 用法有误，3 被拒绝或无法到达，4 超时，",
    ),
    (
        "5 data not delivered or transfer incomplete, 6 the peer broke the protocol,",
        "5 数据未送达或传输不完整，6 对方违反协议，",
    ),
    ("7 not permitted, 130 interrupted", "7 没有权限，130 被中断"),
    (
        "Show TCP, UDP and TFTP at work, step by step, in about ten seconds",
        "一步一步演示 TCP 通话、UDP 数据报和 TFTP，约十秒",
    ),
    (
        "Do not pause for reading: at a terminal each step waits for a key, elsewhere lines come one by one",
        "不为阅读而停顿：在终端上每一步都等待按键，否则逐行显示",
    ),
    ("at reading pace", "按阅读的速度"),
    ("without pauses", "不停顿"),
    ("in Chinese", "用中文"),
    (
        "Examine what this machine allows, and tell how to get the rest",
        "检查本机允许什么，并说明如何取得其余权限",
    ),
    ("a table; nothing is changed", "输出一张表，不做任何改动"),
    ("the same for programs", "供程序读取的相同内容"),
    ("Show the help of a command", "显示某个命令的帮助"),
    (
        "The command, like `tftp get`; all of lineman if left out",
        "命令，如 `tftp get`；省略则为 lineman 的总帮助",
    ),
    (
        "the same as lineman tftp get --help",
        "等同于 lineman tftp get --help",
    ),
    (
        "Print the completions of a shell",
        "输出某种 shell 的补全脚本",
    ),
    ("The shell", "哪一种 shell"),
    (
        "Print the manual page, or write those of every command to a directory",
        "输出手册页，或把所有命令的手册页写入一个目录",
    ),
    (
        "Write lineman.1, lineman-chat.1 and so on to this directory",
        "把 lineman.1、lineman-chat.1 等写入这个目录",
    ),
];

/// Names of values, as in `--config <FILE>`.
pub const VALUE_NAMES: &[Row] = &[
    ("HOST", "主机"),
    ("PROGRAM", "程序"),
    ("ADDR:PORT", "地址:端口"),
    ("[ADDR:]PORT", "[地址:]端口"),
    ("ARCH=NAME", "架构=名称"),
    ("BLOCKS", "块数"),
    ("CIDR", "地址范围"),
    ("BYTES", "字节数"),
    ("COMMAND", "命令"),
    ("DIR", "目录"),
    ("DIR|URL", "目录|URL"),
    ("FILE", "文件"),
    ("FORMAT", "形式"),
    ("RULES", "规则"),
    ("CALLS", "调用"),
    ("SCENARIO", "场景"),
    ("MS", "毫秒"),
    ("FILE… URL", "文件… URL"),
    ("FILTER", "过滤表达式"),
    ("FILE2 | FILTER", "文件2 | 过滤表达式"),
    ("GROUP", "组"),
    ("PORT", "端口"),
    ("GROUP[:PORT]", "组[:端口]"),
    ("HOST[:PORT]", "主机[:端口]"),
    ("IF", "接口"),
    ("LANG", "语言"),
    ("OUT", "输出"),
    ("PERCENT", "百分比"),
    ("RULE", "规则"),
    ("ROUTE", "路由规则"),
    ("ADDR", "地址"),
    ("LEVEL", "级别"),
    ("MAC", "MAC 地址"),
    ("NAME", "名称"),
    ("OPTIONS", "选项"),
    ("MICROSECONDS", "微秒"),
    ("SECONDS", "秒"),
    ("SHELL", "种类"),
    ("USER[:GROUP]", "用户[:组]"),
    ("WHAT", "哪些"),
    ("WHEN", "何时"),
    ("WHO", "哪方"),
    ("[ADDR][:PORT]", "[地址][:端口]"),
];

/// Headings as the generator of manual pages writes them, and as both languages say.
pub const HEADINGS: &[(&str, &str, &str)] = &[
    ("NAME", "NAME", "名称"),
    ("SYNOPSIS", "SYNOPSIS", "概要"),
    ("DESCRIPTION", "DESCRIPTION", "说明"),
    ("Commands", "COMMANDS", "命令"),
    ("EXTRA", "NOTES", "附注"),
    ("VERSION", "VERSION", "版本"),
    ("AUTHORS", "AUTHORS", "作者"),
];

/// Why a value is refused: the words of `args::parse` without the value, and those of the standard
/// library that people meet.
pub const REASONS: &[Row] = &[
    (
        "is not a port from 1 to 65535; what is to be sent is typed or piped in",
        "不是 1 到 65535 的端口；要发送的内容请键入，或用管道送入",
    ),
    (
        "is not a number of seconds, like 10 or 0.5",
        "不是秒数，应如 10 或 0.5",
    ),
    (
        "is not a number of microseconds up to a second, like 100",
        "不是一秒以内的微秒数，应如 100",
    ),
    (
        "is not a number of bytes, like 4096 or 64M",
        "不是字节数，应如 4096 或 64M",
    ),
    (
        "is neither any nor a range of addresses, like 10.0.0.0/8",
        "既不是 any，也不是地址范围，应如 10.0.0.0/8",
    ),
    ("has bits set behind its prefix", "前缀之后还有非零的位"),
    (
        "has no valid number of bits behind the /",
        "/ 之后不是有效的位数",
    ),
    (
        "has a from that is no range of addresses",
        "的 from 不是地址范围",
    ),
    ("has no names of options in asks", "的 asks 里没有选项名"),
    (
        "has a name with a [ that is not closed",
        "的 name 中的 [ 没有闭合",
    ),
    ("has a pattern that is too large", "的匹配式过大"),
    ("has a regex that is none", "的 regex 有误"),
    ("has a brace without its counterpart", "的花括号没有成对"),
    ("has an unknown variable", "含有未知的变量"),
    (
        "has a variable without a group in the pattern",
        "含有匹配式中没有对应分组的变量",
    ),
    (
        "has a mac that is neither like 52:54:00:12:34:56 nor like 52:54:00:*",
        "的 mac 既不像 52:54:00:12:34:56，也不像 52:54:00:*",
    ),
    (
        "has a timeout that is not 0.1 to 60 seconds",
        "的 timeout 不在 0.1 到 60 秒之间",
    ),
    (
        "has a url that is none: http:// or https://, a host, and ASCII without blanks",
        "的 url 无效：应为 http:// 或 https:// 加主机，只含 ASCII 字符且没有空白",
    ),
    ("has a part that no route has", "含有规则所没有的部分"),
    ("has a part without its value", "有一个部分没有给出值"),
    (
        "has more than one of name and regex",
        "同时有 name 和 regex",
    ),
    (
        "has more than one of path, text, url and refuse",
        "在 path、text、url、refuse 中多于一个",
    ),
    (
        "has none of path, source, text, url and refuse",
        "没有 path、source、text、url、refuse 中的任何一个",
    ),
    (
        "has a timeout or fallback without url",
        "有 timeout 或 fallback，却没有 url",
    ),
    (
        "has a source with a text, url or refuse",
        "的 source 与 text、url 或 refuse 同时出现",
    ),
    (
        "has write with a text, url or source",
        "在 write 时不能用 text、url 或 source",
    ),
    (
        "is no address like 52:54:00:12:34:56",
        "不是像 52:54:00:12:34:56 那样的地址",
    ),
    (
        "has a blksize that is not 8 to 65464",
        "的 blksize 不在 8 到 65464 之间",
    ),
    (
        "has a windowsize that is not 1 to 65535",
        "的 windowsize 不在 1 到 65535 之间",
    ),
    (
        "has a rollover that is neither 0 nor 1",
        "的 rollover 既不是 0 也不是 1",
    ),
    (
        "names no clients, by from or asks",
        "没有用 from 或 asks 指明客户端",
    ),
    (
        "changes nothing for its clients",
        "没有规定对这些客户端如何处理",
    ),
    ("has a part that no rule has", "含有规则里没有的部分"),
    (
        "names no architecture, like x86-bios, x64-uefi, arm64-uefi or a number of option 93",
        "没有指明架构，应如 x86-bios、x64-uefi、arm64-uefi 或选项 93 的编号",
    ),
    (
        "names no file of 1 to 127 bytes without control characters",
        "没有指明文件名（1 到 127 字节，不含控制字符）",
    ),
    (
        "names no URL, and this firmware loads by HTTP",
        "没有指明 URL，而这种固件用 HTTP 加载",
    ),
    (
        "names a URL, and this firmware loads by TFTP",
        "指明的是 URL，而这种固件用 TFTP 加载",
    ),
    ("is not of the form ARCH=NAME", "不是 架构=名称 的形式"),
    (
        "is not a host's name, as boot.example.org",
        "不是主机名，例如 boot.example.org",
    ),
    ("is not a number from 1", "不是从 1 开始的数"),
    (
        "is not a number of threads from 1 to 256",
        "不是 1 到 256 的线程数",
    ),
    (
        "is not a percentage from 0 to 100, like 1 or 0.5",
        "不是 0 到 100 的百分比（如 1 或 0.5）",
    ),
    ("invalid digit found in string", "不是数字"),
    ("cannot parse integer from empty string", "不是数字"),
    ("number too large to fit in target type", "数太大"),
    ("number too small to fit in target type", "数太小"),
    ("invalid IP address syntax", "不是 IP 地址"),
];
