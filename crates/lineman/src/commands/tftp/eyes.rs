//! What a running server shows by HTTP (`--http`): the machines that boot from it, and its counts.
//!
//! The port has a thread of its own, so that whoever looks holds up neither transfers nor the log.

use std::collections::HashSet;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
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
use lineman_net::tftp::Ending;
use lineman_net::tftp::Gauges;
use lineman_net::tftp::HttpReport;
use lineman_net::tftp::Refusal;
use lineman_net::tftp::Report;
use lineman_net::tftp::Server;
use lineman_net::tftp::ServerEvent;
use lineman_proto::text::safe_json;
use lineman_proto::text::visible_bytes;
use lineman_proto::tftp::Direction;
use lineman_proto::tftp::Failure as Fault;
use lineman_proto::tftp::machines::Asked;
use lineman_proto::tftp::machines::Ended;
use lineman_proto::tftp::machines::Machine;
use lineman_proto::tftp::machines::Machines;
use lineman_proto::tftp::machines::Outcome;
use lineman_proto::tftp::machines::Progress;
use lineman_proto::tftp::machines::Protocol;
use lineman_proto::tftp::machines::Role;
use lineman_proto::tftp::machines::Step;
use lineman_proto::tftp::machines::is_closing;
use lineman_proto::wire::Mac;
use serde_json::Value;
use serde_json::json;

use super::collected::OfStore;
use super::files;
use super::files::Files;
use super::guard;
use super::metrics::Metrics;
use super::words;
use super::words::Side;
use crate::args::tftp::Serve;
use crate::console::Console;
use crate::console::JSON_VERSION;
use crate::failure::Failure;
use crate::lang::Lang;
use crate::lang::Message;
use crate::lang::machines::Machines as Words;
use crate::lang::tftp::Tftp;
use crate::log;
use crate::log::Level;
use crate::runtime;

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
    store: Option<OfStore>,
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
        metrics: Metrics::new(&gauges, store),
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
    let files = Files(server.files());
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

/// What a server shows.
#[derive(Debug)]
pub struct Seen {
    metrics: Metrics,
    gauges: Gauges,
    table: Mutex<Table>,
    /// Where other machines get the files by HTTP; `None` where only this one does.
    port: Option<u16>,
    /// Those that were told so.
    advised: Mutex<HashSet<IpAddr>>,
}

#[derive(Debug)]
struct Table {
    machines: Machines<Note>,
    neighbours: Option<Neighbours>,
    /// When a link-layer address was looked for in vain: the kernel is not asked for each packet of a flood.
    missed: Option<Instant>,
}

/// Why a request was not fulfilled.
#[derive(Debug)]
struct Note {
    reason: &'static str,
    en: Box<str>,
    zh: Box<str>,
}

impl Seen {
    /// Takes what the server tells.
    pub fn take(&self, event: &ServerEvent) {
        match event {
            ServerEvent::Begun {
                peer,
                filename,
                direction,
                firmware,
                protocol,
                at,
            } => {
                let mut table = self.table();
                let asked = Asked {
                    peer: *peer,
                    mac: table.mac(peer.ip()),
                    at: *at,
                    name: filename,
                    direction: *direction,
                    firmware: *firmware,
                    protocol: *protocol,
                };
                table.machines.begin(&asked);
            }
            ServerEvent::Report(report) => {
                self.metrics.take(report);
                self.end(report);
            }
            ServerEvent::Http(report) => {
                self.metrics.take_http(report);
                self.end_http(report);
            }
            _ => {}
        }
    }

