//! Builds the lab out of its parts.

use std::io;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::time::SystemTime;

use lineman_trace::log::Host;
use lineman_trace::log::Kind;
use lineman_trace::log::LinkType;
use lineman_trace::log::Origin;
use lineman_trace::log::Start;
use lineman_trace::log::VERSION;

use crate::Refusal;
use crate::Rung;
use crate::hosts::Actor;
use crate::hosts::SocketTable;
use crate::kernel::Diagnosis;
use crate::kernel::Sampler;
use crate::link;
use crate::namespace;
use crate::namespace::Namespace;
use crate::programs::CallRecorder;
use crate::programs::Tracers;
use crate::recorder::Recorder;
use crate::sys;
use crate::wire;
use crate::wire::Wire;
use lineman_netlink::Netlink;

use super::Options;

/// The parts of the lab that take orders.
pub(super) struct Parts {
    client: Actor,
    server: Actor,
    pub(super) wire: Wire,
    pub(super) sampler: Arc<Mutex<Sampler>>,
    pub(super) call_recorder: CallRecorder,
    namespaces: [Arc<Namespace>; 2],
    tables: [Arc<SocketTable>; 2],
}

impl Parts {
    pub(super) fn namespace(&self, host: Host) -> Arc<Namespace> {
        Arc::clone(of(host, &self.namespaces))
    }

    pub(super) fn table(&self, host: Host) -> &SocketTable {
        of(host, &self.tables).as_ref()
    }

    pub(super) fn actor(&self, host: Host) -> &Actor {
        match host {
            Host::Client => &self.client,
            Host::Server => &self.server,
        }
    }
}

fn of<T>(host: Host, [client, server]: &[T; 2]) -> &T {
    match host {
        Host::Client => client,
        Host::Server => server,
    }
}

/// A host that is on the wire and does nothing yet.
struct Prepared {
    namespace: Arc<Namespace>,
    diagnosis: Diagnosis,
}

/// Builds everything, and tells the log that it has begun. This process has no threads yet, and is
/// already where it may do this.
pub(super) fn build(
    options: &Options,
    recorder: &Recorder,
    tracers: Tracers,
) -> Result<Parts, Refusal> {
    namespace::few_buckets();
    let [client, server] = [(); 2].map(|()| Namespace::make());
    let client = client.map_err(Rung::ChildNamespace.refused())?;
    let server = server.map_err(Rung::ChildNamespace.refused())?;
    cables(&client, &server)?;
    let ports = wire::ports(|host| sys::packet_socket(link::middle(host)))
        .map_err(Rung::PacketSocket.refused())?;
    let client = prepare(Host::Client, client, options)?;
    let server = prepare(Host::Server, server, options)?;
    let mut netlink = Netlink::route().map_err(Rung::Configure.refused())?;
    for host in [Host::Client, Host::Server] {
        link::await_middle(&mut netlink, host).map_err(Rung::Configure.refused())?;
    }
    let start = start(options);
    let utc_ns = start.utc_ns;
    recorder.record(Kind::Start(start));
    let sampler = Sampler::new(recorder.clone(), client.diagnosis, server.diagnosis);
    let sampler = Arc::new(Mutex::new(sampler));
    let wire = Wire::start(
        ports,
        options.delay,
        &options.rules,
        (recorder.clone(), utc_ns),
        Arc::clone(&sampler),
    )
    .map_err(Rung::Resources.refused())?;
    if options.step {
        wire.command(wire::Command::Step);
    }
    let calls = Arc::new(AtomicU64::new(0));
    let tables = [Host::Client, Host::Server].map(|host| {
        let (sampler, calls) = (Arc::clone(&sampler), Arc::clone(&calls));
        Arc::new(SocketTable::new(host, recorder.clone(), sampler, calls))
    });
    let act = |host, namespace| {
        let table = Arc::clone(of(host, &tables));
        Actor::start(host, namespace, table).map_err(Rung::Resources.refused())
    };
    let namespaces = [&client.namespace, &server.namespace].map(Arc::clone);
    let call_recorder = CallRecorder {
        recorder: recorder.clone(),
        sampler: Arc::clone(&sampler),
        calls: Arc::clone(&calls),
        begun: wire::begun(recorder),
        tracers,
    };
    let client = act(Host::Client, client.namespace)?;
    let server = act(Host::Server, server.namespace)?;
    Ok(Parts {
        client,
        server,
        wire,
        sampler,
        call_recorder,
        namespaces,
        tables,
    })
}

/// Lays both cables, and opens their ends in the middle.
fn cables(client: &Namespace, server: &Namespace) -> Result<(), Refusal> {
    use std::os::fd::AsFd as _;
    let mut netlink = Netlink::route().map_err(Rung::Veth.refused())?;
    for (host, namespace) in [(Host::Client, client), (Host::Server, server)] {
        link::lay(&mut netlink, host, namespace.as_fd()).map_err(Rung::Veth.refused())?;
    }
    link::no_offloads_in_the_middle().map_err(Rung::Offload.refused())?;
    for host in [Host::Client, Host::Server] {
        link::open_middle(&mut netlink, host).map_err(Rung::Configure.refused())?;
    }
    Ok(())
}

/// Does in a host's namespace what must be done there.
fn prepare(host: Host, namespace: Namespace, options: &Options) -> Result<Prepared, Refusal> {
    let settings = match host {
        Host::Client => &options.client,
        Host::Server => &options.server,
    };
    let within = |rung: Rung, work: &(dyn Fn() -> io::Result<()> + Sync)| {
        namespace.within(work).map_err(rung.refused())
    };
    within(Rung::Settings, &|| settings.apply())?;
    within(Rung::Offload, &|| link::no_offloads("eth0"))?;
    within(Rung::Configure, &|| {
        link::configure(&mut Netlink::route()?, host, options.resolving)
    })?;
    let diagnosis = namespace
        .within(Diagnosis::open)
        .map_err(Rung::Diagnosis.refused())?;
    Ok(Prepared {
        namespace: Arc::new(namespace),
        diagnosis,
    })
}

/// This kernel, as logs and captures name the system that they are of: `Linux 6.18.1`.
pub fn system() -> String {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("Linux {}", release.trim())
}

fn start(options: &Options) -> Start {
    let utc = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    Start {
        version: VERSION,
        scenario: options.scenario.clone(),
        origin: Origin::Kernel,
        system: system(),
        utc_ns: u64::try_from(utc.as_nanos()).unwrap_or(u64::MAX),
        link: LinkType::ETHERNET,
        hosts: link::hosts(options.family),
        captures: None,
    }
}
