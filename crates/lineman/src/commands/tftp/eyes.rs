//! What a running server shows by HTTP (`--http`): the machines that boot from it, and its counts.
//!
//! The port has a thread of its own, so that a browser holds up neither transfers nor the log.

mod machine;
mod seen;

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;
use std::time::Instant;
use std::time::SystemTime;

use lineman_http::Eyes;
use lineman_http::Hosts;
use lineman_http::Limits;
use lineman_net::Neighbours;
use lineman_net::Operation;
use lineman_net::SystemError;
use lineman_net::tftp::Server;
use lineman_proto::text::safe_json;
use lineman_proto::tftp::machines::Machines;
use serde_json::json;

use self::machine::page_words;
use self::machine::row;
use self::seen::Table;
use super::collected::OfStore;
use super::files::Files;
use super::guard;
use super::metrics::Metrics;
use crate::args::tftp::Serve;
use crate::console::Console;
use crate::console::JSON_VERSION;
use crate::failure::Failure;
use crate::lang::Lang;
use crate::lang::Message;
use crate::lang::machines::Machines as Words;
use crate::log::Level;
use crate::runtime;

pub use self::machine::OUTCOMES;
pub use self::machine::ROLES;
pub use self::machine::outcome_words;
pub use self::machine::role_words;
pub use self::seen::Seen;
pub use self::seen::outcome;

/// What has to be taken before rights are given up.
pub struct Taken {
    listeners: Vec<TcpListener>,
    /// The names of this machine.
    hosts: Hosts,
    neighbours: Option<Neighbours>,
}

/// Takes the port, if one was asked for.
///
/// # Errors
/// When it is no address, or the system refuses it.
pub fn take(args: &Serve, console: Console) -> Result<Option<Taken>, Failure> {
    let Some(text) = &args.http else {
        return Ok(None);
    };
    let lang = console.lang;
    let typed = runtime::host_port(text, console)?;
    let port = typed.port.unwrap_or(PORT);
    let addresses = match typed.host {
        None => vec![SocketAddr::from((Ipv4Addr::LOCALHOST, port))],
        Some(host) => runtime::resolve_blocking(&host, port, lang)?,
    };
    let listen = |address: SocketAddr| {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true).map(|()| listener)
    };
    let listen = |address| {
        listen(address)
            .map_err(SystemError::new(Operation::Listen, address))
            .map_err(|error| Failure::system(&error, lang))
    };
    let listeners = addresses
        .into_iter()
        .map(listen)
        .collect::<Result<_, _>>()?;
    let name = std::fs::read_to_string(HOST_NAME).unwrap_or_default();
    let name = name.trim();
    let short = name.split('.').next().unwrap_or_default();
    Ok(Some(Taken {
        listeners,
        hosts: Hosts::new(
            [name.to_owned(), short.to_owned()]
                .into_iter()
                .chain(args.http_host.iter().cloned()),
        ),
        // Without it, machines have no link-layer address.
        neighbours: Neighbours::open().ok(),
    }))
}

/// Starts the thread that answers, and gives what it is to be told.
///
/// # Errors
/// When the system allows no thread.
pub fn start(
    taken: Taken,
    args: &Serve,
    server: &Server,
    stores: Vec<OfStore>,
    console: Console,
) -> Result<Arc<Seen>, Failure> {
    let gauges = server.gauges();
    let local: Vec<_> = taken
        .listeners
        .iter()
        .map(TcpListener::local_addr)
        .collect();
    let local: Vec<SocketAddr> = local.into_iter().flatten().collect();
    let seen = Arc::new(Seen {
        metrics: Metrics::new(&gauges, stores),
        gauges,
        table: Mutex::new(Table {
            machines: Machines::default(),
            neighbours: taken.neighbours,
            missed: None,
        }),
        // What others cannot reach is no advice to them.
        port: local
            .iter()
            .find(|it| !it.ip().is_loopback())
            .map(SocketAddr::port),
        advised: Mutex::default(),
    });
    let addresses: Vec<_> = local
        .iter()
        .map(|address| format!("http://{address}/machines"))
        .collect();
    let allowed = guard::allowed(&args.allow);
    let shown = Shown(Arc::clone(&seen));
    let files = Files {
        opener: server.files(),
        may_list: args.http_list,
    };
    let (listeners, hosts) = (taken.listeners, taken.hosts);
    thread::Builder::new()
        .name("http".to_owned())
        .spawn(move || answer(listeners, shown, files, hosts, allowed.as_deref()))
        .map_err(SystemError::new(Operation::Create, "a thread"))
        .map_err(|error| Failure::system(&error, console.lang))?;
    let listed = &addresses.join(", ");
    let sentence = match seen.port {
        Some(_) => Words::At { addresses: listed },
        None => Words::AtLocal { addresses: listed },
    };
    let fields = json!({ "addresses": addresses });
    console.record(Level::Info, "http", &sentence.render(console.lang), fields);
    Ok(seen)
}

/// What the thread does, for ever.
fn answer(
    listeners: Vec<TcpListener>,
    shown: Shown,
    files: Files,
    hosts: Hosts,
    allowed: Option<&[lineman_proto::tftp::guard::Prefix]>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let Ok(runtime) = runtime else {
        return; // the port is taken, and nobody answers there
    };
    let app = lineman_http::front(shown, files, hosts);
    runtime.block_on(async {
        let may = |ip: IpAddr| allowed.is_none_or(|all| all.iter().any(|it| it.contains(ip)));
        let listeners = listeners.into_iter().map(tokio::net::TcpListener::from_std);
        let all = listeners
            .flatten()
            .map(|listener| lineman_http::serve(listener, app.clone(), LIMITS, may));
        futures_util::future::join_all(all).await
    });
}

/// What the thread of the port sees.
struct Shown(Arc<Seen>);

impl Eyes for Shown {
    fn machines(&self, most: usize) -> String {
        let mut table = self.0.table();
        let (now, clock) = (Instant::now(), SystemTime::now());
        let latest = table.machines.latest(now);
        let total = latest.len();
        let mut text = format!("{{\"v\":{JSON_VERSION},\"total\":{total},\"machines\":[");
        for (nth, (ip, machine)) in latest.into_iter().take(most).enumerate() {
            if nth > 0 {
                text.push(',');
            }
            text.push_str(&safe_json(&row(ip, machine, now, clock).to_string()));
        }
        text + "]}\n"
    }

    fn metrics(&self) -> String {
        let machines = self.0.table().machines.len();
        self.0.metrics.text(&self.0.gauges, machines)
    }

    fn words(&self) -> String {
        let both = json!({ "en": page_words(Lang::En), "zh": page_words(Lang::Zh) });
        both.to_string()
    }
}

/// A thousand connections: a hall of machines that all get their images at once; each takes two descriptors.
const LIMITS: Limits = Limits {
    most: 1024,
    most_of_one: 64,
    head: Duration::from_secs(10),
    stall: Duration::from_secs(30),
};
/// Where the kernel tells this machine's name (proc_sys_kernel(5)).
const HOST_NAME: &str = "/proc/sys/kernel/hostname";
/// Where `lineman tftp machines` looks: 69 and 80.
const PORT: u16 = 6980;
