//! Proxy DHCP beside the server: its start, and its lines in the log.

use std::io::ErrorKind;
use std::net::IpAddr;
use std::net::SocketAddr;

use lineman_net::SystemError;
use lineman_net::proxydhcp::LoaderRoot;
use lineman_net::proxydhcp::Proxy;
use lineman_net::proxydhcp::ProxyConfig;
use lineman_net::proxydhcp::ProxyEvent;
use lineman_net::proxydhcp::ProxyPorts;
use lineman_net::tftp::Ports;
use lineman_proto::dhcp::Arch;
use lineman_proto::dhcp::Class;
use lineman_proto::dhcp::Client;
use lineman_proto::dhcp::LoaderKey;
use lineman_proto::dhcp::Loaders;
use lineman_proto::dhcp::Refused;
use lineman_proto::dhcp::Service;
use lineman_proto::tftp::PORT;
use serde_json::Value;
use serde_json::json;
use tokio::sync::mpsc;

use super::guard;
use crate::args::tftp::Serve;
use crate::console::Console;
use crate::failure::Failure;
use crate::failure::system_text;
use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::proxydhcp::ProxyDhcp as Words;
use crate::log::Level;

/// What has to be taken before privileges are given up.
pub struct Taken {
    ports: ProxyPorts,
    root: Option<LoaderRoot>,
}

/// Takes the ports, if a proxy was asked for. The usual loaders are looked for in a directory only: a store elsewhere
/// would be asked for each of them, for each machine.
///
/// # Errors
/// When the system refuses one of them.
pub fn take(
    args: &Serve,
    has_directory: bool,
    inherited: Option<&mut Ports>,
    console: Console,
) -> Result<Option<Taken>, Failure> {
    if !args.proxydhcp.proxydhcp {
        return Ok(None);
    }
    let ports = ProxyPorts::bind(inherited).map_err(|error| refused(&error, console.lang))?;
    let root = has_directory.then(|| LoaderRoot::open(&args.root));
    let root = root
        .transpose()
        .map_err(|error| Failure::system(&error, console.lang))?;
    Ok(Some(Taken { ports, root }))
}

fn refused(error: &SystemError, lang: Lang) -> Failure {
    let failure = Failure::system(error, lang);
    if error.source.kind() != ErrorKind::AddrInUse {
        return failure;
    }
    let error = &failure.text;
    Failure::new(failure.exit, &Words::PortInUse { error }, lang)
}

/// A proxy that runs, or none.
pub struct Running(Option<(Proxy, mpsc::Receiver<ProxyEvent>)>);

/// Starts it, once it is known where TFTP is served.
///
/// # Errors
/// When TFTP is served at no IPv4 address, or the system refuses a thread.
pub fn start(
    args: &Serve,
    taken: Option<Taken>,
    tftp: &[SocketAddr],
    console: Console,
) -> Result<Running, Failure> {
    let Some(Taken { ports, root }) = taken else {
        return Ok(Running(None));
    };
    let serves_ipv4 = |address: &&SocketAddr| address.is_ipv4() || address.ip().is_unspecified();
    let reachable: Vec<&SocketAddr> = tftp.iter().filter(serves_ipv4).collect();
    if reachable.is_empty() {
        return Err(Failure::usage(&Words::NoIpv4 {}, console.lang));
    }
    if reachable.iter().all(|address| address.port() != PORT) {
        let mut ports: Vec<String> = reachable.iter().map(|it| it.port().to_string()).collect();
        ports.dedup();
        console.warn(&Words::OtherPort {
            ports: &ports.join(", "),
        });
    }
    let config = ProxyConfig {
        loaders: Loaders::new(args.proxydhcp.proxydhcp_loader.clone()),
        allow: guard::allowed(&args.allow),
        root,
        tftp: reachable.into_iter().map(SocketAddr::ip).collect(),
    };
    let started = Proxy::start(ports, config);
    let started = started.map_err(|error| Failure::system(&error, console.lang))?;
    console.note(&Words::Listening {});
    Ok(Running(Some(started)))
}

impl Running {
    /// Writes the log until the proxy fails; without one, for ever.
    pub async fn tell_all(&mut self, console: Console) -> SystemError {
        while let Some((_, events)) = &mut self.0 {
            match events.recv().await {
                Some(ProxyEvent::Failed(error)) => return error,
                Some(event) => tell(&event, console),
                None => break,
            }
        }
        std::future::pending().await
    }

