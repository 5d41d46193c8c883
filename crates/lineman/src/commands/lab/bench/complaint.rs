//! What is wrong with a line that was typed.

use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::bench::Bench as Words;

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Complaint {
    /// No such command.
    Unknown(String),
    /// A call as Python writes it; as it is typed here.
    Python(String),
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
            Self::Unknown(word) => Words::Unknown { word }.render(lang),
            Self::Python(line) => Words::Python { line }.render(lang),
            Self::Value(word, choices) => Words::Value { word, choices }.render(lang),
            Self::Port(port) => Words::Port { port }.render(lang),
            Self::Missing(example) => Words::Missing { example }.render(lang),
            Self::Extra(word) => Words::Extra { word }.render(lang),
            Self::NoSocket => Words::NoSocket {}.render(lang),
            Self::NothingHeld => Words::NothingHeld {}.render(lang),
            Self::Rules(word) => Words::BadRules { word }.render(lang),
            Self::Ended => Words::Ended {}.render(lang),
        }
    }
}
