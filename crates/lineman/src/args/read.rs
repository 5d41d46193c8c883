//! `lineman read`: what may be typed.

use std::path::PathBuf;

use clap::Args;

use super::lab::View;

/// `lineman read`.
#[derive(Debug, Args)]
pub struct Read {
    /// The capture: pcap or pcapng, as it is or compressed by gzip or zstd; - is stdin
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// A second capture of the same traffic, taken at another point, to be compared; then which packets, in the syntax of tcpdump, like tcp port 80 and host 192.0.2.7; all if left out
    #[arg(value_name = "FILE2 | FILTER")]
    pub filter: Vec<String>,
    /// Show the ladder of this conversation, by its number in the table
    #[arg(long, short, value_name = "N")]
    pub conversation: Option<u64>,
    /// Wait for more when the file ends: another program still writes it
    #[arg(long, short, requires = "conversation", conflicts_with = "export")]
    pub follow: bool,
    /// List so many conversations, those with the most trouble; 0 is all of them
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub top: usize,
    /// Write the packets to this file as pcapng, to be shown to others: other addresses, empty payloads; all of them, or one conversation
    #[arg(long, value_name = "OUT", conflicts_with_all = ["follow", "export", "output", "tui", "page"])]
    pub redact: Option<PathBuf>,
    /// Leave the names of files (TFTP) as they are when redacting
    #[arg(long, requires = "redact")]
    pub keep_names: bool,
    /// How the ladder is shown, or what is made of its log instead.
    #[command(flatten)]
    pub view: View,
}

/// Examples of `lineman read`.
pub const EXAMPLES: &str = "\
Examples:
  lineman read a.pcapng                                who with whom, and what went wrong
  lineman read a.pcap.gz -c 3                          the ladder of conversation 3
  lineman read a.pcap tcp port 80                      of these packets only
  lineman read a.pcap -c 3 --tui                       row by row, with states and bytes
  lineman read a.pcap -c 3 --page                      in a browser
  lineman read a.pcap -c 3 --export svg -o a.svg       a picture
  lineman read a.pcap -c 3 --figures                   bytes in flight, RTT, goodput … over time
  lineman read a.pcap -c 1 --follow                    while tcpdump writes it
  lineman read a.pcap b.pcap                           the same traffic at two points: lost, delayed, changed between
  lineman read a.pcap --redact b.pcapng                one that can be shown to others
  ssh host tcpdump -U -w - port 53 | lineman read -    from another machine; ^C shows the table";
