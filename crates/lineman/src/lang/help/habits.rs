//! What those look for who come from nc or another TFTP server: their options, and what does the same here.

use clap::Error;
use clap::error::ContextKind;
use clap::error::ErrorKind;

use super::errors::get;
use crate::lang::Lang;

/// The beginning of a command line, the options of the other program, and what to write here.
type Habit = (
    &'static str,
    &'static [&'static str],
    &'static str,
    &'static str,
);

const HABITS: &[Habit] = &[
    (
        "lineman chat",
        &["-p"],
        "a port needs no option: lineman chat listen 9000, lineman chat call HOST 9000",
        "端口不需要选项：lineman chat listen 9000，lineman chat call HOST 9000",
    ),
    (
        "lineman udp",
        &["-p"],
        "a port needs no option: lineman udp listen 9000, lineman udp send HOST 9000",
        "端口不需要选项：lineman udp listen 9000，lineman udp send HOST 9000",
    ),
    (
        "lineman chat",
        &["-k", "--keep-open"],
        "lineman chat listen --keep takes one caller after the other",
        "lineman chat listen --keep 会依次接受一个又一个呼叫",
    ),
    (
        "lineman udp",
        &["-b"],
        "--broadcast allows broadcast addresses",
        "--broadcast 允许广播地址",
    ),
    (
        "lineman tftp serve",
        &["-l"],
        "no option is needed: the server always runs by itself, in the foreground",
        "不需要这个选项：服务器总是独立运行，并留在前台",
    ),
    (
        "lineman tftp serve",
        &["-s", "--secure"],
        "no option is needed: DIR is always the root of all names",
        "不需要这个选项：DIR 总是所有名称的根目录",
    ),
    (
        "lineman tftp serve",
        &["-c", "--create"],
        "--write create accepts uploads under new names, --write overwrite also those that replace files",
        "--write create 接受新名称的上传，--write overwrite 还接受替换文件的上传",
    ),
    (
        "lineman tftp serve",
        &["-a", "--address"],
        "--listen ADDR:PORT says where to listen",
        "--listen ADDR:PORT 指定监听的地址",
    ),
    (
        "lineman tftp serve",
        &["-u"],
        "--user NAME gives root up",
        "--user NAME 放弃 root 身份",
    ),
    (
        "lineman",
        &["-l", "--listen"],
        "listening is a command: lineman chat listen 9000, lineman udp listen 9000",
        "监听是一个命令：lineman chat listen 9000，lineman udp listen 9000",
    ),
    (
        "lineman",
        &["-u", "--udp"],
        "datagrams have commands: lineman udp listen 9000, lineman udp send HOST 9000",
        "数据报有自己的命令：lineman udp listen 9000，lineman udp send HOST 9000",
    ),
];

/// What to write instead of the unknown option that `error` complains of.
pub(super) fn instead(error: &Error, lang: Lang) -> Option<&'static str> {
    if error.kind() != ErrorKind::UnknownArgument {
        return None;
    }
    let option = get(error, ContextKind::InvalidArg);
    let usage = get(error, ContextKind::Usage);
    let (_, command) = usage.split_once("lineman")?;
    let typed = format!("lineman{command}");
    let habit = |habit: &&Habit| typed.starts_with(habit.0) && habit.1.contains(&option.as_str());
    let (.., en, zh) = HABITS.iter().find(habit)?;
    Some(match lang {
        Lang::En => en,
        Lang::Zh => zh,
    })
}

/// The parser's `complaint` with `tip` in place of its own, which would be to take the option for a value.
pub(super) fn with_tip(complaint: &str, tip: &str) -> String {
    let kept = complaint
        .split("\n\n")
        .filter(|part| !part.starts_with("  tip: "));
    let mut parts: Vec<String> = kept.map(str::to_owned).collect();
    parts.insert(1.min(parts.len()), format!("  tip: {tip}"));
    parts.join("\n\n")
}
