//! What every command needs of the asynchronous world: a runtime that does not hold up the end,
//! names looked up, signals.

use std::future::Future;
use std::io;
use std::net::Ipv6Addr;
use std::net::SocketAddr;
use std::net::ToSocketAddrs as _;

use lineman_net::Operation;
use lineman_net::SystemError;
use lineman_net::udp::interfaces;
use lineman_net::udp::zone as zone_of;
use tokio::runtime::Builder;
use tokio::runtime::Runtime;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;

use crate::args::address::HostPort;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lang::Lang;
use crate::lang::address::Address;
use crate::terminal::stop;
use crate::terminal::surface::is_a_person_there;

/// Runs a command's future to its end.
///
/// # Errors
/// Those of the future; or the system allows no runtime.
pub fn block_on<T>(
    console: Console,
    future: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(workers())
        .enable_all()
        .build();
    block_on_built(runtime, console, future)
}

/// For commands that put the terminal in raw mode: it is as it was found when a signal stops or ends
/// them. Call it before [`block_on`].
///
/// # Errors
/// When the system gives no thread.
pub fn watch_stops(console: Console) -> Result<(), Failure> {
    if is_a_person_there() {
        stop::watch().map_err(|error| Failure::internal(&error, console.lang))?;
    }
    Ok(())
}

/// How many threads this machine is good for: its processors, or what a container may use of them.
pub fn workers() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// [`block_on`] without further threads: for what only waits.
///
/// # Errors
/// Those of the future; or the system allows no runtime.
pub fn block_on_this_thread<T>(
    console: Console,
    future: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let runtime = Builder::new_current_thread().enable_all().build();
    block_on_built(runtime, console, future)
}

fn block_on_built<T>(
    runtime: io::Result<Runtime>,
    console: Console,
    future: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let runtime = runtime
        .map_err(SystemError::new(Operation::Create, "a runtime"))
        .map_err(|error| Failure::system(&error, console.lang))?;
    let result = runtime.block_on(future);
    // Not dropped: that would wait for a name that is still being looked up, or for a blocked read.
    runtime.shutdown_background();
    result
}

/// All addresses of a host, in the order in which the system would have them tried.
///
/// # Errors
/// When there is no such name.
pub async fn resolve(host: &str, port: u16, lang: Lang) -> Result<Vec<SocketAddr>, Failure> {
    found(host, tokio::net::lookup_host((host, port)).await, lang)
}

/// [`resolve`] before there is a runtime.
///
/// # Errors
/// When there is no such name.
pub fn resolve_blocking(host: &str, port: u16, lang: Lang) -> Result<Vec<SocketAddr>, Failure> {
    found(host, (host, port).to_socket_addrs(), lang)
}

fn found(
    host: &str,
    found: io::Result<impl Iterator<Item = SocketAddr>>,
    lang: Lang,
) -> Result<Vec<SocketAddr>, Failure> {
    check_zone(host, lang)?;
    let mut all: Vec<SocketAddr> = found
        .map_err(SystemError::new(Operation::Resolve, host))
        .map_err(|error| Failure::system(&error, lang))?
        .collect();
    all.dedup();
    Ok(all)
}

/// Reads `HOST`, `HOST:PORT`, `:PORT`, `PORT`; says how it was read where something else may have
/// been meant.
///
/// # Errors
/// When the text is none of them.
pub fn host_port(text: &str, console: Console) -> Result<HostPort, Failure> {
    let read = HostPort::parse(text).map_err(|error| Failure::usage(&error, console.lang))?;
    if let Some(meant) = &HostPort::other_reading(text) {
        console.note(&Address::ReadWithoutPort { text: &text, meant });
    }
    Ok(read)
}

/// `HOST[:PORT]` and a port in a word of its own, as nc has it.
///
/// # Errors
/// When the text is no address, or has a port already.
pub fn host_and_port(text: &str, port: Option<u16>, console: Console) -> Result<HostPort, Failure> {
    let Some(port) = port else {
        return host_port(text, console);
    };
    // A number in front of a port is no port.
    let mut read = HostPort::parse(text).map_err(|error| Failure::usage(&error, console.lang))?;
    if read.port.is_some() {
        let text = &text;
        let two = Address::TwoPorts { text, port: &port };
        return Err(Failure::usage(&two, console.lang));
    }
    read.port = Some(port);
    Ok(read)
}

/// What is wrong with the zone of an IPv6 address: a link-local one has none, which the system would
/// only call an invalid argument, or it names no interface.
///
/// # Errors
/// With the interfaces that there are.
pub fn check_zone(host: &str, lang: Lang) -> Result<(), Failure> {
    let (address, zone) = match host.split_once('%') {
        Some((address, zone)) => (address, Some(zone)),
        None => (host, None),
    };
    let Ok(v6) = address.parse::<Ipv6Addr>() else {
        return Ok(());
    };
    match zone {
        None if v6.is_unicast_link_local() => {
            let all = interfaces();
            let other = all.iter().find(|name| *name != "lo");
            let example = &other.map_or("lo", String::as_str);
            let words = Address::NeedsInterface {
                address: &address,
                example,
                names: &all.join(", "),
            };
            Err(Failure::usage(&words, lang))
        }
        None => Ok(()),
        Some(named) => match zone_of(named) {
            Ok(_) => Ok(()),
            Err(unknown) => {
                let (wanted, names) = (&unknown.wanted, &unknown.names.join(", "));
                let words = Address::UnknownInterface { wanted, names };
                Err(Failure::usage(&words, lang))
            }
        },
    }
}

/// The signals that ask a program to leave.
pub struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
}

impl Signals {
    /// Begins to watch: from now on a signal no longer ends the process by itself.
    ///
    /// # Errors
    /// When the system does not let us.
    pub fn watch(lang: Lang) -> Result<Self, Failure> {
        let watch = |kind| {
            signal(kind)
                .map_err(SystemError::new(Operation::Listen, "signals"))
                .map_err(|error| Failure::system(&error, lang))
        };
        Ok(Self {
            interrupt: watch(SignalKind::interrupt())?,
            terminate: watch(SignalKind::terminate())?,
            hang_up: watch(SignalKind::hangup())?,
        })
    }

    /// Waits for a signal; gives the exit code that it asks for: ^C is an interruption, to be told
    /// to leave is not.
    pub async fn next(&mut self) -> Exit {
        tokio::select! {
            _ = self.interrupt.recv() => Exit::Interrupted,
            _ = self.terminate.recv() => Exit::Done,
            _ = self.hang_up.recv() => Exit::Done,
        }
    }
}
