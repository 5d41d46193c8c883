//! `lineman lab`: what may be typed.

use std::path::PathBuf;

use clap::Args;
use clap::Subcommand;

use super::exercise;
use super::lab_bench;
use super::lab_options::Drawing;
use super::lab_options::LabOptions;
use super::lab_options::RULES;
use crate::views::export::Format;

/// `lineman lab`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Lab {
    /// What to do with it, if not to play a scenario.
    #[command(subcommand)]
    pub command: Option<LabCommand>,
    /// A scenario to be played.
    #[command(flatten)]
    pub play: Play,
}

/// What else there is to do.
#[derive(Debug, Subcommand)]
pub enum LabCommand {
    /// List the scenarios
    #[command(after_help = LIST_EXAMPLES)]
    List,
    /// Show a recorded log as a ladder, or export it
    #[command(after_help = REPLAY_EXAMPLES)]
    Replay(Replay),
    /// Work on an exercise that the packets of a log correct, or make one
    #[command(after_help = exercise::EXAMPLES)]
    Exercise(exercise::Exercise),
    /// Make socket calls by hand, on both ends of a wire
    #[command(after_help = with_rules(lab_bench::BENCH_EXAMPLES))]
    Bench(lab_bench::Bench),
    /// Run programs on the two hosts, and see their calls, packets and states
    #[command(after_help = with_rules(lab_bench::RUN_EXAMPLES))]
    Run(lab_bench::Run),
}

/// `lineman lab SCENARIO`.
#[derive(Debug, Args)]
pub struct Play {
    /// The scenario to play; without it a page has two hosts to drive by hand, and where there is no browser, scenarios are listed
    #[arg(value_name = "SCENARIO")]
    pub scenario: Option<String>,
    /// Print the ladder line by line, and nothing that moves (default where there is no terminal, or no browser to open)
    #[arg(long, conflicts_with_all = ["tui", "page", "no_open"])]
    pub plain: bool,
    /// Hold every packet on the page until you decide, from the start; without it the scenario runs, and you walk through it
    #[arg(long, conflicts_with_all = ["tui", "plain", "export", "output", "width", "no_explain", "ascii", "absolute", "figures"])]
    pub step: bool,
    /// Play it over IPv6
    #[arg(long)]
    pub ipv6: bool,
    /// How the lab is.
    #[command(flatten)]
    pub lab: LabOptions,
    /// Whose TCP it is.
    #[command(flatten)]
    pub whose: Whose,
    /// How the ladder is shown, or what is made of the log instead.
    #[command(flatten)]
    pub view: View,
}

/// Whose TCP is played with: the kernel's, and where that is refused a simulated one.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct Whose {
    /// Show this machine's kernel or nothing: simulate nothing where it is refused (exit code 7)
    #[arg(long, conflicts_with = "simulated")]
    pub kernel: bool,
    /// Simulate both hosts in this program, even where the kernel's own are allowed
    #[arg(long)]
    pub simulated: bool,
}

/// How a log is shown.
#[derive(Clone, Debug, Default, Args)]
pub struct View {
    /// Export the log in this form instead of showing it
    #[arg(long, value_enum, value_name = "FORMAT", conflicts_with = "absolute")]
    pub export: Option<Format>,
    /// Write to this file instead of stdout
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Show it on the whole terminal; keys walk through it, or decide about each packet
    #[arg(long, conflicts_with_all = ["export", "output", "width", "no_explain", "absolute"])]
    pub tui: bool,
    /// Show it in a browser on this machine: a page whose packets can be held, dropped, doubled and delayed (default of lab at a terminal where there is one)
    #[arg(long, conflicts_with_all = ["tui", "export", "output", "width", "no_explain", "ascii"])]
    pub page: bool,
    /// Only print the page's address: open no browser
    #[arg(long, conflicts_with_all = ["tui", "export", "output", "width", "no_explain", "ascii"])]
    pub no_open: bool,
    /// Show figures over time below the ladder: sequence numbers, bytes in flight, window, RTT, goodput, and the kernel's cwnd (with --tui: beside it; --export figures is a picture)
    #[arg(long, conflicts_with_all = ["export", "page", "no_open"])]
    pub figures: bool,
    /// How a ladder is drawn.
    #[command(flatten)]
    pub drawing: Drawing,
}

/// `lineman lab replay`.
#[derive(Debug, Args)]
pub struct Replay {
    /// The log; - is stdin
    #[arg(value_name = "FILE")]
    pub log: PathBuf,
    /// How it is shown.
    #[command(flatten)]
    pub view: View,
}

/// Examples of `lineman lab`, and the rules of the wire.
pub fn examples() -> String {
    with_rules(EXAMPLES)
}

fn with_rules(examples: &str) -> String {
    format!("{examples}\n\n{RULES}")
}

const EXAMPLES: &str = "\
Examples:
  lineman lab list                                     what there is to play
  lineman lab                                          two hosts, to be driven in a browser
  lineman lab handshake                                a connection is made
  lineman lab handshake --plain                        as lines in this terminal
  lineman lab handshake --tui                          row by row, at your keys
  lineman lab handshake --page                         in a browser, at your pace
  lineman lab handshake --step                         there too: hold a SYN, drop it, see what follows
  lineman lab handshake --ipv6                         the same over IPv6
  lineman lab udp-lost --fault 's>c:icmp drop'         with a rule of your own
  lineman lab tftp-get --fault 'loss 20%' --seed 7     lost by chance; the seed repeats it
  lineman lab handshake --simulated                    both hosts simulated, without the kernel
  lineman lab close-four --record a.jsonl              keep the log
  lineman lab close-four --export svg -o a.svg         a picture
  lineman lab data-lost --figures                      bytes in flight, RTT, cwnd … over time";

const LIST_EXAMPLES: &str = "\
Examples:
  lineman lab list           names, and what they show
  lineman --json lab list    the same for programs";

const REPLAY_EXAMPLES: &str = "\
Examples:
  lineman lab replay chat.jsonl                        the ladder, with explanations
  lineman lab replay chat.jsonl --tui                  row by row, with states and bytes
  lineman lab replay chat.jsonl --page                 in a browser
  lineman lab replay chat.jsonl --no-explain           calls, states and packets alone
  lineman lab replay chat.jsonl --export svg -o a.svg  a picture
  lineman lab replay chat.jsonl --export figures -o b.svg     figures over time
  lineman lab replay chat.jsonl --export pcapng -o a.pcapng   for Wireshark";
