//! What `lineman tftp serve` needs of the system is taken first; then every right that it needs no
//! more is given up, and only then do strangers' packets get a thread that reads them.

use std::collections::HashMap;
use std::io;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use lineman_net::Account;
use lineman_net::AccountError;
use lineman_net::Confinement;
use lineman_net::Elsewhere;
use lineman_net::Needs;
use lineman_net::Notifier;
use lineman_net::Operation;
use lineman_net::SystemError;
use lineman_net::tftp::Directory;
use lineman_net::tftp::Ports;
use lineman_net::tftp::Routing;
use lineman_net::tftp::Store;
use lineman_net::tftp::WritePolicy;
use lineman_objects::Location;
use lineman_proto::tftp::PORT;

use super::collected::OfStore;
use super::eyes;
use super::proxydhcp;
use super::route;
use super::store;
use crate::args::tftp::Serve;
use crate::args::tftp::Write;
use crate::commands::capture::Prepared;
use crate::commands::capture::Traffic;
use crate::console::Console;
use crate::failure::Failure;
use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::tftp::Tftp;
use crate::runtime;

/// What a server starts with.
pub struct Launch {
    /// The addresses.
    pub ports: Ports,
    /// What proxy DHCP needs, if that was asked for.
    pub proxydhcp: Option<proxydhcp::Taken>,
    /// Where it is looked at by HTTP, if that was asked for.
    pub http: Option<eyes::Taken>,
    /// What is served.
    pub store: Arc<dyn Store>,
    /// What can be counted of stores behind a network.
    pub counts: Vec<OfStore>,
    /// Which file a request gets.
    pub routing: Arc<Routing>,
    /// Where else files come from, as rules name it.
    pub sources: Vec<Arc<str>>,
    /// Ports of TCP that it may connect to, for its store and for controllers.
    pub store_ports: Vec<u16>,
    /// What is recorded, if that was asked for.
    pub recording: Option<Prepared>,
    /// What the kernel holds this process to; `None` under `--no-confine`.
    pub confinement: Option<Confinement>,
    /// The supervisor that is told when the server is ready, and when it ends.
    pub supervisor: Option<Notifier>,
    /// How many threads the machine is good for: a confined process cannot find out.
    pub workers: usize,
}

/// What is to be served.
enum Root {
    Directory(Directory),
    Store(Location),
}

impl Root {
    /// What a route calls its source.
    fn of(source: &str, args: &Serve, lang: Lang) -> Result<Self, Failure> {
        if Location::is_address(source) {
            return store::parse(source, lang).map(Self::Store);
        }
        let path = Path::new(source);
        Directory::open(path, WritePolicy::Refuse, 0, args.ignore_case)
            .map(Self::Directory)
            .map_err(|error| Failure::system(&error, lang))
    }
}

/// What was found when stores were opened.
struct Opened {
    /// Ports of TCP that they are at.
    ports: Vec<u16>,
    /// What can be counted of those that are behind a network.
    counts: Vec<OfStore>,
}

impl Opened {
    /// Its cache is made by the user that it is served as.
    fn open(
        &mut self,
        root: Root,
        args: &Serve,
        source: Option<&str>,
        console: Console,
    ) -> Result<Arc<dyn Store>, Failure> {
        let location = match root {
            Root::Directory(directory) => return Ok(Arc::new(directory)),
            Root::Store(location) => location,
        };
        let objects = store::open(args, location, source, console)?;
        self.ports.extend_from_slice(objects.ports());
        self.ports.sort_unstable();
        self.ports.dedup();
        self.counts.push(OfStore {
            address: source.map_or_else(|| args.root.display().to_string(), str::to_owned),
            counts: objects.counts(),
            limit: args.cache_size,
        });
        Ok(Arc::new(objects))
    }
}

/// Takes what is needed, gives up what is not: bind, open the root, drop privileges, confine. No
/// other thread may run yet, because confinement is inherited by threads that start later.
///
/// # Errors
/// At the first step that fails; the process must not serve then.
pub fn prepare(args: &Serve, console: Console) -> Result<Launch, Failure> {
    let lang = console.lang;
    let system = |error: SystemError| Failure::system(&error, lang);
    let mut inherited = Ports::inherited().map_err(system)?; // first: nothing else is open yet
    let workers = runtime::workers();
    let account = account(args, lang)?;
    let location = store::location(args, lang)?;
    let supervisor = supervisor(console);

    let has_directory = location.is_none();
    let proxydhcp = proxydhcp::take(args, has_directory, inherited.as_mut(), console)?;
    let ports = match inherited.filter(|ports| !ports.numbers().is_empty()) {
        Some(ports) => {
            if !args.listen.is_empty() {
                console.warn(&Tftp::ListenIgnored {});
            }
            ports
        }
        None => bind(args, console)?,
    };
    let http = eyes::take(args, console)?;
    let rules = route::prepare(&args.routing, lang)?;
    let root = match location {
        None => Root::Directory(open_root(args, lang)?),
        Some(location) => Root::Store(location),
    };
    let others = rules.sources().into_iter();
    let others = others.map(|source| Ok((Root::of(&source, args, lang)?, source)));
    let others = others.collect::<Result<Vec<_>, Failure>>()?;
    let traffic = || Traffic::tftp(ports.numbers());
    let recording = Prepared::open(&args.recorded, traffic, console)?;
    if let Some(account) = &account {
        account.assume().map_err(system)?;
    }
    let mut opened = Opened {
        ports: rules.elsewhere().ports,
        counts: Vec::new(),
    };
    let store = opened.open(root, args, None, console)?;
    let is_behind_network = !opened.counts.is_empty();
    let mut sources = HashMap::new();
    for (root, source) in others {
        let store = opened.open(root, args, Some(&source), console)?;
        sources.insert(source, store);
    }
    if account.is_some() || is_behind_network {
        store.check().map_err(on_root(args)).map_err(system)?;
    }
    for (source, store) in &sources {
        let on = SystemError::new(Operation::Open, source);
        store.check().map_err(on).map_err(system)?;
    }
    let mut source_names: Vec<_> = sources.keys().cloned().collect();
    source_names.sort_unstable();
    let all = sources.values().chain([&store]);
    let confinement = confine(args, all, &rules.elsewhere()).map_err(system)?;

    Ok(Launch {
        ports,
        proxydhcp,
        http,
        store,
        counts: opened.counts,
        routing: Arc::new(rules.with(sources)),
        sources: source_names,
        store_ports: opened.ports,
        recording,
        confinement,
        supervisor,
        workers,
    })
}

