//! `lineman chat`: what may be typed.

use std::time::Duration;

use clap::Args;
use clap::Subcommand;
use clap::ValueEnum;

use super::capture::Capture;
use super::parse;

/// Talk over TCP, one to one.
#[derive(Debug, Subcommand)]
pub enum Chat {
    /// Wait for one caller
    #[command(after_help = LISTEN_EXAMPLES)]
    Listen(Listen),
    /// Call a listener: lineman, nc, ncat, socat or a program of your own
    #[command(after_help = CALL_EXAMPLES)]
    Call(Call),
}

/// `lineman chat listen`.
#[derive(Debug, Args)]
pub struct Listen {
    /// Where to listen: ADDR, PORT or ADDR:PORT; all addresses of both families if left out
    #[arg(value_name = "[ADDR][:PORT]", default_value = ":8888")]
    pub address: String,
    /// After a call has ended, wait for the next one
    #[arg(long)]
    pub keep: bool,
    /// How the call is held.
    #[command(flatten)]
    pub talk: Talk,
}

/// `lineman chat call`.
#[derive(Debug, Args)]
pub struct Call {
    /// Whom to call; port 8888 if left out
    #[arg(value_name = "HOST[:PORT]")]
    pub host: String,
    /// The port, if it is a word of its own, as for nc
    #[arg(value_name = "PORT", value_parser = parse::port)]
    pub port: Option<u16>,
    /// Give up on an address that has not answered in this many seconds
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = parse::seconds)]
    pub timeout: Duration,
    /// How the call is held.
    #[command(flatten)]
    pub talk: Talk,
}

/// How a call is held, on both sides alike.
#[derive(Clone, Debug, Args)]
pub struct Talk {
    /// End lines with CR LF, as telnet and many servers want
    #[arg(long)]
    pub crlf: bool,
    /// When the call ends: the peer has finished, both have, or either has
    /// (default: `peer` at a terminal, `both` in a pipe)
    #[arg(long, value_enum, value_name = "WHO")]
    pub exit_on: Option<ExitOn>,
    /// After our own end of input, leave once the peer has been silent for this many seconds
    #[arg(long, value_name = "SECONDS", value_parser = parse::seconds)]
    pub linger: Option<Duration>,
    /// What is recorded of it.
    #[command(flatten)]
    pub recorded: Capture,
}

/// Whose end of sending ends the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExitOn {
    /// The peer has finished sending.
    Peer,
    /// Both have finished sending.
    Both,
    /// One of the two has finished sending.
    Either,
}

const LISTEN_EXAMPLES: &str = "\
Examples:
  lineman chat listen                      port 8888, IPv4 and IPv6
  lineman chat listen 127.0.0.1:9000       this machine only
  lineman chat listen --keep               one call after the other
  lineman chat listen > received.bin       a byte-exact pipe

At the prompt: /quit ends the call, ^D finishes sending but keeps listening, ^C leaves at once.";

const CALL_EXAMPLES: &str = "\
Examples:
  lineman chat call 192.0.2.7              port 8888
  lineman chat call '[2001:db8::7]:9000'
  lineman chat call example.net:80 --crlf
  tar c dir | lineman chat call 192.0.2.7  a byte-exact pipe

At the prompt: /quit ends the call, ^D finishes sending but keeps listening, ^C leaves at once.";
