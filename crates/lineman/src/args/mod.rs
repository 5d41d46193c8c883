//! The command line: what may be typed, and nothing of what it does.
//!
//! Help texts here are English; `lang::help` holds the Chinese ones, each under its English text.
#![allow(
    rustdoc::broken_intra_doc_links,
    reason = "what stands above a field is its help: HOST[:PORT] is no link there"
)]

use clap::Parser;
use clap::Subcommand;
use clap_complete::Shell;

use crate::lang::Lang;

pub mod address;
pub mod capture;
pub mod chat;
pub mod exercise;
pub mod lab;
pub mod lab_bench;
pub mod lab_options;
pub mod parse;
pub mod proxydhcp;
pub mod read;
pub mod tftp;
pub mod tftp_load;
pub mod udp;
pub mod watch;

/// Talk, send and transfer over TCP and UDP, and see every packet it takes.
#[derive(Debug, Parser)]
#[command(name = "lineman", version, max_term_width = 100, after_help = EXAMPLES)]
#[command(disable_help_subcommand = true)] // ours is translated and has examples
pub struct Args {
    /// What every command understands.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Clone, Debug, clap::Args)]
pub struct Global {
    /// Language of every sentence (default: the locale)
    #[arg(long, global = true, value_enum, value_name = "LANG")]
    pub lang: Option<Lang>,
    /// Print everything as JSON, one object per line
    #[arg(long, global = true)]
    pub json: bool,
    /// Print nothing but errors on stderr
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Read settings from this file instead of the usual one
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<std::path::PathBuf>,
}

/// The jobs of lineman.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show TCP, UDP and TFTP at work, step by step, in about ten seconds
    #[command(after_help = TOUR_EXAMPLES)]
    Tour(Tour),
    /// Talk over TCP, one to one
    #[command(subcommand)]
    Chat(chat::Chat),
    /// Send and receive datagrams
    #[command(subcommand)]
    Udp(udp::Udp),
    /// Move files with TFTP
    #[command(subcommand)]
    Tftp(tftp::Tftp),
    /// See every call, packet and state between two hosts
    #[command(after_help = lab::examples())]
    Lab(lab::Lab),
    /// Read a capture: its conversations, what went wrong in them, and the ladder of each
    #[command(after_help = read::EXAMPLES)]
    Read(read::Read),
    /// Show the packets of this machine's interfaces while they pass, as ladders
    #[command(after_help = watch::EXAMPLES)]
    Watch(watch::Watch),
    /// Examine what this machine allows, and tell how to get the rest
    #[command(after_help = DOCTOR_EXAMPLES)]
    Doctor,
    /// Show the help of a command
    #[command(after_help = HELP_EXAMPLES)]
    Help(Help),
    /// Print the completions of a shell
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions(Completions),
    /// Print the manual page, or write those of every command to a directory
    #[command(after_help = MAN_EXAMPLES)]
    Man(Man),
}

/// `lineman tour`.
#[derive(Debug, clap::Args)]
pub struct Tour {
    /// Do not pause for reading: at a terminal each step waits for a key, elsewhere lines come one by one
    #[arg(long)]
    pub fast: bool,
    /// Draw for this many columns (default: the terminal's, or 120)
    #[arg(long, value_name = "N")]
    pub width: Option<u16>,
}

/// `lineman help`.
#[derive(Debug, clap::Args)]
pub struct Help {
    /// The command, like `tftp get`; all of lineman if left out
    #[arg(value_name = "COMMAND")]
    pub command: Vec<String>,
}

/// `lineman completions`.
#[derive(Debug, clap::Args)]
pub struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// `lineman man`.
#[derive(Debug, clap::Args)]
pub struct Man {
    /// Write lineman.1, lineman-chat.1 and so on to this directory
    #[arg(long, value_name = "DIR")]
    pub dir: Option<std::path::PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  lineman tour                                  all of it once, in a private network
  lineman chat listen                           wait for a caller on port 8888
  lineman chat call 192.0.2.7                   call that machine
  echo hello | lineman udp send 192.0.2.7       one line, one datagram
  lineman tftp serve ./files                    serve a directory
  lineman tftp get tftp://192.0.2.7/kernel      fetch a file

Exit codes: 0 done, 1 internal, 2 usage, 3 refused or unreachable, 4 timeout,
5 data not delivered or transfer incomplete, 6 the peer broke the protocol,
7 not permitted, 130 interrupted";

const TOUR_EXAMPLES: &str = "\
Examples:
  lineman tour             at reading pace
  lineman tour --fast      without pauses
  lineman --lang zh tour   in Chinese";

const DOCTOR_EXAMPLES: &str = "\
Examples:
  lineman doctor           a table; nothing is changed
  lineman --json doctor    the same for programs";

const HELP_EXAMPLES: &str = "\
Examples:
  lineman help tftp get    the same as lineman tftp get --help";

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  lineman completions bash > /etc/bash_completion.d/lineman
  lineman completions fish > ~/.config/fish/completions/lineman.fish";

const MAN_EXAMPLES: &str = "\
Examples:
  lineman man | man -l -
  lineman man --dir /usr/local/share/man/man1";