fn account(args: &Serve, lang: Lang) -> Result<Option<Account>, Failure> {
    let find = |text: &String| Account::find(text).map_err(|error| unknown(&error, lang));
    args.user.as_ref().map(find).transpose()
}

fn unknown(error: &AccountError, lang: Lang) -> Failure {
    let why = match error {
        AccountError::UnknownUser(user) => Tftp::UnknownUser { user },
        AccountError::UnknownGroup(group) => Tftp::UnknownGroup { group },
        AccountError::NoGroup(user) => return Failure::usage(&Tftp::UserNoGroup { user }, lang),
        AccountError::Root(user) => return Failure::usage(&Tftp::UserIsRoot { user }, lang),
        AccountError::System(error) => return Failure::system(error, lang),
        other => return Failure::internal(other, lang),
    };
    Failure::usage(&why, lang)
}

/// A supervisor that cannot be reached is no reason not to serve.
fn supervisor(console: Console) -> Option<Notifier> {
    Notifier::from_environment().unwrap_or_else(|error| {
        let error = &Failure::system(&error, console.lang).text;
        console.warn(&Tftp::NoSupervisor { error });
        None
    })
}

fn bind(args: &Serve, console: Console) -> Result<Ports, Failure> {
    let system = |error: SystemError| Failure::system(&error, console.lang);
    let explicit = addresses(&args.listen, console)?;
    if !explicit.is_empty() {
        return Ports::bind(&explicit).map_err(system);
    }
    match Ports::bind(&[any(PORT)]) {
        Err(error) if error.source.kind() == io::ErrorKind::PermissionDenied => {
            let ports = Ports::bind(&[any(UNPRIVILEGED_PORT)]).map_err(system)?;
            console.note(&Tftp::LowPortRefused {});
            Ok(ports)
        }
        other => other.map_err(system),
    }
}

/// All addresses of both families; of the one there is where IPv6 is off.
fn any(port: u16) -> SocketAddr {
    match std::net::UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0)) {
        Ok(_) => (Ipv6Addr::UNSPECIFIED, port).into(),
        Err(_) => (Ipv4Addr::UNSPECIFIED, port).into(),
    }
}

fn addresses(listen: &[String], console: Console) -> Result<Vec<SocketAddr>, Failure> {
    let mut all = Vec::new();
    for text in listen {
        let typed = runtime::host_port(text, console)?;
        let port = typed.port.unwrap_or(PORT);
        match typed.host {
            None => all.push(any(port)),
            Some(host) => all.extend(runtime::resolve_blocking(&host, port, console.lang)?),
        }
    }
    Ok(all)
}

fn open_root(args: &Serve, lang: Lang) -> Result<Directory, Failure> {
    let policy = match args.write {
        None => WritePolicy::Refuse,
        Some(Write::Create) => WritePolicy::Create,
        Some(Write::Overwrite) => WritePolicy::Overwrite,
    };
    let store = Directory::open(&args.root, policy, args.max_upload, args.ignore_case)
        .map_err(|error| root_failure(&error, args, lang))?
        .with_upload_memory(args.upload_memory);
    Ok(match args.upload_quota {
        Some(quota) => store.with_upload_quota(quota),
        None => store,
    })
}

fn root_failure(error: &SystemError, args: &Serve, lang: Lang) -> Failure {
    let mut failure = Failure::system(error, lang);
    if error.source.kind() == io::ErrorKind::NotFound {
        failure.text = Tftp::RootHint {
            error: &failure.text,
            root: &args.root.display(),
        }
        .render(lang);
    }
    failure
}

/// The new user may be one to whom the root is closed; every request would fail.
fn on_root(args: &Serve) -> impl FnOnce(io::Error) -> SystemError {
    let user = args.user.as_deref().unwrap_or_default();
    SystemError::new(Operation::Open, format!("{} ({user})", args.root.display()))
}

fn confine<'a>(
    args: &Serve,
    stores: impl Iterator<Item = &'a Arc<dyn Store>>,
    elsewhere: &Elsewhere,
) -> Result<Option<Confinement>, SystemError> {
    if args.no_confine {
        return Ok(None);
    }
    let confined = || {
        let mut needs = Needs::default().elsewhere(elsewhere);
        for store in stores {
            needs = needs.and(store.needs()?);
        }
        needs.confine().map(Some)
    };
    confined().map_err(SystemError::new(Operation::Confine, args.root.display()))
}

const UNPRIVILEGED_PORT: u16 = 6969;