    fn end(&self, report: &Report) {
        let Some(outcome) = outcome(report) else {
            return;
        };
        let note = (outcome != Outcome::Complete).then(|| Note {
            reason: words::reason_id(report),
            en: words::reason(report, Side::Server, Lang::En).into(),
            zh: words::reason(report, Side::Server, Lang::Zh).into(),
        });
        let note_bytes = note.as_ref().map_or(0, |it| it.en.len() + it.zh.len());
        let mut table = self.table();
        let asked = Asked {
            peer: report.peer,
            mac: table.mac(report.peer.ip()),
            at: report.at,
            name: &report.filename,
            direction: report.direction,
            firmware: report.firmware,
            protocol: Protocol::Tftp,
        };
        let ended = Ended {
            outcome,
            bytes: report.bytes,
            took: report.elapsed,
            note: note.filter(|_| !outcome.is_habit()),
        };
        table.machines.end(&asked, ended, note_bytes);
    }

    fn end_http(&self, report: &HttpReport) {
        let Some(outcome) = files::outcome(report) else {
            return;
        };
        let note = (outcome != Outcome::Complete).then(|| Note {
            reason: files::reason_id(report),
            en: files::reason(report, Lang::En).into(),
            zh: files::reason(report, Lang::Zh).into(),
        });
        let note_bytes = note.as_ref().map_or(0, |it| it.en.len() + it.zh.len());
        let mut table = self.table();
        let asked = Asked {
            peer: report.peer,
            mac: table.mac(report.peer.ip()),
            at: report.at,
            name: &report.filename,
            direction: Direction::Read,
            firmware: report.firmware,
            protocol: Protocol::Http,
        };
        let ended = Ended {
            outcome,
            bytes: report.bytes,
            took: report.elapsed,
            note: note.filter(|_| !outcome.is_habit()),
        };
        table.machines.end(&asked, ended, note_bytes);
    }

    /// Says of a machine, once, that it has got a large file by TFTP that it could have by HTTP.
    pub fn note_large(&self, report: &Report, console: Console) {
        let is_large = report.direction == Direction::Read && report.bytes >= LARGE;
        let Some(port) = self.port.filter(|_| is_large && words::is_complete(report)) else {
            return;
        };
        let ip = report.peer.ip();
        let mut advised = self.advised.lock().unwrap_or_else(PoisonError::into_inner);
        if advised.len() >= MOST_ADVISED || !advised.insert(ip) {
            return;
        }
        drop(advised);
        let (peer, file) = (&ip, &visible_bytes(&report.filename));
        let size = &words::size(report.bytes as f64);
        let port = &port;
        let sentence = Tftp::LargeWithoutHttp {
            peer,
            file,
            size,
            port,
        };
        let fields = json!({ "peer": ip.to_string(), "file": file, "bytes": report.bytes });
        let sentence = sentence.render(console.lang);
        console.record(Level::Info, "large-by-tftp", &sentence, fields);
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // It is whole after every statement.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn mac(&mut self, ip: IpAddr) -> Option<Mac> {
        let is_late = |at: Instant| at.elapsed() >= AGAIN;
        if self.machines.knows_mac(ip) || !self.missed.is_none_or(is_late) {
            return None; // the table keeps what it has
        }
        let mac = self.neighbours.as_ref()?.mac(ip);
        self.missed = mac.is_none().then(Instant::now);
        mac
    }
}

