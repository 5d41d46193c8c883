//! The tour without a private network: the three systems at work on loopback, every socket call shown
//! with the kernel's answer.

mod chat;
mod datagrams;
mod stage;
mod transfer;

use std::net::Ipv4Addr;
use std::net::SocketAddr;

use self::stage::Stage;
use crate::args::Tour;
use crate::commands::tftp::words::size;
use crate::console::Console;
use crate::failure::Failure;
use crate::lang::tour::Tour as Words;

/// Runs this tour.
///
/// # Errors
/// With the exit code and the sentence that say why.
pub fn run(args: &Tour, console: Console) -> Result<(), Failure> {
    let mut stage = Stage::new(args.fast, console);
    stage.title(&Words::Title {})?;
    let lines = chat::run(&mut stage)?;
    let messages = datagrams::run(&mut stage)?;
    let bytes = transfer::run(&mut stage)?;
    stage.title(&Words::Summary {})?;
    stage.line(&Words::SummaryChat { lines: &lines })?;
    stage.line(&Words::SummaryUdp {
        messages: &messages,
    })?;
    stage.line(&Words::SummaryTftp {
        size: &size(bytes as f64),
    })?;
    stage.line(&Words::SummaryNext {})?;
    stage.finish()
}

/// This machine, a port that the kernel chooses.
fn any_port() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}
