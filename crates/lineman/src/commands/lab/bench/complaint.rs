//! What is wrong with a line that was typed.

use super::line::CALLS;
use super::line::LONGEST;
use super::line::OTHERS;
use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::bench::Bench as Words;

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Complaint {
    /// No such command.
    Unknown(String),
    /// No socket, file or value has this name; which names there are.
    Name(String, Vec<String>),
    /// The call that is to return what is called so has not returned.
    NotYet(String, &'static str),
    /// That call has failed.
    NothingReturned(String, &'static str),
    /// What is called so is no socket.
    NoSocketNamed(String),
    /// The socket of this name is closed, and another has its descriptor.
    Replaced(String),
    /// Of the bytes of this name, the log has only the first.
    NotKept(String),
    /// An address is one argument in Python; this stands outside of it.
    Tuple(String),
    /// A text where Python wants bytes.
    NotBytes(String),
    /// A letter that bytes cannot hold as they are written.
    NotAscii(char),
    /// An encoding that is not known here.
    Encoding(String),
    /// This does not close.
    Unclosed(char),
    /// It means nothing here; what would.
    Value(String, String),
    /// A number that is no port.
    Port(String),
    /// Something is missing; an example.
    Missing(&'static str),
    /// More words than the command takes.
    Extra(String),
    /// The host has no open socket.
    NoSocket,
    /// No packet is held, or not this one.
    NothingHeld,
    /// The wire's rules have this that means nothing.
    Rules(String),
    /// A line with more bytes than any may have.
    TooLong,
    /// The lab has ended.
    Ended,
}

impl Complaint {
    /// A value that means nothing here.
    pub fn value(text: &str, choices: &str) -> Self {
        Self::Value(text.to_owned(), choices.to_owned())
    }

    /// In words.
    pub fn words(&self, lang: Lang) -> String {
        match self {
            Self::Unknown(word) => match near(word, CALLS.into_iter().chain(OTHERS)) {
                Some(ref near) => Words::UnknownNear { word, near }.render(lang),
                None => Words::Unknown { word }.render(lang),
            },
            Self::Name(name, names) => Self::no_name(name, names, lang),
            Self::NotYet(name, call) => Words::NotYet { name, call }.render(lang),
            Self::NothingReturned(name, call) => Words::NothingReturned { name, call }.render(lang),
            Self::NoSocketNamed(name) => Words::NoSocketNamed { name }.render(lang),
            Self::Replaced(name) => Words::Replaced { name }.render(lang),
            Self::NotKept(name) => Words::NotKept { name }.render(lang),
            Self::Tuple(port) => Words::Tuple { port }.render(lang),
            Self::NotBytes(text) => Words::NotBytes { text }.render(lang),
            Self::NotAscii(letter) => Words::NotAscii { letter }.render(lang),
            Self::Encoding(name) => Words::Encoding { name }.render(lang),
            Self::Unclosed(sign) => Words::Unclosed { sign }.render(lang),
            Self::Value(word, choices) => match near(word, choices.split(", ")) {
                Some(ref near) => Words::ValueNear { word, near }.render(lang),
                None => Words::Value { word, choices }.render(lang),
            },
            Self::Port(port) => Words::Port { port }.render(lang),
            Self::Missing(example) => Words::Missing { example }.render(lang),
            Self::Extra(word) => Words::Extra { word }.render(lang),
            Self::NoSocket => Words::NoSocket {}.render(lang),
            Self::NothingHeld => Words::NothingHeld {}.render(lang),
            Self::Rules(word) => Words::BadRules { word }.render(lang),
            Self::TooLong => Words::TooLong { limit: &LONGEST }.render(lang),
            Self::Ended => Words::Ended {}.render(lang),
        }
    }

    fn no_name(name: &String, names: &[String], lang: Lang) -> String {
        let known = &names.join(", ");
        match near(name, names.iter().map(String::as_str)) {
            Some(ref near) => Words::NameNear { name, near }.render(lang),
            None if names.is_empty() => Words::NoNames { name }.render(lang),
            None => Words::Name { name, known }.render(lang),
        }
    }
}

/// The choice that is a letter or two away; words of three letters are too short to be told from others.
fn near<'a>(word: &str, choices: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let upper = word.to_uppercase();
    let far = |choice: &str| strsim::damerau_levenshtein(&choice.to_uppercase(), &upper);
    let most = (word.chars().count() / 3).min(2);
    let is_word = |choice: &&str| choice.starts_with(char::is_alphabetic);
    let near = choices.filter(is_word).min_by_key(|choice| far(choice))?;
    (word.starts_with(char::is_alphabetic) && far(near) <= most).then_some(near)
}
