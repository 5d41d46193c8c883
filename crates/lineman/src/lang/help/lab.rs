//! Chinese help of `lineman lab`.

use super::Row;

/// What `lineman lab` says.
pub const TEXTS: &[Row] = &[
    (
        "See every call, packet and state between two hosts",
        "观察两台主机之间的每个调用、报文和状态",
    ),
    (
        "Show a recorded log as a ladder, or export it",
        "把记录的日志显示为时序图，或导出",
    ),
    ("The log; - is stdin", "日志文件；- 表示标准输入"),
    (
        "Export the log in this form instead of showing it",
        "不显示，而是以这种形式导出日志",
    ),
    (
        "Write to this file instead of stdout",
        "写入此文件而不是标准输出",
    ),
    (
        "Draw the ladder with plain ASCII signs (default where the locale is not UTF-8)",
        "只用 ASCII 符号绘制（区域设置不是 UTF-8 时默认如此）",
    ),
    (
        "Show it on the whole terminal, with keys to walk through it",
        "在整个终端上显示，用按键逐行浏览",
    ),
    (
        "row by row, with states and bytes",
        "逐行浏览，带状态和字节",
    ),
    ("Leave the explanations out", "不显示解释"),
    (
        "Draw for this many columns (default: the terminal's, or 120)",
        "按这么多列绘制（默认：终端的列数，否则 120）",
    ),
    ("the ladder, with explanations", "时序图，带解释"),
    ("calls, states and packets alone", "只有调用、状态和报文"),
    ("a picture", "图片"),
    ("for Wireshark", "供 Wireshark 打开"),
];
