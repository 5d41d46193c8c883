//! The lab's page: a lab's log, or a recorded one, in a browser on this machine.
//!
//! The [`presenter`] turns events into messages, the [`feed`] keeps them numbered, the [`server`] hands them out
//! beside the page's files and takes commands, which the [`commands`] carry out. The [`guard`] says who may ask.

mod browser;
mod commands;
mod feed;
mod guard;
mod presenter;
mod server;

use std::net::Ipv4Addr;
use std::net::SocketAddr;

use lineman_net::Operation;
use lineman_net::SystemError;
use lineman_trace::log::Cursor;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use self::commands::Commands;
use self::feed::Feed;
use self::guard::Guard;
use self::presenter::Page;
use crate::commands::lab::live::Live;
use crate::commands::trace::record::Record;
use crate::commands::trace::session;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lang::page::Page as Words;
use crate::runtime;
use crate::runtime::Signals;

/// What is on a page beside the log.
pub struct Shown {
    /// The lab that the page can drive, whose wire holds each packet at first, and its rules; `None` if everything has
    /// happened.
    pub lab: Option<(Live, String)>,
    /// Whether a browser is opened.
    pub opens: bool,
}

/// Whether there is somebody to look at a page.
///
/// # Errors
/// When lines of JSON were asked for.
pub fn check(console: Console) -> Result<(), Failure> {
    match console.json {
        true => Err(Failure::usage(&Words::NotJson {}, console.lang)),
        false => Ok(()),
    }
}

/// Shows a log that no lab makes grow.
///
/// # Errors
/// As [`show`], or when lines of JSON were asked for.
pub fn look(events: Cursor, opens: bool, console: Console) -> Result<(), Failure> {
    check(console)?;
    runtime::block_on(console, async {
        let mut signals = Signals::watch(console.lang)?;
        let shown = Shown { lab: None, opens };
        show(events, None, shown, &mut signals, console).await
    })
}

/// Shows a log in a browser until a signal comes. With a lab, the page can decide about its packets.
///
/// # Errors
/// When no port can be listened at.
pub async fn show(
    events: Cursor,
    record: Option<Record>,
    shown: Shown,
    signals: &mut Signals,
    console: Console,
) -> Result<(), Failure> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
        .await
        .map_err(SystemError::new(Operation::Listen, "127.0.0.1"))
        .map_err(|error| Failure::system(&error, console.lang))?;
    let at = listener
        .local_addr()
        .map_err(|error| Failure::internal(&error, console.lang))?;
    let guard = Guard::new(at).map_err(|error| Failure::internal(&error, console.lang))?;
    let address = guard.address();
    let feed = Feed::default();
    let (orders, inbox) = mpsc::channel(COMMANDS);
    let app = server::router(guard, feed.clone(), orders, console.lang);
    // It ends with the runtime, however many streams are open.
    tokio::spawn(async move { axum::serve(listener, app).await });
    // Without the address there is no page: it is told even under --quiet.
    console.warn(&Words::At { address: &address });
    let Shown { lab, opens } = shown;
    if opens && !browser::open(&address) {
        console.note(&Words::NoBrowser {});
    }
    let (lab, rules) = lab.unzip();
    let mut page = Page::new(feed, rules);
    let mut commands = Commands::new(inbox, lab);
    let shown = session::run(events, record, &mut commands, &mut page, signals).await;
    match shown {
        Err(failure) if failure.exit == Exit::Done => Ok(()),
        shown => shown,
    }
}

/// How many commands of the page may wait: a person makes one at a time.
const COMMANDS: usize = 64;
