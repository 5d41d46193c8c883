//! `lineman lab`: what may be typed.

use std::path::PathBuf;

use clap::Args;
use clap::Subcommand;

use super::lab_bench;
use crate::views::export::Format;

/// `lineman lab`.
#[derive(Debug, Subcommand)]
pub enum Lab {
    /// Show a recorded log as a ladder, or export it
    #[command(after_help = REPLAY_EXAMPLES)]
    Replay(Replay),
    /// Make socket calls by hand, on both ends of a wire
    #[command(after_help = lab_bench::BENCH_EXAMPLES)]
    Bench(lab_bench::Bench),
    /// Run programs on the two hosts, and see their calls, packets and states
    #[command(after_help = lab_bench::RUN_EXAMPLES)]
    Run(lab_bench::Run),
}

/// `lineman lab replay`.
#[derive(Debug, Args)]
pub struct Replay {
    /// The log; - is stdin
    #[arg(value_name = "FILE")]
    pub log: PathBuf,
    /// Export the log in this form instead of showing it
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub export: Option<Format>,
    /// Write to this file instead of stdout
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Draw the ladder with plain ASCII signs (default where the locale is not UTF-8)
    #[arg(long)]
    pub ascii: bool,
    /// Leave the explanations out
    #[arg(long)]
    pub no_explain: bool,
    /// Draw for this many columns (default: the terminal's, or 120)
    #[arg(long, value_name = "N")]
    pub width: Option<u16>,
}

const REPLAY_EXAMPLES: &str = "\
Examples:
  lineman lab replay chat.jsonl                        the ladder, with explanations
  lineman lab replay chat.jsonl --no-explain           calls, states and packets alone
  lineman lab replay chat.jsonl --export svg -o a.svg  a picture
  lineman lab replay chat.jsonl --export pcapng -o a.pcapng   for Wireshark";
