//! `--capture`, of every command that talks to a peer.

use std::path::PathBuf;

use clap::Args;

/// Recording of a command's own packets.
#[derive(Clone, Debug, Default, Args)]
pub struct Capture {
    /// Record the packets of this command's own traffic to this file, in the form pcapng, where capturing is permitted
    #[arg(long, value_name = "FILE")]
    pub capture: Option<PathBuf>,
}
