//! `lineman udp`: what may be typed.

use std::time::Duration;

use clap::Args;
use clap::Subcommand;

use super::capture::Capture;
use super::parse;

/// Send and receive datagrams.
#[derive(Debug, Subcommand)]
pub enum Udp {
    /// Receive datagrams from any sender; answer the last one
    #[command(after_help = LISTEN_EXAMPLES)]
    Listen(Listen),
    /// Send datagrams to one host, to all of a network, or to a group
    #[command(after_help = SEND_EXAMPLES)]
    Send(Send),
}

/// `lineman udp listen`.
#[derive(Debug, Args)]
pub struct Listen {
    /// Where to listen: ADDR, PORT or ADDR:PORT; all addresses of both families if left out
    #[arg(value_name = "[ADDR][:PORT]", default_value = ":8889")]
    pub address: String,
    /// Join this multicast group as well; GROUP%IF names its interface too
    #[arg(long, value_name = "GROUP")]
    pub multicast: Option<String>,
    /// The interface of the group: its name or one of its addresses
    #[arg(long, value_name = "IF", requires = "multicast")]
    pub interface: Option<String>,
    /// Leave after this many datagrams
    #[arg(long, value_name = "N")]
    pub count: Option<u64>,
    /// How messages are shown and read.
    #[command(flatten)]
    pub form: Form,
}

/// `lineman udp send`.
#[derive(Debug, Args)]
pub struct Send {
    /// To whom; port 8889 if left out
    #[arg(value_name = "HOST[:PORT]", required_unless_present = "multicast")]
    pub host: Option<String>,
    /// The port, if it is a word of its own, as for nc
    #[arg(value_name = "PORT", value_parser = parse::port)]
    pub port: Option<u16>,
    /// Allow a broadcast address
    #[arg(long)]
    pub broadcast: bool,
    /// Send to this multicast group, GROUP or GROUP:PORT, instead of a host; GROUP%IF names its interface too
    #[arg(long, value_name = "GROUP[:PORT]", conflicts_with_all = ["host", "broadcast"])]
    pub multicast: Option<String>,
    /// The interface that datagrams leave by: its name or one of its addresses
    #[arg(long, value_name = "IF")]
    pub interface: Option<String>,
    /// How many routers a multicast datagram may cross
    #[arg(long, value_name = "N", default_value = "1", requires = "multicast")]
    pub ttl: u8,
    /// Keep multicast datagrams from the members on this machine
    #[arg(long, requires = "multicast")]
    pub no_loop: bool,
    /// Send all of stdin as one datagram (an empty one, if stdin is empty)
    #[arg(long)]
    pub whole: bool,
    /// After the end of input, listen for answers until this many seconds have been silent
    #[arg(long, value_name = "SECONDS", default_value = "0.5", value_parser = parse::seconds)]
    pub wait: Duration,
    /// How messages are shown and read.
    #[command(flatten)]
    pub form: Form,
}

/// How messages are shown and read.
#[derive(Clone, Debug, Args)]
pub struct Form {
    /// Write what arrives byte by byte as it is, without sender and without line ends
    #[arg(long, conflicts_with = "json")]
    pub raw: bool,
    /// What is recorded of it.
    #[command(flatten)]
    pub recorded: Capture,
}

const LISTEN_EXAMPLES: &str = "\
Examples:
  lineman udp listen                         port 8889, IPv4 and IPv6
  lineman udp listen :5353 --multicast 224.0.0.251 --interface eth0
  lineman udp listen --raw --count 1 > one.bin

Each line of input is one datagram, its newline included. It goes to the last sender, whom the
prompt names; `@2 text` goes to the second sender, `@@text` sends `@text`. Input that is not a
terminal waits until a datagram has arrived. Listening goes on after the end of input; ^C ends it.";

const SEND_EXAMPLES: &str = "\
Examples:
  lineman udp send 192.0.2.7                 type lines; each is one datagram
  echo hello | lineman udp send 192.0.2.7:9  one datagram of six bytes
  lineman udp send --broadcast 192.0.2.255
  lineman udp send --multicast 239.1.2.3 --interface eth0 --ttl 2
  lineman udp send 192.0.2.7 --whole < packet.bin

Each line of input is one datagram, its newline included, of at most 65507 bytes.";
