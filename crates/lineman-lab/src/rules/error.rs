//! What is wrong with the text of a rule; the words for people are the program's.

use std::fmt;
use std::ops::Range;

/// Why a text is no rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParseError {
    /// A word that means nothing at its place.
    Unknown {
        /// The word.
        token: String,
        /// Its place in the text, in bytes.
        at: Range<usize>,
        /// What may stand there. Empty if nothing may: the rule was complete.
        choices: Vec<&'static str>,
    },
    /// A rule ends too early.
    Missing {
        /// The rule's last word.
        token: String,
        /// Its place in the text, in bytes.
        at: Range<usize>,
        /// What may follow it.
        choices: Vec<&'static str>,
    },
    /// A value that is not written as it should be, or too large, or zero where that means nothing.
    Value {
        /// The value.
        token: String,
        /// Its place in the text, in bytes.
        at: Range<usize>,
        /// What it should be.
        want: Value,
    },
    /// Which packets a rule is about, said behind what it does.
    Behind {
        /// The first such word.
        token: String,
        /// Its place in the text, in bytes.
        at: Range<usize>,
        /// The rule as it is to be written.
        form: String,
    },
    /// Something that a rule, or all rules together, may say once only.
    Twice {
        /// The second time.
        token: String,
        /// Its place in the text, in bytes.
        at: Range<usize>,
    },
    /// There are more rules than a wire has.
    TooMany {
        /// The first word of the first that is too many.
        token: String,
        /// Its place in the text, in bytes.
        at: Range<usize>,
    },
}

/// What a value should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// A whole number from 1.
    Count,
    /// A number of bits to flip, from 1 to 64.
    Bits,
    /// The number of a block, to 65,535.
    Block,
    /// A whole number of 64 bits.
    Seed,
    /// `#2`, or `#2-5`.
    Numbers,
    /// A time up to an hour, to the microsecond: `300ms`.
    Duration,
    /// A share of 100 to four decimals: `20%`.
    Percent,
    /// Bits in a second: `1mbit`.
    Rate,
}

impl Value {
    /// How it may be written.
    pub fn examples(self) -> &'static [&'static str] {
        match self {
            Self::Count => &["1", "3"],
            Self::Bits => &["1", "64"],
            Self::Block => &["1", "65535"],
            Self::Seed => &["42"],
            Self::Numbers => &["#1", "#2-5"],
            Self::Duration => &["250us", "300ms", "1.5s"],
            Self::Percent => &["20%", "0.5%"],
            Self::Rate => &["300bit", "64kbit", "1mbit", "1gbit"],
        }
    }
}

impl ParseError {
    /// The word at which it was noticed.
    pub fn token(&self) -> &str {
        match self {
            Self::Unknown { token, .. }
            | Self::Missing { token, .. }
            | Self::Value { token, .. }
            | Self::Behind { token, .. }
            | Self::Twice { token, .. }
            | Self::TooMany { token, .. } => token,
        }
    }

    /// The word's place in the text, in bytes.
    pub fn at(&self) -> Range<usize> {
        match self {
            Self::Unknown { at, .. }
            | Self::Missing { at, .. }
            | Self::Value { at, .. }
            | Self::Behind { at, .. }
            | Self::Twice { at, .. }
            | Self::TooMany { at, .. } => at.clone(),
        }
    }

    /// What could stand there instead, or behind it; for a value, examples.
    pub fn choices(&self) -> &[&'static str] {
        match self {
            Self::Unknown { choices, .. } | Self::Missing { choices, .. } => choices,
            Self::Value { want, .. } => want.examples(),
            Self::Behind { .. } | Self::Twice { .. } | Self::TooMany { .. } => &[],
        }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problem = match self {
            Self::Unknown { .. } => "unexpected",
            Self::Missing { .. } => "something is missing behind",
            Self::Value { .. } => "not a value for this",
            Self::Behind { .. } => "to be said before what the rule does",
            Self::Twice { .. } => "said twice",
            Self::TooMany { .. } => "one rule too many",
        };
        write!(
            f,
            "{problem}: {:?} at byte {}",
            self.token(),
            self.at().start
        )
    }
}

impl std::error::Error for ParseError {}
