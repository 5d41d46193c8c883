//! What may be typed about every lab, and about everything that draws a ladder.

use std::path::PathBuf;

use clap::Args;

/// How the wire and the TCP of a lab are, and where its log goes.
#[derive(Clone, Debug, Args)]
pub struct LabOptions {
    /// Write the log to this file too, for lab replay
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Rules of the wire, beside those of a scenario, like c>s:#1 drop; loss 20%; numbers count the packets of each direction apart
    #[arg(long, value_name = "RULES")]
    pub fault: Vec<String>,
    /// Start chance here: the same rules and number lose the same packets of each direction, counted in the order in which they are sent (default: 1)
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// How many milliseconds every packet is on its way (default: 2, or what a scenario needs)
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(..=60_000))]
    pub delay: Option<u64>,
    /// TCP as in the textbook: no timestamps, no SACK, no window scaling
    #[arg(long)]
    pub textbook: bool,
}

/// How a ladder is drawn.
#[derive(Clone, Debug, Default, Args)]
pub struct Drawing {
    /// Draw the ladder with plain ASCII signs (default where the locale is not UTF-8)
    #[arg(long)]
    pub ascii: bool,
    /// Sequence numbers as they are in the headers, not counted from the initial ones; sentences count all the same
    #[arg(long)]
    pub absolute: bool,
    /// Leave the explanations out
    #[arg(long)]
    pub no_explain: bool,
    /// Draw for this many columns (default: the terminal's, or 120; 99 at most in bench, run and watch)
    #[arg(long, value_name = "N")]
    pub width: Option<u16>,
}
