//! Sentences about settings: the environment and the settings file.

use super::messages;

messages! {
    /// Sentences about settings.
    Settings;
    UnknownKey { file, line, key } "{file}: line {line}: unknown key `{key}`" "{file}：第 {line} 行：未知的键 `{key}`"
    UnknownKeyNear { file, line, key, near } "{file}: line {line}: unknown key `{key}`; did you mean `{near}`?" "{file}：第 {line} 行：未知的键 `{key}`；您是指 `{near}` 吗？"
    UnknownVariable { name } "the environment variable {name} sets no option of any command" "环境变量 {name} 不对应任何命令的选项"
    UnknownVariableNear { name, near } "the environment variable {name} sets no option of any command; did you mean {near}?" "环境变量 {name} 不对应任何命令的选项；您是指 {near} 吗？"
    BadFile { file, detail } "{file}: not TOML: {detail}" "{file}：不是有效的 TOML：{detail}"
    Bad { origin, detail } "{origin}: {detail}" "{origin}：设置有误：{detail}"
    NotTruth { origin } "{origin}: is on or off, so give it true or false" "{origin}：这是开关选项，请写 true 或 false"
    NotOne { origin } "{origin}: takes one value, not a list" "{origin}：只能有一个值，不能是列表"
    NotPlain { origin } "{origin}: must be a string, a number or a truth value" "{origin}：必须是字符串、数字或 true/false"
}
