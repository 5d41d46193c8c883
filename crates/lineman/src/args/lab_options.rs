//! What may be typed about every lab, and about everything that draws a ladder.

use std::path::PathBuf;

use clap::Args;

/// How the wire and the TCP of a lab are, and where its log goes.
#[derive(Clone, Debug, Args)]
pub struct LabOptions {
    /// Write the log to this file too, for lab replay
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Rules of the wire, beside those of a scenario, like c>s:#1 drop; loss 20%; numbers count the packets of each direction apart; the whole language is below
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

/// The language of `--fault`, below the help of the commands that have it. Each line is a form and what it means.
pub const RULES: &str = "\
Rules of the wire (--fault), a semicolon between two: which packets, then what happens to them
  c>s: s>c: both:             from the client, from the server, from either of them (default)
  syn fin rst ack data        kinds of TCP segments; of several words all must hold
  syn-ack tcp udp icmp arp    other kinds of packets
  fragment tftp               each fragment of a datagram; whatever belongs to a transfer
  tftp.rrq tftp.wrq tftp.data tftp.ack tftp.error tftp.oack   one kind of TFTP packet
  block 3                     the DATA or ACK of this number
  #2                          the second of those that fit, counted in each direction
  #2-5                        the second to the fifth
  every 3                     each third
  20%                         so many of them, by chance
  drop                        it never arrives; loss 20% is short for 20% drop
  delay 300ms                 it arrives later
  jitter 5ms                  it arrives up to so much later, and overtakes none
  dup 5ms                     it arrives twice, the copy so much later
  reorder 1                   so many later packets overtake it
  rate 1mbit                  the wire carries so much in a second
  corrupt 1 bit               so many bits of it are flipped
  seed 42                     chance begins here; alone between semicolons";
