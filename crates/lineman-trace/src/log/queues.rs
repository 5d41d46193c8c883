//! What is in a connection's queues, of which a kernel counts the numbers.

use serde::Serialize;

use super::Origin;
use super::Queues;
use super::TcpState;

/// What is in the queues of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Queued {
    /// Bytes that were received and not read.
    pub unread: u32,
    /// What is read behind them.
    pub unread_flag: Option<Numbered>,
    /// Bytes that were written and not acknowledged.
    pub unsent: u32,
    /// What is not acknowledged either.
    pub unsent_flag: Option<Numbered>,
}

/// A flag that has a sequence number of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Numbered {
    /// The first of a direction.
    Syn,
    /// The last.
    Fin,
}

impl Numbered {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Syn => "SYN",
            Self::Fin => "FIN",
        }
    }
}

impl Queues {
    /// What that is in bytes, of a socket in this state: a SYN and a FIN have a number each, and a kernel counts numbers. Of a
    /// listener, whose queues are those of connections, it is the same.
    #[must_use]
    pub fn queued(self, state: TcpState, origin: Origin) -> Queued {
        use Numbered::{Fin, Syn};
        use TcpState::{CloseWait, Closing, FinWait1, LastAck, SynReceived, SynSent};
        let counted = |count: u32, flag: Option<Numbered>| {
            let flag = flag.filter(|_| count > 0 && origin == Origin::Kernel);
            (count - u32::from(flag.is_some()), flag)
        };
        let has_come = match state {
            CloseWait | Closing | LastAck => Some(Fin),
            _ => None,
        };
        let has_left = match state {
            SynSent | SynReceived => Some(Syn),
            FinWait1 | Closing | LastAck => Some(Fin),
            _ => None,
        };
        let (unread, unread_flag) = counted(self.unread, has_come);
        let (unsent, unsent_flag) = counted(self.unsent, has_left);
        Queued {
            unread,
            unread_flag,
            unsent,
            unsent_flag,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "Unread 1" stood where only a FIN lay, and "not acknowledged 1" of a SYN.
    #[test]
    fn a_fin_and_a_syn_were_counted_as_bytes() {
        use TcpState::{CloseWait, Closing, Established, FinWait1, LastAck, Listen, SynSent};
        let (syn, fin) = (Some(Numbered::Syn), Some(Numbered::Fin));
        for (state, queues, unread, unsent) in [
            (SynSent, (0, 1), (0, None), (0, syn)),
            (Established, (5, 7), (5, None), (7, None)),
            (CloseWait, (1, 7), (0, fin), (7, None)),
            (CloseWait, (0, 0), (0, None), (0, None)),
            (FinWait1, (3, 4), (3, None), (3, fin)),
            (Closing, (3, 1), (2, fin), (0, fin)),
            (LastAck, (0, 1), (0, None), (0, fin)),
            (Listen, (1, 8), (1, None), (8, None)),
        ] {
            let queues = Queues {
                unread: queues.0,
                unsent: queues.1,
            };
            let it = queues.queued(state, Origin::Kernel);
            let found = ((it.unread, it.unread_flag), (it.unsent, it.unsent_flag));
            assert_eq!(found, (unread, unsent), "{state:?}");
            // A simulated TCP counts bytes.
            let it = queues.queued(state, Origin::Simulated);
            let found = (it.unread, it.unsent, it.unread_flag.or(it.unsent_flag));
            assert_eq!(found, (queues.unread, queues.unsent, None));
        }
    }
}