/// What a report is to a boot; `None` for what is none of the machine's doing.
pub fn outcome(report: &Report) -> Option<Outcome> {
    Some(match &report.ending {
        Ending::Complete { .. } => Outcome::Complete,
        Ending::Failed(Fault::PeerError {
            code,
            block,
            message,
        }) => match block {
            0 if words::is_probe(*code) => Outcome::SizeProbe,
            _ if words::is_probe(*code) && is_closing(message) => Outcome::Closed,
            _ => Outcome::Aborted,
        },
        Ending::Failed(Fault::Silent { .. }) | Ending::Displaced => Outcome::Silent,
        Ending::Failed(Fault::Unanswered) | Ending::KeepsToPort => Outcome::Unanswered,
        Ending::Failed(Fault::Protocol(_)) | Ending::Unreachable(_) => Outcome::Broken,
        Ending::Failed(_) => Outcome::Aborted,
        Ending::Refused(refusal) => match refusal {
            Refusal::NotFound { .. } | Refusal::NoDirectory { .. } => Outcome::Missing,
            Refusal::Changed | Refusal::DiskFull | Refusal::System(_) | Refusal::Store(_) => {
                Outcome::ServerFault
            }
            _ => Outcome::Refused,
        },
        Ending::Superseded => Outcome::Repeated,
        Ending::Stopped => Outcome::ServerStopped,
        // Somebody else's doing.
        Ending::Forged => return None,
    })
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

fn row(ip: IpAddr, machine: &Machine<Note>, now: Instant, clock: SystemTime) -> Value {
    let boot = machine.boot();
    let progress = boot.progress(now);
    let steps: Vec<_> = boot.steps(now).collect();
    let mut firmware: Vec<&str> = Vec::new();
    for name in steps.iter().filter_map(|step| step.firmware.name()) {
        if firmware.last() != Some(&name) {
            firmware.push(name);
        }
    }
    let (state, stopped_at) = match progress {
        Progress::GoesOn => ("goes-on", None),
        Progress::Complete => ("complete", None),
        Progress::Quiet => ("quiet", None),
        Progress::Stopped(nth) => ("stopped", Some(nth)),
    };
    let note = boot.note().filter(|_| stopped_at.is_some());
    let text = |lang| told(progress, &steps, note, lang);
    let began = clock.checked_sub(now.saturating_duration_since(boot.began()));
    let requests = steps.iter().map(|step| {
        json!({
            "file": visible_bytes(step.name),
            "role": step.role.id(),
            "firmware": step.firmware.name(),
            "protocol": step.protocol.id(),
            "direction": match step.direction {
                Direction::Read => "read",
                Direction::Write => "write",
            },
            "outcome": step.outcome.id(),
            "bytes": step.bytes,
            "at": step.at.as_secs_f64(),
            "seconds": step.took.as_secs_f64(),
        })
    });
    json!({
        "address": ip.to_string(),
        "mac": machine.mac().map(|mac| mac.to_string()),
        "firmware": firmware,
        "boots": machine.boots(),
        "began": began.map(log::at),
        "heard_seconds_ago": now.saturating_duration_since(boot.heard()).as_secs_f64(),
        "state": state,
        "stopped_at": stopped_at,
        "reason": note.map(|it| it.reason),
        "text": { "en": text(Lang::En), "zh": text(Lang::Zh) },
        "left_out": boot.left_out(),
        "requests": requests.collect::<Vec<_>>(),
    })
}

/// How far a boot has come, in a sentence.
fn told(progress: Progress, steps: &[Step<'_>], note: Option<&Note>, lang: Lang) -> String {
    let name = |step: &Step<'_>| visible_bytes(step.name);
    let last = steps.last().map(name).unwrap_or_default();
    let file = &last;
    match progress {
        Progress::GoesOn => {
            let runs = |step: &&Step<'_>| step.outcome == Outcome::Running;
            match steps.iter().rev().find(runs).map(name) {
                Some(file) => Words::Loading { file: &file }.render(lang),
                None => Words::GoesOn { file }.render(lang),
            }
        }
        Progress::Complete => {
            let is_complete = |step: &&Step<'_>| step.outcome == Outcome::Complete;
            let arrived = steps.iter().rev().find(is_complete).map(name);
            let file = &arrived.unwrap_or(last);
            Words::Complete { file }.render(lang)
        }
        Progress::Quiet => Words::Quiet { file }.render(lang),
        Progress::Stopped(nth) => {
            let file = &steps.get(nth).map(name).unwrap_or_default();
            let why = &match (note, steps.get(nth)) {
                (Some(note), _) => match lang {
                    Lang::En => note.en.to_string(),
                    Lang::Zh => note.zh.to_string(),
                },
                (None, Some(step)) => outcome_words(step.outcome, lang),
                (None, None) => String::new(),
            };
            Words::Stopped { file, why }.render(lang)
        }
    }
}

/// How a request ended, in a word or two.
pub fn outcome_words(outcome: Outcome, lang: Lang) -> String {
    match outcome {
        Outcome::Running => Words::Running {},
        Outcome::Complete => Words::Arrived {},
        Outcome::SizeProbe => Words::SizeProbe {},
        Outcome::Closed => Words::Closed {},
        Outcome::Repeated => Words::Repeated {},
        Outcome::ServerStopped => Words::ServerStopped {},
        Outcome::Missing => Words::Missing {},
        Outcome::Refused => Words::Refused {},
        Outcome::ServerFault => Words::ServerFault {},
        Outcome::Aborted => Words::Aborted {},
        Outcome::Silent => Words::Silent {},
        Outcome::Unanswered => Words::Unanswered {},
        Outcome::Broken => Words::Broken {},
        Outcome::Untold => Words::Untold {},
    }
    .render(lang)
}

/// What a file is to a boot; nothing where no name says it.
pub fn role_words(role: Role, lang: Lang) -> String {
    match role {
        Role::Loader => Words::RoleLoader {},
        Role::Config => Words::RoleConfig {},
        Role::Kernel => Words::RoleKernel {},
        Role::Initrd => Words::RoleInitrd {},
        Role::Other => return String::new(),
    }
    .render(lang)
}

fn page_words(lang: Lang) -> Value {
    let say = |message: &dyn Message| message.render(lang);
    let roles = ROLES.map(|role| (role.id().to_owned(), role_words(role, lang).into()));
    let outcomes = OUTCOMES.map(|it| (it.id().to_owned(), outcome_words(it, lang).into()));
    json!({
        "title": say(&Words::Title {}),
        "head": [
            say(&Words::HeadMachine {}),
            say(&Words::HeadFirmware {}),
            say(&Words::HeadRequests {}),
            say(&Words::HeadState {}),
        ],
        "boots": say(&Words::Boots {}),
        "ago": say(&Words::Ago {}),
        "note": say(&Words::Note {}),
        "shown": say(&Words::PageShown { shown: &"{shown}", total: &"{total}" }),
        "gone": say(&Words::Gone {}),
        "roles": Value::Object(roles.into_iter().collect()),
        "outcomes": Value::Object(outcomes.into_iter().collect()),
    })
}

/// Of everything that a page may have to name.
pub const ROLES: [Role; 5] = [
    Role::Loader,
    Role::Config,
    Role::Kernel,
    Role::Initrd,
    Role::Other,
];
/// The same.
pub const OUTCOMES: [Outcome; 14] = [
    Outcome::Running,
    Outcome::Complete,
    Outcome::SizeProbe,
    Outcome::Closed,
    Outcome::Repeated,
    Outcome::ServerStopped,
    Outcome::Missing,
    Outcome::Refused,
    Outcome::ServerFault,
    Outcome::Aborted,
    Outcome::Silent,
    Outcome::Unanswered,
    Outcome::Broken,
    Outcome::Untold,
];

/// A thousand connections: a hall of machines that all get their images at once; each takes two descriptors.
const LIMITS: Limits = Limits {
    most: 1024,
    most_of_one: 64,
    head: Duration::from_secs(10),
    stall: Duration::from_secs(30),
};
/// Bytes of a file that takes a machine seconds by TFTP, and HTTP far less: kernels and images, not loaders.
const LARGE: u64 = 16 << 20;
/// Machines that are remembered to have been advised.
const MOST_ADVISED: usize = 10_000;
/// Where the kernel tells this machine's name (proc_sys_kernel(5)).
const HOST_NAME: &str = "/proc/sys/kernel/hostname";
/// Where `lineman tftp machines` looks: 69 and 80.
const PORT: u16 = 6980;
/// How long after a link-layer address was not found another is looked for.
const AGAIN: Duration = Duration::from_millis(100);
