//! Every sentence a person reads, in English and Chinese.
//!
//! Each area of the program has a table made by [`messages!`]. A message is an enum variant with
//! its fields, so a sentence that lacks a language, or a language that forgets a field, does not
//! compile.

use std::borrow::Cow;
use std::ffi::OsString;
use std::fmt;
use std::fmt::Display;
use std::fmt::Write as _;

use lineman_proto::text::visible;

pub mod address;
pub mod bench;
pub mod bench_calls;
pub mod chat;
pub mod common;
pub mod differences;
pub mod doctor;
pub mod fields;
pub mod figures;
pub mod filter;
pub mod help;
pub mod lab;
pub mod learn;
pub mod learn_page;
pub mod machines;
pub mod page;
pub mod pair;
pub mod plural;
pub mod proxydhcp;
pub mod read;
pub mod sayings;
pub mod scenarios;
pub mod seen;
pub mod settings;
pub mod tftp;
pub mod tftp_load;
pub mod tour;
pub mod tui;
pub mod udp;
pub mod unlike;
pub mod views;
pub mod waits;
pub mod watch;
pub mod wire;

/// A language that lineman speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Lang {
    /// English.
    En,
    /// Chinese (simplified).
    Zh,
}

impl Lang {
    /// Picks the language before the command line is parsed, because the help itself needs it:
    /// `--lang`, else `LINEMAN_LANG`, else `in_file`, else the locale (`LC_ALL`, `LC_MESSAGES`,
    /// `LANG`).
    pub fn detect(words: &[OsString], in_file: impl FnOnce() -> Option<String>) -> Self {
        flag_value(words)
            .or_else(|| variable("LINEMAN_LANG"))
            .or_else(in_file)
            .or_else(locale)
            .map_or(Self::En, |tag| Self::from_tag(&tag))
    }

    fn from_tag(tag: &str) -> Self {
        if tag.to_ascii_lowercase().starts_with("zh") {
            Self::Zh
        } else {
            Self::En
        }
    }
}

/// `text` in brackets, as they stand behind other text.
pub fn bracketed(text: &str, lang: Lang) -> String {
    match lang {
        Lang::En => format!(" ({text})"),
        Lang::Zh => format!("（{text}）"),
    }
}

/// A sentence of one of the tables.
pub trait Message {
    /// The sentence in `lang`, its fields filled in.
    fn render(&self, lang: Lang) -> String;
}

fn flag_value(words: &[OsString]) -> Option<String> {
    let mut words = words.iter().map(|word| word.to_string_lossy());
    while let Some(word) = words.next() {
        match word.as_ref() {
            "--" => return None,
            "--lang" => return words.next().map(Cow::into_owned),
            _ => {
                if let Some(value) = word.strip_prefix("--lang=") {
                    return Some(value.to_owned());
                }
            }
        }
    }
    None
}

/// POSIX: the first of the three that is set and not empty decides.
fn locale() -> Option<String> {
    ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .find_map(variable)
}

/// Whether the locale's characters are UTF-8; so they are where no locale says otherwise on a
/// system that names none.
pub fn is_utf8() -> bool {
    let charset = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(variable);
    charset.is_none_or(|name| {
        let name = name.to_ascii_lowercase();
        name.contains("utf-8") || name.contains("utf8")
    })
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A field of a message: anything that can be shown.
pub type Field<'a> = &'a dyn Display;

/// A field as it stands in a sentence. Names and words of files, peers, programs and the system come
/// from strangers, and all sentences are made in one place: so this is where they become safe to
/// show. Lines stay, for a field may be a text of several.
struct Shown<'a>(Field<'a>);

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Safely(f);
        write!(out, "{}", self.0)
    }
}

/// A field of an English sentence: what is counted is marked where it is one.
struct Counted<'a>(Field<'a>);

impl Display for Counted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = Shown(self.0).to_string();
        f.write_str(&shown)?;
        match shown == "1" {
            true => f.write_char(plural::ONE),
            false => Ok(()),
        }
    }
}

/// Writes on what is safe, and the rest made visible.
struct Safely<'a, 'f>(&'a mut fmt::Formatter<'f>);

impl fmt::Write for Safely<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.split_inclusive('\n').try_for_each(|line| {
            let (line, end) = match line.strip_suffix('\n') {
                Some(line) => (line, "\n"),
                None => (line, ""),
            };
            self.0.write_str(&visible(line))?;
            self.0.write_str(end)
        })
    }
}

/// Declares a table of messages. Each row names the message, its fields, and the sentence in each
/// language; `format!` checks at compile time that both use exactly these fields.
macro_rules! messages {
    ($(#[$doc:meta])* $table:ident; $( $id:ident { $($field:ident),* } $en:literal $zh:literal )+) => {
        $(#[$doc])*
        #[allow(missing_docs, reason = "the sentence itself is the documentation")]
        #[derive(Clone, Copy)]
        pub enum $table<'a> {
            $( $id { $($field: $crate::lang::Field<'a>),* }, )+
            #[doc(hidden)]
            #[allow(dead_code, reason = "gives tables without fields a use for the lifetime")]
            _Never(std::convert::Infallible, std::marker::PhantomData<&'a ()>),
        }

        impl $crate::lang::Message for $table<'_> {
            fn render(&self, lang: $crate::lang::Lang) -> String {
                match self {
                    $( Self::$id { $($field),* } => match lang {
                        $crate::lang::Lang::En => $crate::lang::plural::agree(format!($en $(, $field = $crate::lang::Counted(*$field))*)),
                        $crate::lang::Lang::Zh => format!($zh $(, $field = $crate::lang::Shown(*$field))*),
                    }, )+
                    Self::_Never(never, _) => match *never {},
                }
            }
        }

        #[cfg(test)]
        #[test]
        fn every_message_is_in_both_languages() {
            $( $crate::lang::assert_both(stringify!($id), $en, $zh); )+
        }
    };
}
pub(crate) use messages;

#[cfg(test)]
pub(crate) fn assert_both(id: &str, en: &str, zh: &str) {
    let han = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    for counted in en.split("} ").skip(1) {
        let noun = plural::noun(&format!(" {counted}")).to_owned();
        let known = plural::NOUNS.iter().any(|(many, _)| *many == noun);
        assert!(
            known || NO_NOUNS.contains(&&*noun) || !noun.ends_with('s') || noun.len() < 4,
            "{id}: are {noun:?} counted? Then they belong to `plural`: {en}"
        );
    }
    assert!(
        !han(en),
        "{id}: the English sentence has Chinese in it: {en}"
    );
    assert!(
        han(zh),
        "{id}: the Chinese sentence has no Chinese in it: {zh}"
    );
}

/// What may stand behind a field, ends like a plural, and is none.
#[cfg(test)]
const NO_NOUNS: &[&str] = &[
    "arrives", "asks", "does", "gets", "goes", "leads", "lifts", "lists", "makes", "reads", "says",
    "seems", "sends", "sets", "shows", "tells", "this", "waits",
];
