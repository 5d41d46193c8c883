//! `lineman lab exercise`: what may be typed.

use std::path::PathBuf;

use clap::Args;
use clap::ValueEnum;
use lineman_trace::learn::Ask;

/// `lineman lab exercise`.
#[derive(Debug, Args)]
pub struct Exercise {
    /// The exercise, or any log; with --make or --page - is stdin
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Make an exercise of this log: one file, which needs no other, no privilege and no answers beside it
    #[arg(long)]
    pub make: bool,
    /// Write to this file instead of stdout
    #[arg(long, short, value_name = "FILE", requires = "make")]
    pub output: Option<PathBuf>,
    /// What is asked about a log, like seq,state (default: all)
    #[arg(long, value_enum, value_name = "WHAT", value_delimiter = ',')]
    pub ask: Vec<AskFor>,
    /// How many places of a log's ladder are left out, at most (default: 8)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub blanks: Option<u16>,
    /// Start chance here: the same number leaves out the same places and shuffles the same way (default: 1)
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Work on it in a browser on this machine
    #[arg(long, conflicts_with_all = ["make", "ascii", "width"])]
    pub page: bool,
    /// Only print the page's address: open no browser
    #[arg(long, conflicts_with_all = ["make", "ascii", "width"])]
    pub no_open: bool,
    /// Draw the ladder with plain ASCII signs (default where the locale is not UTF-8)
    #[arg(long)]
    pub ascii: bool,
    /// Draw for this many columns (default: the terminal's, or 120)
    #[arg(long, value_name = "N")]
    pub width: Option<u16>,
}

/// A kind of question, as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AskFor {
    /// Sequence numbers.
    Seq,
    /// Acknowledgment numbers.
    Ack,
    /// Flags of TCP.
    Flags,
    /// States after a packet.
    State,
    /// The order of packets.
    Order,
}

impl From<AskFor> for Ask {
    fn from(ask: AskFor) -> Self {
        match ask {
            AskFor::Seq => Self::Seq,
            AskFor::Ack => Self::Ack,
            AskFor::Flags => Self::Flags,
            AskFor::State => Self::State,
            AskFor::Order => Self::Order,
        }
    }
}

/// Examples of `lineman lab exercise`.
pub const EXAMPLES: &str = "\
Examples:
  lineman lab handshake --record a.jsonl               any log will do
  lineman lab exercise a.jsonl                         work on it at once
  lineman lab exercise --make a.jsonl -o a.exercise    one file, to be handed out
  lineman lab exercise a.exercise                      work on that
  lineman lab exercise a.exercise --page               in a browser
  lineman lab exercise a.jsonl --ask state,order       states, and the order of packets";