    /// Writes what is left, and the sum.
    pub fn finish(mut self, console: Console) {
        let Some((proxy, events)) = &mut self.0 else {
            return;
        };
        while let Ok(event) = events.try_recv() {
            tell(&event, console);
        }
        let (counts, untold) = (proxy.counts(), proxy.untold());
        let ended = Words::Ended {
            answered: &counts.answered,
            refused: &counts.refused,
            untold: &untold,
        };
        let fields = json!({
            "answered": counts.answered,
            "refused": counts.refused,
            "ignored": counts.ignored,
            "untold": untold,
        });
        let sentence = ended.render(console.lang);
        console.record(Level::Info, "proxydhcp-ended", &sentence, fields);
    }
}

fn tell(event: &ProxyEvent, console: Console) {
    let lang = console.lang;
    let (client, level, sentence, told) = match event {
        ProxyEvent::Told {
            client,
            file,
            server,
            service,
        } => {
            let port = match service {
                Service::Dhcp => "dhcp",
                Service::BootServer => "boot-server",
            };
            (
                client,
                Level::Info,
                of_told(client, file, *server, lang),
                json!({ "told": file, "server": server.to_string(), "asked": port }),
            )
        }
        ProxyEvent::Refused { client, why } => {
            let (id, why) = reason(*why, lang);
            let sentence = of_not_told(client, &why, lang);
            let fields = json!({ "told": null, "reason": id });
            (client, Level::Warning, sentence, fields)
        }
        ProxyEvent::Unsent { client, error } => {
            let why = &system_text(error, lang);
            (
                client,
                Level::Error,
                of_not_told(client, &Words::Unsent { why }.render(lang), lang),
                json!({ "told": null, "reason": "unsent", "system": error.to_string() }),
            )
        }
        _ => return,
    };
    let mut fields = json!({
        "mac": client.hardware.to_string(),
        "uuid": client.machine_id.map(|id| id.to_string()),
        "architectures": client.architectures.iter().map(|arch| arch.0).collect::<Vec<_>>(),
        "class": client.class.name(),
        "ipxe": client.is_ipxe,
    });
    if let (Value::Object(fields), Value::Object(told)) = (&mut fields, told) {
        fields.extend(told);
    }
    console.record(level, "proxydhcp", &sentence, fields);
}

fn of_told(client: &Client, file: &str, server: IpAddr, lang: Lang) -> String {
    let machine = &machine(client, lang);
    let arch = &arch(client, lang);
    let is_url = client.class == Class::Http || file.contains("://");
    if is_url {
        let url = &file;
        return Words::ToldUrl { machine, arch, url }.render(lang);
    }
    let (file, server) = (&file, &server);
    Words::Told {
        machine,
        arch,
        file,
        server,
    }
    .render(lang)
}

fn of_not_told(client: &Client, why: &str, lang: Lang) -> String {
    let machine = &machine(client, lang);
    let arch = &arch(client, lang);
    let why = &why;
    Words::NotTold { machine, arch, why }.render(lang)
}

fn machine(client: &Client, lang: Lang) -> String {
    let address = &client.hardware;
    match &client.machine_id {
        Some(uuid) => Words::Machine { address, uuid }.render(lang),
        None => address.to_string(),
    }
}

/// All that it lists, and whether it is iPXE that runs there.
fn arch(client: &Client, lang: Lang) -> String {
    let names: Vec<String> = client.architectures.iter().map(Arch::to_string).collect();
    let arch = match names.is_empty() {
        true => Words::UnknownArch {}.render(lang),
        false => names.join("/"),
    };
    match client.is_ipxe {
        true => Words::Ipxe { arch: &arch }.render(lang),
        false => arch,
    }
}

/// Its name for programs, and its words.
fn reason(why: Refused, lang: Lang) -> (&'static str, String) {
    let looked = |key| Loaders::usual(key).join(", ");
    let (id, words) = match why {
        Refused::NoArchitecture => ("no-architecture", Words::NoArchitecture {}.render(lang)),
        Refused::NoLoader(arch) => {
            let looked = &looked(LoaderKey::Arch(arch));
            let arch = &arch;
            let words = match looked.is_empty() {
                true => Words::NoLoaderSet { arch }.render(lang),
                false => Words::NoLoader { arch, looked }.render(lang),
            };
            ("no-loader", words)
        }
        Refused::NoScript => {
            let looked = &looked(LoaderKey::Ipxe);
            ("no-script", Words::NoScript { looked }.render(lang))
        }
        Refused::NotAllowed => ("not-allowed", Words::NotAllowed {}.render(lang)),
        Refused::UnsoundRelay => ("unsound-relay", Words::UnsoundRelay {}.render(lang)),
        Refused::TooFast => ("too-fast", Words::TooFast {}.render(lang)),
        Refused::Amplifies => ("amplifies", Words::Amplifies {}.render(lang)),
        _ => ("other", String::new()),
    };
    (id, words)
}
