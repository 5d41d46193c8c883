//! All connections of a network or of a capture.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::net::SocketAddr;

use super::Delivered;
use super::Segment;
use super::Sent;
use super::TcpFlow;

/// How many connections are remembered; the one that began longest ago is forgotten first.
const MEMORY: usize = 4096;

/// The connections, each found by its two ends.
#[derive(Debug, Default)]
pub struct TcpFlows {
    by_ends: HashMap<Ends, TcpFlow>,
    oldest: VecDeque<Ends>,
}

/// The lower address first: both directions are one connection.
type Ends = (SocketAddr, SocketAddr);

impl TcpFlows {
    /// Knowing none.
    pub fn new() -> Self {
        Self::default()
    }

    /// The connection that a segment belongs to, if it is known.
    pub fn get(&self, segment: &Segment) -> Option<&TcpFlow> {
        self.by_ends.get(&ends(segment))
    }

    /// A segment was sent; `id` is what later segments will call it that repeat it.
    pub fn sent(&mut self, id: u64, now_ns: u64, segment: &Segment) -> Option<Sent> {
        self.find(segment).sent(id, now_ns, segment)
    }

    /// A segment was delivered, as it arrived.
    pub fn delivered(&mut self, now_ns: u64, segment: &Segment) -> Option<Delivered> {
        self.find(segment).delivered(now_ns, segment)
    }

    /// The connection that a segment belongs to; a new one, if there is none.
    fn find(&mut self, segment: &Segment) -> &mut TcpFlow {
        let ends = ends(segment);
        if !self.by_ends.contains_key(&ends) {
            if self.oldest.len() == MEMORY
                && let Some(oldest) = self.oldest.pop_front()
            {
                self.by_ends.remove(&oldest);
            }
            self.oldest.push_back(ends);
        }
        self.by_ends
            .entry(ends)
            .or_insert_with(|| TcpFlow::new(segment))
    }
}

fn ends(segment: &Segment) -> Ends {
    (segment.from.min(segment.to), segment.from.max(segment.to))
}
