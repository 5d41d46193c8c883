//! `lineman doctor`: what may be typed.

use clap::Args;
use clap::ValueEnum;

/// `lineman doctor`.
#[derive(Debug, Args)]
pub struct Doctor {
    /// Try one thing in this very process, which is of no use afterwards
    #[arg(long, value_enum, value_name = "WHAT", hide = true)]
    pub probe: Option<Probe>,
}

/// What would stick to the process, so that lineman starts itself anew for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Probe {
    /// A network of its own.
    PrivateNetwork,
}
