//! `lineman watch`: the packets of this machine's interfaces as ladders, while they pass.

mod clock;
mod interfaces;
mod keep;
mod kernel;
mod session;
mod show;
mod whole;

use std::path::Path;

use serde_json::json;

use crate::args::watch::Watch as Args;
use crate::commands::capture;
use crate::commands::capture::Live;
use crate::commands::capture::Request;
use crate::commands::capture::Rung;
use crate::console::Console;
use crate::failure::Failure;
use crate::lang::watch::Watch as Words;
use crate::runtime;
use crate::runtime::Signals;

use keep::Keep;
use show::Show;

/// Watches until it is told to end.
///
/// # Errors
/// When it may not, the filter or interface makes no sense, or something cannot be written.
pub fn run(args: &Args, console: Console) -> Result<(), Failure> {
    if args.interfaces {
        return interfaces::list(console);
    }
    let request = Request {
        promiscuous: args.promiscuous,
        buffer: usize::try_from(args.buffer).unwrap_or(usize::MAX),
        ..Request::new(&args.interface, &args.filter.join(" "), console)?
    };
    if request.promiscuous && request.interface.is_none() {
        return Err(Failure::usage(&Words::PromiscuousAny {}, console.lang));
    }
    runtime::block_on_this_thread(console, async {
        let mut signals = Signals::watch(console.lang)?;
        let live = capture::begin(&request, console)?;
        let keep = Keep::create(args, &live, console)?;
        announce(&request, &live, args, console)?;
        let mut show = Show::new(args, &live, console)?;
        session::run(args, live, keep, &mut show, &mut signals, console).await
    })
}

/// From here on nothing is missed.
fn announce(request: &Request, live: &Live, args: &Args, console: Console) -> Result<(), Failure> {
    if live.rung == Rung::Dumpcap {
        console.note(&Words::ByDumpcap {});
    }
    if request.filter.indexes_ipv4_only() {
        console.note(&Words::Ipv4Only {});
    }
    let (interface, filter) = (&live.interface, &request.filter.text());
    console.note(&match request.filter.is_empty() {
        true => Words::Watching { interface },
        false => Words::WatchingOnly { interface, filter },
    });
    if is_stdout(args.write.as_deref()) {
        return Ok(());
    }
    let by = match live.rung {
        Rung::Socket => "socket",
        Rung::Dumpcap => "dumpcap",
    };
    let fields = json!({
        "interface": live.interface,
        "filter": request.filter.text(),
        "link": live.link.0,
        "by": by,
    });
    console.tell("watching", fields)
}

/// Whether the packets go to stdout.
fn is_stdout(path: Option<&Path>) -> bool {
    path == Some(Path::new("-"))
}
