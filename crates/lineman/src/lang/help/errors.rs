//! What the parser complains of. English is the parser's own; Chinese is said here.

use std::error::Error as _;

use clap::Error;
use clap::error::ContextKind;
use clap::error::ContextValue;
use clap::error::ErrorKind;

use super::habits::instead;
use super::house::REASONS;
use super::in_table;
use crate::lang::Lang;

/// Whether `error` is a complaint, and not the help or the version that was asked for.
pub fn is_complaint(error: &Error) -> bool {
    error.use_stderr() && error.kind() != ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
}

/// The complaint in Chinese, with a hint in a second line.
pub fn complaint(error: &Error) -> String {
    let suggestion = [
        ContextKind::SuggestedSubcommand,
        ContextKind::SuggestedArg,
        ContextKind::SuggestedValue,
    ]
    .into_iter()
    .map(|kind| get(error, kind))
    .find(|text| !text.is_empty());
    let hint = match suggestion {
        _ if let Some(instead) = instead(error, Lang::Zh) => instead.to_owned(),
        Some(text) => format!("是不是想用 `{text}`？用法见 --help"),
        None => "用法见 --help".to_owned(),
    };
    format!("错误：{}\n提示：{hint}", chinese(error))
}

/// The complaint in one line, without the word `error` before it.
pub fn one_line(error: &Error, lang: Lang) -> String {
    match lang {
        Lang::En => english(error),
        Lang::Zh => chinese(error),
    }
}

fn english(error: &Error) -> String {
    let text = error.to_string();
    let complaint = text.split("\n\n").next().unwrap_or_default();
    let lines: Vec<&str> = complaint.lines().map(str::trim).collect();
    plain(lines.join(" ").trim_start_matches("error: "))
}

/// The standard library's words for a number that is none, in words that say what it must be.
pub fn plain(text: &str) -> String {
    PLAIN
        .iter()
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

const PLAIN: &[(&str, &str)] = &[
    ("invalid digit found in string", "it must be a whole number"),
    (
        "cannot parse integer from empty string",
        "it must be a whole number, and is empty",
    ),
    (
        "number too large to fit in target type",
        "the number is too large",
    ),
    (
        "number too small to fit in target type",
        "the number is too small",
    ),
    ("invalid IP address syntax", "it must be an IP address"),
];

fn chinese(error: &Error) -> String {
    let arg = get(error, ContextKind::InvalidArg);
    let value = get(error, ContextKind::InvalidValue);
    match error.kind() {
        ErrorKind::InvalidValue if value.is_empty() => format!("`{arg}` 需要一个值"),
        ErrorKind::InvalidValue => format!(
            "`{arg}` 的值 `{value}` 无效{}",
            choices(error, ContextKind::ValidValue)
        ),
        ErrorKind::ValueValidation => {
            format!("`{arg}` 的值 `{value}` 无效：{}", reason(error, &value))
        }
        ErrorKind::UnknownArgument => format!("未知的参数 `{arg}`"),
        ErrorKind::InvalidSubcommand => {
            let name = get(error, ContextKind::InvalidSubcommand);
            format!("未知的命令 `{name}`")
        }
        ErrorKind::MissingSubcommand => {
            format!("缺少命令{}", choices(error, ContextKind::ValidSubcommand))
        }
        ErrorKind::MissingRequiredArgument => format!("缺少必需的参数：{arg}"),
        ErrorKind::ArgumentConflict => conflict(&arg, &get(error, ContextKind::PriorArg)),
        ErrorKind::NoEquals => format!("`{arg}` 的值要写在 = 之后"),
        ErrorKind::TooManyValues => format!("`{arg}` 不再接受更多的值：`{value}`"),
        ErrorKind::TooFewValues => format!(
            "`{arg}` 至少需要 {} 个值，只给了 {} 个",
            get(error, ContextKind::MinValues),
            get(error, ContextKind::ActualNumValues)
        ),
        ErrorKind::WrongNumberOfValues => format!(
            "`{arg}` 需要 {} 个值，却给了 {} 个",
            get(error, ContextKind::ExpectedNumValues),
            get(error, ContextKind::ActualNumValues)
        ),
        ErrorKind::InvalidUtf8 => "参数不是有效的 UTF-8".to_owned(),
        _ => english(error),
    }
}

fn conflict(arg: &str, prior: &str) -> String {
    if prior.is_empty() || prior == arg {
        format!("`{arg}` 只能给一次")
    } else {
        format!("`{arg}` 不能与 `{prior}` 同时使用")
    }
}

/// Why a value was refused: the words of our own parsers are in the table, those of the standard
/// library and the parser as far as people meet them.
fn reason(error: &Error, value: &str) -> String {
    let Some(source) = error.source() else {
        return "格式不对".to_owned();
    };
    let text = source.to_string();
    let quoted = format!("`{value}` ");
    let about_value = text.strip_prefix(&quoted).unwrap_or(&text);
    if let Some(zh) = in_table(&[REASONS], about_value) {
        return zh.to_owned();
    }
    let named = about_value.split_once(": ").and_then(|(what, which)| {
        let zh = in_table(&[REASONS], what)?;
        Some(format!("{zh}：{which}"))
    });
    if let Some(named) = named {
        return named;
    }
    match about_value.split_once(" is not in ") {
        Some((_, range)) => format!("不在 {range} 的范围内"),
        None => text,
    }
}

fn choices(error: &Error, kind: ContextKind) -> String {
    let choices = get(error, kind);
    if choices.is_empty() {
        choices
    } else {
        format!("，可选：{choices}")
    }
}

pub(super) fn get(error: &Error, kind: ContextKind) -> String {
    match error.get(kind) {
        None | Some(ContextValue::None) => String::new(),
        Some(value) => value.to_string(),
    }
}
