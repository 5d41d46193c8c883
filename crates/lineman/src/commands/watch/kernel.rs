//! What the kernel says of the connections of this machine that are watched. It is asked when a connection has been
//! quiet for a moment: while packets fly, it may be further than the last one that was read.

use std::collections::HashMap;
use std::collections::HashSet;
use std::net::IpAddr;
use std::time::Duration;

use lineman_lab::OwnConnections;
use lineman_net::capture::devices;
use lineman_proto::wire::flow::EndState;
use lineman_proto::wire::flow::Source;
use lineman_trace::capture::Conversation;
use lineman_trace::capture::Kind;
use lineman_trace::capture::Summary;
use lineman_trace::log::Endpoints;
use lineman_trace::log::Host;
use lineman_trace::log::TcpState;
use lineman_trace::story::Ends;
use tokio::time::Instant;

/// For how long a connection has to be quiet.
const QUIET: Duration = Duration::from_millis(300);
/// Of how many connections the kernel is asked at most.
const MOST: usize = 1024;

/// Asks the kernel for the states of connections, and knows for which.
pub struct Kernel {
    connections: Option<OwnConnections>,
    local: HashSet<IpAddr>,
    watched: HashMap<u64, Watched>,
}

struct Watched {
    ends: Ends<std::net::SocketAddr>,
    deduced: Ends<Option<TcpState>>,
    /// What was said last.
    told: Ends<Option<TcpState>>,
    /// When its last packet was read, until the kernel was asked.
    since: Option<Instant>,
}

/// What the kernel says of a connection, where that is news.
pub struct Told {
    pub conversation: u64,
    /// The states; none of an end that is not on this machine.
    pub states: Ends<Option<TcpState>>,
}

/// Puts what the kernel says in the place of what packets tell.
pub fn replace(conversation: &mut Conversation, states: Ends<Option<TcpState>>) {
    for host in [Host::Client, Host::Server] {
        if let Some(state) = states[host] {
            let source = Source::Kernel;
            conversation.states[host] = Some(EndState { state, source });
        }
    }
}

impl Kernel {
    /// Asks for the connections of this machine, if the kernel answers at all.
    pub fn new() -> Self {
        let local = devices().into_iter().flat_map(|device| device.addresses);
        Self {
            connections: OwnConnections::open().ok(),
            local: local.collect(),
            watched: HashMap::new(),
        }
    }

    /// A packet of a conversation was read.
    pub fn seen(&mut self, conversation: &Conversation) {
        let number = conversation.number;
        let is_ours = |host: Host| self.is_local(conversation.ends[host].ip());
        let ours = is_ours(Host::Client) || is_ours(Host::Server);
        if conversation.kind != Kind::Tcp || self.connections.is_none() || !ours {
            return;
        }
        if self.watched.len() >= MOST && !self.watched.contains_key(&number) {
            return;
        }
        let deduced = |host: Host| conversation.states[host].map(|end| end.state);
        let deduced = Ends {
            client: deduced(Host::Client),
            server: deduced(Host::Server),
        };
        let watched = self.watched.entry(number).or_insert_with(|| Watched {
            ends: conversation.ends,
            deduced,
            told: Ends::default(),
            since: None,
        });
        watched.deduced = deduced;
        watched.since = Some(Instant::now());
    }

    /// When the next connection will have been quiet long enough.
    pub fn due(&self) -> Option<Instant> {
        let all = self.watched.values().filter_map(|watched| watched.since);
        all.min().map(|since| since + QUIET)
    }

    /// Asks for those that are quiet. What packets tell already is no news.
    pub fn ask(&mut self) -> Vec<Told> {
        let now = Instant::now();
        let is_quiet = |watched: &Watched| watched.since.is_some_and(|since| since + QUIET <= now);
        let quiet = self.watched.iter().filter(|(_, watched)| is_quiet(watched));
        let mut quiet: Vec<u64> = quiet.map(|(number, _)| *number).collect();
        quiet.sort_unstable();
        quiet
            .into_iter()
            .filter_map(|number| self.news(number))
            .collect()
    }

    fn news(&mut self, number: u64) -> Option<Told> {
        let ends = self.watched.get(&number)?.ends;
        let states = self.states(ends);
        let watched = self.watched.get_mut(&number)?;
        watched.since = None;
        let differs = |host: Host| states[host].is_some() && states[host] != watched.deduced[host];
        let is_news = differs(Host::Client) || differs(Host::Server);
        let again = watched.told == states;
        if !is_news || again {
            return None;
        }
        watched.told = states;
        Some(Told {
            conversation: number,
            states,
        })
    }

    /// Puts what the kernel says now in the place of what packets tell, for all that are still there.
    pub fn tell(&mut self, summary: &mut Summary) {
        for known in &mut summary.conversations {
            if known.kind != Kind::Tcp || self.connections.is_none() {
                continue;
            }
            replace(known, self.states(known.ends));
        }
    }

    fn states(&mut self, ends: Ends<std::net::SocketAddr>) -> Ends<Option<TcpState>> {
        let mut of = |host: Host| {
            let (local, remote) = (ends[host], Some(ends[host.other()]));
            if !self.local.contains(&local.ip()) && !local.ip().is_loopback() {
                return None;
            }
            self.connections
                .as_mut()?
                .state(&Endpoints { local, remote })
        };
        Ends {
            client: of(Host::Client),
            server: of(Host::Server),
        }
    }

    fn is_local(&self, address: IpAddr) -> bool {
        address.is_loopback() || self.local.contains(&address)
    }
}
