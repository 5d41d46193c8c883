//! `lineman lab bench` and `lineman lab run`: what may be typed.

use std::path::PathBuf;

use clap::Args;
use clap::ValueEnum;

/// `lineman lab bench`.
#[derive(Debug, Args)]
pub struct Bench {
    /// Hold every packet until it is told what becomes of it, from the start
    #[arg(long)]
    pub step: bool,
    /// How the wire is, and what is shown of it.
    #[command(flatten)]
    pub watch: Watch,
}

/// `lineman lab run`.
#[derive(Debug, Args)]
pub struct Run {
    /// Run this program on the client
    #[arg(long, value_name = "COMMAND")]
    pub client: Option<String>,
    /// Run this program on the server, and first
    #[arg(long, value_name = "COMMAND")]
    pub server: Option<String>,
    /// Run the program behind -- on this host (default: client)
    #[arg(long, value_enum, value_name = "HOST", requires = "program")]
    pub on: Option<On>,
    /// How the wire is, and what is shown of it.
    #[command(flatten)]
    pub watch: Watch,
    /// A program with its arguments; it has the terminal
    #[arg(last = true, value_name = "PROGRAM")]
    pub program: Vec<String>,
}

/// A host, as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum On {
    /// 10.0.0.1
    Client,
    /// 10.0.0.2
    Server,
}

/// How the wire is, and what is shown of it.
#[derive(Clone, Debug, Args)]
pub struct Watch {
    /// Write the log to this file too, for lab replay
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Rules of the wire, like c>s:#1 drop; loss 20%
    #[arg(long, value_name = "RULES")]
    pub fault: Vec<String>,
    /// How many milliseconds every packet is on its way (default: 2)
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(..=60_000))]
    pub delay: Option<u64>,
    /// TCP as in the textbook: no timestamps, no SACK, no window scaling
    #[arg(long)]
    pub textbook: bool,
    /// Draw the ladder with plain ASCII signs (default where the locale is not UTF-8)
    #[arg(long)]
    pub ascii: bool,
    /// Leave the explanations out
    #[arg(long)]
    pub no_explain: bool,
    /// Draw for this many columns (default: the terminal's, 99 at most)
    #[arg(long, value_name = "N")]
    pub width: Option<u16>,
}

/// Examples of `lineman lab bench`.
pub const BENCH_EXAMPLES: &str = "\
Examples:
  lineman lab bench                        a prompt; help lists the calls
  lineman lab bench --step                 you deliver each packet
  lineman lab bench < script               the same without a prompt
  lineman lab bench --fault 'loss 20%'     on a bad wire";

/// Examples of `lineman lab run`.
pub const RUN_EXAMPLES: &str = "\
Examples:
  lineman lab run --server 'nc -l -p 9000' --client 'nc -q 1 10.0.0.2 9000'
  lineman lab run --server 'python3 server.py' -- python3 client.py
  lineman lab run --on server -- lineman chat listen
  lineman lab run --record a.jsonl -- curl http://10.0.0.2";
