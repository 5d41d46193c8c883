//! Which packets are a command's own: a filter, and a look at those that it cannot tell apart.

use std::net::IpAddr;

use lineman_trace::capture::Conversations;
use lineman_trace::capture::Kind;

use super::Caught;
use crate::args::address::HostPort;

/// The traffic of a command.
pub struct Traffic {
    pub filter: String,
    pub keep: Keep,
}

/// Whether a packet that the filter has accepted is the command's own.
pub type Keep = Box<dyn FnMut(&Caught) -> bool + Send>;

/// What comes back where no program listens: ICMP "destination unreachable".
const REFUSALS: &str = "icmp[icmptype] = icmp-unreach or icmp6[icmp6type] = 1";

impl Traffic {
    /// TCP from or to a port, and a host if an address was typed. `None` for what is no address: the command says so
    /// itself.
    pub fn tcp(typed: &str, port: Option<u16>, usual: u16) -> Option<Self> {
        let (host, port) = ends(typed, port, usual)?;
        let filter = format!("tcp port {port}{}", and_host(&host));
        let keep = Box::new(|_: &Caught| true);
        Some(Self { filter, keep })
    }

    /// The same of UDP, with the ICMP errors about it.
    pub fn udp(typed: &str, port: Option<u16>, usual: u16) -> Option<Self> {
        let (host, port) = ends(typed, port, usual)?;
        let filter = format!("(udp port {port}{}) or {REFUSALS}", and_host(&host));
        let keep = Box::new(move |packet: &Caught| is_about(packet, port));
        Some(Self { filter, keep })
    }

    /// Transfers of TFTP that are asked for at these ports, past them, with the ICMP errors about them.
    pub fn tftp(ports: Vec<u16>) -> Self {
        let mut all = Conversations::default();
        let keep = move |packet: &Caught| {
            all.take(&packet.as_captured());
            let transfer = all.current().filter(|it| it.kind == Kind::Tftp);
            transfer.is_some_and(|it| ports.contains(&it.ends.server.port()))
        };
        Self {
            filter: format!("udp or {REFUSALS}"),
            keep: Box::new(keep),
        }
    }
}

/// Host and port as they were typed; the host only if it is an address that one packet can have.
fn ends(typed: &str, port: Option<u16>, usual: u16) -> Option<(Option<IpAddr>, u16)> {
    let read = HostPort::parse(typed).ok()?;
    let host = read
        .host
        .as_deref()
        .and_then(|host| host.split('%').next()?.parse().ok());
    let host = host.filter(|host: &IpAddr| !host.is_unspecified());
    Some((host, port.or(read.port).unwrap_or(usual)))
}

fn and_host(host: &Option<IpAddr>) -> String {
    host.map_or_else(String::new, |host| format!(" and host {host}"))
}

/// Whether it is a datagram, or an ICMP error about one from or to this port.
fn is_about(packet: &Caught, port: u16) -> bool {
    let Some(icmp) = packet.as_captured().frame().icmp() else {
        return true;
    };
    let ports = icmp.quoted().and_then(|quoted| quoted.ports);
    ports.is_some_and(|(from, to)| from == port || to == port)
}
