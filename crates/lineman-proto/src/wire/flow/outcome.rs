//! How a connection has begun and ended, as far as its packets tell.

use super::TcpFlow;
use super::Way;

/// How a connection has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// Its first packets were not seen.
    Unseen,
    /// A SYN, and no answer.
    Unanswered,
    /// A SYN, and a RST for an answer.
    Refused,
    /// A SYN and a SYN-ACK, which was not acknowledged.
    Unfinished,
    /// SYN, SYN-ACK, ACK.
    Handshake,
    /// Both ends have sent a SYN before they had the other's (RFC 9293 §3.5, figure 8).
    Crossed,
}

/// How a connection has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It has not.
    Open,
    /// The sender of this direction has finished, the other not.
    Half(Way),
    /// Both have finished, but not both FINs are acknowledged.
    Unacknowledged,
    /// Both have finished, and both FINs are acknowledged.
    Finished,
    /// The sender of this direction has reset it.
    Reset(Way),
}

impl TcpFlow {
    /// How it has begun.
    pub fn opening(&self) -> Opening {
        let (client, server) = (self.side(Way::Forth), self.side(Way::Back));
        match (client.syn, server.syn) {
            (None, None) | (None, Some(_)) => Opening::Unseen,
            (Some(_), Some(_)) if self.has_crossed() => Opening::Crossed,
            (Some(_), Some(_)) if client.shook => Opening::Handshake,
            (Some(_), Some(_)) => Opening::Unfinished,
            // Its answer was not seen; that there was one, the client's acknowledgment tells.
            (Some(_), None) if server.settled || client.settled => Opening::Unseen,
            (Some(_), None) if self.reset == Some(Way::Back) => Opening::Refused,
            (Some(_), None) => Opening::Unanswered,
        }
    }

    /// How it has ended. A reset that comes when both have finished ends nothing.
    pub fn ending(&self) -> Ending {
        let (client, server) = (self.side(Way::Forth), self.side(Way::Back));
        let acknowledged = |fin: i64, by: Option<i64>| by.is_some_and(|ack| ack > fin);
        let ends = (client.fin, server.fin, self.reset);
        match ends {
            (Some(forth), Some(back), _)
                if acknowledged(forth, server.said.map(|said| said.ack))
                    && acknowledged(back, client.said.map(|said| said.ack)) =>
            {
                Ending::Finished
            }
            (_, _, Some(way)) => Ending::Reset(way),
            (Some(_), Some(_), None) => Ending::Unacknowledged,
            (Some(_), None, None) => Ending::Half(Way::Forth),
            (None, Some(_), None) => Ending::Half(Way::Back),
            (None, None, None) => Ending::Open,
        }
    }
}
