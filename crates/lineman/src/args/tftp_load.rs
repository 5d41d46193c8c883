//! `lineman tftp bench`: what may be typed.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::parse;

/// `lineman tftp bench`.
#[derive(Debug, Args)]
pub struct LoadTest {
    /// What all clients fetch: tftp://HOST[:PORT]/NAME
    #[arg(value_name = "URL", required_unless_present = "self_test")]
    pub url: Option<String>,
    /// How many clients work at a time, each fetching again and again
    #[arg(long, value_name = "N", default_value = "10", value_parser = clap::value_parser!(u32).range(1..=50_000))]
    pub clients: u32,
    /// Ask for this block size
    #[arg(long, value_name = "BYTES", default_value = "1428", value_parser = clap::value_parser!(u16).range(8..=65464))]
    pub blksize: u16,
    /// Ask for this many blocks in flight; most boot ROMs take one
    #[arg(long, value_name = "BLOCKS", default_value = "1", value_parser = clap::value_parser!(u16).range(1..))]
    pub windowsize: u16,
    /// Ask for no options at all: RFC 1350 as it was
    #[arg(long, conflicts_with_all = ["blksize", "windowsize"])]
    pub no_options: bool,
    /// End after this many seconds (default: 10, or none where --count is given)
    #[arg(long, value_name = "SECONDS", value_parser = parse::seconds)]
    pub duration: Option<Duration>,
    /// End after this many transfers in all
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
    /// Begin the clients' first transfers spread over this many seconds
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = parse::seconds)]
    pub ramp: Duration,
    /// Lose this share of the packets in each direction, here, before they are sent or read
    #[arg(long, value_name = "PERCENT", default_value = "0", value_parser = parse::percent)]
    pub loss: f64,
    /// Another seed loses other packets
    #[arg(long, value_name = "N", default_value = "1")]
    pub seed: u64,
    /// A client gives a transfer up after this many seconds without a sign of the server
    #[arg(long, value_name = "SECONDS", default_value = "20", value_parser = parse::seconds)]
    pub patience: Duration,
    /// Compare every byte with those of the first transfer
    #[arg(long)]
    pub verify: bool,
    /// Upload this file instead, as NAME.1, NAME.2 and so on, a name for each client
    #[arg(long, value_name = "FILE", conflicts_with_all = ["verify", "self_test"])]
    pub put: Option<PathBuf>,
    /// Let the clients share this many threads
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub threads: u16,
    /// Measure the load generator itself, with a source inside it that only sends
    #[arg(long, conflicts_with = "url")]
    pub self_test: bool,
}

/// What stands below the help.
pub const EXAMPLES: &str = "\
Examples:
  lineman tftp bench tftp://192.0.2.7/kernel                       10 clients for 10 seconds
  lineman tftp bench tftp://192.0.2.7/kernel --clients 1000 --count 1000 --ramp 2
  lineman tftp bench tftp://192.0.2.7/kernel --windowsize 16 --loss 1 --verify
  lineman tftp bench tftp://192.0.2.7/up --put image.bin --clients 4
  lineman tftp bench --self-test --windowsize 64                   what the load generator can take";
