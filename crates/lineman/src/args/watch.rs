//! `lineman watch`: what may be typed.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::lab_options::Drawing;
use super::parse;

/// `lineman watch`.
#[derive(Debug, Args)]
pub struct Watch {
    /// Which packets, in the syntax of tcpdump, like tcp port 80 and host 192.0.2.7; all if left out
    #[arg(value_name = "FILTER")]
    pub filter: Vec<String>,
    /// The interface, by its name or address; any is all of them
    #[arg(long, short, value_name = "IF", default_value = "any")]
    pub interface: String,
    /// List the interfaces
    #[arg(long)]
    pub interfaces: bool,
    /// Show it on the whole terminal: the conversations, and the ladder of the chosen one
    #[arg(long)]
    pub tui: bool,
    /// Write the packets to this file too, in the form pcapng; - is stdout, and nothing else is shown then
    #[arg(long, short, value_name = "FILE")]
    pub write: Option<PathBuf>,
    /// Write the log to this file too, for lab replay
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// End after this many packets
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
    /// End after this many seconds
    #[arg(long = "for", value_name = "SECONDS", value_parser = parse::seconds)]
    pub time: Option<Duration>,
    /// Have the interface take frames that are for other machines too
    #[arg(long)]
    pub promiscuous: bool,
    /// How much the kernel keeps until it is read (K, M, G allowed)
    #[arg(long, value_name = "BYTES", default_value = "16M", value_parser = parse::bytes)]
    pub buffer: u64,
    /// How the ladder is drawn.
    #[command(flatten)]
    pub drawing: Drawing,
}

/// Examples of `lineman watch`.
pub const EXAMPLES: &str = "\
Examples:
  lineman watch                                    all interfaces; ^C ends with a table
  lineman watch -i lo tcp port 8888                a chat on this machine
  lineman watch -i eth0 'udp port 69 or icmp'      requests for files, and errors
  lineman watch 'tcp[tcpflags] & tcp-syn != 0'     who opens connections (IPv4)
  lineman watch -i eth0 vlan 100 and not port 22   in a VLAN, without your own ssh
  lineman watch --for 10 -w a.pcapng               ten seconds, for Wireshark too
  lineman watch --tui                              conversations, and the ladder of one
  lineman watch --interfaces                       what there is to watch";
