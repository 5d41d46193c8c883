//! The loop of a watch: packets, signals, time.

use std::future::pending;

use lineman_trace::capture::Conversations;
use lineman_trace::capture::Limits;
use tokio::time::Instant;

use super::keep::Keep;
use super::show::Show;
use crate::args::watch::Watch as Args;
use crate::commands::capture::Caught;
use crate::commands::capture::Heard;
use crate::commands::capture::Live;
use crate::commands::lab::tui::Input;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lang::watch::Watch as Words;
use crate::runtime::Signals;

/// What comes next.
enum Turn {
    Heard(Option<Heard>),
    Signal(Exit),
    Due,
    Over,
    Input(Input),
}

/// Shows what is captured until a signal, a number or a time ends it, and then what it was. A second signal does
/// not wait.
///
/// # Errors
/// When something cannot be shown or written; when a signal asked for the end, with its exit code.
pub async fn run(
    args: &Args,
    mut live: Live,
    keep: Keep,
    show: &mut Show,
    signals: &mut Signals,
    console: Console,
) -> Result<(), Failure> {
    let mut intake = Intake {
        conversations: Conversations::new(Limits::default()),
        keep,
        left: args.count,
    };
    let over = args.time.map(|time| Instant::now() + time);
    let (mut ending, mut result, mut lost, mut open) = (false, Ok(()), 0, true);
    show.settle()?;
    loop {
        let due = show.due();
        let turn = tokio::select! {
            biased;
            exit = signals.next() => Turn::Signal(exit),
            () = until(over), if !ending => Turn::Over,
            input = show.input() => Turn::Input(input),
            heard = live.next(), if open => Turn::Heard(heard),
            () = until(due), if due.is_some() => Turn::Due,
        };
        match turn {
            Turn::Signal(exit) => {
                let again = std::mem::replace(&mut ending, true);
                result = Err(Failure::said(exit));
                if again {
                    break;
                }
                live.stop().ask();
            }
            Turn::Over => {
                ending = true;
                live.stop().ask();
            }
            Turn::Due => show.idle()?,
            Turn::Input(input) => match show.take_input(input) {
                Ok(false) => {}
                Ok(true) => break,
                Err(failure) => {
                    result = Err(failure);
                    break;
                }
            },
            Turn::Heard(Some(Heard::Packets(packets))) => {
                if intake.take(packets, show)? {
                    ending = true;
                    live.stop().ask();
                }
            }
            Turn::Heard(Some(Heard::Lost(count))) => {
                lost = count;
                show.lost(count)?;
            }
            Turn::Heard(Some(Heard::Ended(why))) => {
                if let Some(why) = &why {
                    console.warn(&Words::Broken { why });
                    result = Err(Failure::said(Exit::Incomplete));
                }
                open = false;
                if result.is_err() || !show.ended()? {
                    break;
                }
            }
            Turn::Heard(None) => break,
        }
    }
    let shown = show.finish(intake.conversations.finish(), lost);
    let kept = intake.keep.finish(lost);
    shown.and(kept)?;
    match result {
        Err(failure) if failure.exit == Exit::Done => Ok(()),
        result => result,
    }
}

/// Takes packets into the conversations and the files, until there are enough.
struct Intake {
    conversations: Conversations,
    keep: Keep,
    /// How many packets are still wanted.
    left: Option<u64>,
}

impl Intake {
    /// Takes packets; whether there are enough now.
    fn take(&mut self, packets: Vec<Caught>, show: &mut Show) -> Result<bool, Failure> {
        for packet in packets {
            if self.left == Some(0) {
                return Ok(true);
            }
            self.left = self.left.map(|left| left - 1);
            let captured = packet.as_captured();
            let sorted = self.conversations.take(&captured);
            show.packet(sorted, &packet, self.conversations.told().as_ref())?;
            self.keep.append(packet, sorted)?;
        }
        self.keep.settle()?;
        show.settle()?;
        Ok(self.left == Some(0))
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => pending().await,
    }
}
