//! Who sees which packets of a lab.

use lineman_proto::wire::flow::Segment;
use lineman_trace::log::Host;

use super::connection::Connections;
use super::draw::Draw;

/// A capture at one of the hosts.
#[derive(Clone, Copy, Debug)]
pub struct Captured {
    /// Where.
    pub at: Host,
    /// Draws with how many packets missing a connection begins; `None` for the whole of it.
    pub late: Option<u64>,
    /// Whether only what this host sends is seen.
    pub one_way: bool,
}

impl Captured {
    pub fn all(seed: u64) -> Vec<(&'static str, Self)> {
        let whole = |at| Self {
            at,
            late: None,
            one_way: false,
        };
        let late = |at| Self {
            late: Some(seed),
            ..whole(at)
        };
        let one_way = |at| Self {
            one_way: true,
            ..whole(at)
        };
        vec![
            ("captured at the client", whole(Host::Client)),
            ("captured at the server", whole(Host::Server)),
            ("captured at the client, begun late", late(Host::Client)),
            ("captured at the server, begun late", late(Host::Server)),
            ("captured at the client, one way", one_way(Host::Client)),
            ("captured at the server, one way", one_way(Host::Server)),
        ]
    }

    /// Whether the capture has this packet of a host, as it is sent or as it is delivered.
    pub fn sees(
        &self,
        from: Host,
        sent: bool,
        segment: &Segment,
        connections: &mut Connections,
    ) -> bool {
        let here = (from == self.at) == sent;
        if !here || self.one_way && from != self.at {
            return false;
        }
        let Some(seed) = self.late else { return true };
        let ports = u64::from(segment.from.port()) * u64::from(segment.to.port());
        let missing = Draw::new(seed ^ ports).below(20);
        connections.count(segment) > missing
    }

    /// About which hosts it has something to say: of a host whose packets are not seen, or not yet, only
    /// what it was when it sent something.
    pub fn about(&self) -> [bool; 2] {
        match (self.one_way, self.at) {
            (false, _) => [true; 2],
            (true, Host::Client) => [true, false],
            (true, Host::Server) => [false, true],
        }
    }
}
