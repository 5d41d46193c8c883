//! Sentences about settings: the environment and the settings file.

use super::messages;

messages! {
    /// Sentences about settings.
    Settings;
    UnknownKey { file, key } "{file}: unknown key `{key}`" "{file}：未知的键 `{key}`"
    BadFile { file, detail } "{file}: not TOML: {detail}" "{file}：不是有效的 TOML：{detail}"
    Bad { origin, detail } "{origin}: {detail}" "{origin}：设置有误：{detail}"
    NotTruth { origin } "{origin}: is on or off, so give it true or false" "{origin}：这是开关选项，请写 true 或 false"
    NotOne { origin } "{origin}: takes one value, not a list" "{origin}：只能有一个值，不能是列表"
    NotPlain { origin } "{origin}: must be a string, a number or a truth value" "{origin}：必须是字符串、数字或 true/false"
}
