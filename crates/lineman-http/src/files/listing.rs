//! A directory as a page of links.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::SystemTime;

use axum::http::HeaderMap;
use axum::http::header;
use headers::HeaderMapExt as _;
use percent_encoding::AsciiSet;
use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::percent_encode;

/// A name in a directory.
#[derive(Clone, Copy, Debug)]
pub struct Listed<'a> {
    /// The name: any bytes.
    pub name: &'a [u8],
    /// Its length in bytes; `None` for a directory.
    pub length: Option<u64>,
    /// When it was written last.
    pub modified: Option<SystemTime>,
}

/// The page of the directory that was asked for by `name`, which is empty or ends with a slash; whether names are missing. It
/// has no style and no script: a browser shows it as it shows a file, in a sandbox.
pub fn listing<'a>(name: &[u8], listed: impl Iterator<Item = Listed<'a>>, is_cut: bool) -> String {
    let shown = escaped(name);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>/{shown}</title>\n<h1>/{shown}</h1>\n<table>\n\
         <tr><th align=\"left\">name · 名称<th align=\"right\">bytes · 字节<th align=\"left\">modified · 修改时间\n"
    );
    if !name.is_empty() {
        page.push_str("<tr><td><a href=\"../\">../</a><td><td>\n");
    }
    for entry in listed {
        let slash = if entry.length.is_none() { "/" } else { "" };
        // With `./` before it a name with a colon is no scheme.
        let link = percent_encode(entry.name, AS_IS);
        let length = entry.length.map_or_else(String::new, |it| it.to_string());
        let modified = entry.modified.map_or_else(String::new, date);
        let name = escaped(entry.name);
        let _ = writeln!(
            page,
            "<tr><td><a href=\"./{link}{slash}\">{name}{slash}</a><td align=\"right\">{length}<td>{modified}"
        ); // a String takes everything
    }
    page.push_str("</table>\n");
    if is_cut {
        page.push_str("<p>There are more names. · 还有更多名称。\n");
    }
    page
}

/// Text of a page. What is not UTF-8 is shown as the replacement character, and so are control characters.
fn escaped(name: &[u8]) -> String {
    let text: Cow<'_, str> = String::from_utf8_lossy(name);
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            char if char.is_control() => escaped.push(char::REPLACEMENT_CHARACTER),
            char => escaped.push(char),
        }
    }
    escaped
}

/// As HTTP writes dates (RFC 9110 §5.6.7).
fn date(time: SystemTime) -> String {
    let mut headers = HeaderMap::new();
    headers.typed_insert(headers::Date::from(time));
    let date = headers
        .get(header::DATE)
        .and_then(|date| date.to_str().ok());
    date.unwrap_or_default().to_owned()
}

/// Left as they are in a link: the unreserved characters (RFC 3986 §2.3).
const AS_IS: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_neither_markup_nor_another_address() {
        let names: [&[u8]; 5] = [
            b"<script>alert(1)</script>",
            b"javascript:alert(1)",
            b"a\"onclick=\"x",
            b"\xff\x1b[2J?#%2e",
            "内核".as_bytes(),
        ];
        let listed = names.iter().map(|name| Listed {
            name,
            length: Some(1),
            modified: Some(SystemTime::UNIX_EPOCH),
        });
        let page = listing(b"<b>/", listed, true);
        for (nth, expected) in [
            "./%3Cscript%3Ealert%281%29%3C%2Fscript%3E\">&lt;script&gt;",
            "./javascript%3Aalert%281%29\">",
            "./a%22onclick%3D%22x\">a&quot;onclick=&quot;x<",
            "./%FF%1B%5B2J%3F%23%252e\">\u{fffd}\u{fffd}[2J?#%2e<",
            "./%E5%86%85%E6%A0%B8\">内核<",
            "<title>/&lt;b&gt;/<",
            "Thu, 01 Jan 1970 00:00:00 GMT",
            "There are more names",
        ]
        .iter()
        .enumerate()
        {
            assert!(page.contains(expected), "{nth}: {page}");
        }
        assert!(!page.contains("<script"), "{page}");
    }

    #[test]
    fn directories_end_with_a_slash_and_the_root_has_nothing_above_it() {
        let directory = Listed {
            name: b"grub",
            length: None,
            modified: None,
        };
        let root = listing(b"", std::iter::once(directory), false);
        assert!(root.contains("<a href=\"./grub/\">grub/</a>"), "{root}");
        assert!(!root.contains("../"), "{root}");
        let below = listing(b"grub/", std::iter::empty(), false);
        assert!(below.contains("<a href=\"../\">"), "{below}");
        assert!(!below.contains("more names"), "{below}");
    }
}
