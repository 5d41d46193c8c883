//! The first event of a log: where and when it was made, and what is known of the hosts.

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::net::SocketAddr;

use lineman_proto::wire::LinkType;
use serde::Deserialize;
use serde::Serialize;

use super::Host;
use super::Origin;
use super::VERSION;
use super::link_number;

/// Where and when the log was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written")]
pub struct Start {
    /// The form of the log: [`VERSION`]. A log of an older form is read as one of this.
    pub version: u32,
    /// The name of the scenario, if one was played.
    pub scenario: Option<String>,
    /// Whose TCP this is; [`Origin::Inferred`] where only packets were seen, as in a capture.
    pub origin: Origin,
    /// What kind of kernel or stack, in its own words (`Linux 6.18.1`).
    pub system: String,
    /// Nanoseconds since 1970 at `t_ns` 0.
    pub utc_ns: u64,
    /// What the packets begin with, but for those that say something else.
    #[serde(serialize_with = "link_number::serialize")]
    pub link: LinkType,
    /// The hosts that are known: a lab's two, and perhaps none of a capture.
    pub hosts: Vec<Machine>,
    /// The two captures that it was made of, if it was: a packet is sent where it passes the one, and delivered where it
    /// passes the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub captures: Option<Box<TwoCaptures>>,
}

/// Two captures of the same traffic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TwoCaptures {
    /// The name of the one that is nearer to the client, as packets tell.
    pub client: String,
    /// The name of the one that is nearer to the server.
    pub server: String,
    /// By which one's clock the times are.
    pub clock: Host,
    /// How far the other's clock is ahead of that at `t_ns` 0, in nanoseconds.
    pub offset_ns: i64,
    /// How much it gains on it, in parts of 10⁹; 0 where none was found.
    pub drift_ppb: i64,
    /// Half of the least round trip between the two, in nanoseconds: so uncertain is the offset. `None` where all packets go one way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub half_trip_ns: Option<u64>,
    /// The ends of the conversation in both, where they are not the same: something between the two translates addresses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub translated: Option<Translated>,
}

/// The same two ends, as two captures have them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Translated {
    /// The client and the server in the capture that is nearer to the client.
    pub at_client: (SocketAddr, SocketAddr),
    /// The client and the server in the one that is nearer to the server.
    pub at_server: (SocketAddr, SocketAddr),
}

impl Translated {
    /// An end of the capture that is nearer to the server, as the one nearer to the client has it. Of an end that is
    /// no part of it (a server of TFTP answers from another port) the address is.
    pub fn as_client_has(&self, end: SocketAddr) -> SocketAddr {
        let (here, there) = (self.at_client, self.at_server);
        match end {
            _ if end == there.0 => here.0,
            _ if end == there.1 => here.1,
            _ if end.ip() == there.0.ip() => SocketAddr::new(here.0.ip(), end.port()),
            _ if end.ip() == there.1.ip() => SocketAddr::new(here.1.ip(), end.port()),
            _ => end,
        }
    }
}

/// A host of the network. What it is in a conversation, events say by [`Host`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// Its name.
    pub name: String,
    /// What it is in every conversation of the log, if it is always the same: in a lab it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Host>,
    /// Its addresses, the one that it is known by first.
    pub addresses: Vec<IpAddr>,
}

impl Start {
    /// The host that has this role throughout.
    pub fn machine(&self, role: Host) -> Option<&Machine> {
        self.hosts.iter().find(|host| host.role == Some(role))
    }

    /// The address that such a host is known by.
    pub fn address(&self, role: Host) -> Option<IpAddr> {
        self.machine(role)?.addresses.first().copied()
    }
}

/// What stands in a log of any version.
#[derive(Deserialize)]
struct Written {
    version: u32,
    scenario: Option<String>,
    origin: Origin,
    system: String,
    utc_ns: u64,
    /// From version 2 on.
    #[serde(default, with = "link_number::optional")]
    link: Option<LinkType>,
    /// From version 2 on.
    hosts: Option<Vec<Machine>>,
    #[serde(default)]
    captures: Option<Box<TwoCaptures>>,
    /// In version 1.
    client: Option<Addresses>,
    /// In version 1.
    server: Option<Addresses>,
}

/// The addresses of a host in version 1, which knew two hosts on an Ethernet.
#[derive(Deserialize)]
struct Addresses {
    v4: Ipv4Addr,
    v6: Ipv6Addr,
}

impl Addresses {
    fn of(self, role: Host) -> Machine {
        Machine {
            name: role.name().to_owned(),
            role: Some(role),
            addresses: vec![self.v4.into(), self.v6.into()],
        }
    }
}

impl TryFrom<Written> for Start {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let (link, hosts) = match written.version {
            0 | 1 => {
                let client = written.client.ok_or("missing field `client`")?;
                let server = written.server.ok_or("missing field `server`")?;
                let hosts = vec![client.of(Host::Client), server.of(Host::Server)];
                (LinkType::ETHERNET, hosts)
            }
            VERSION => (
                written.link.ok_or("missing field `link`")?,
                written.hosts.ok_or("missing field `hosts`")?,
            ),
            _ => return Err("of a newer version"),
        };
        Ok(Self {
            version: VERSION,
            scenario: written.scenario,
            origin: written.origin,
            system: written.system,
            utc_ns: written.utc_ns,
            link,
            hosts,
            captures: written.captures,
        })
    }
}
