//! What machines boot: of each the requests of its last boot, how long each took, and where it stopped.
//!
//! It is told of transfers as they begin and end, and keeps so much of them that 10,000 machines have room. What a
//! file is to a boot, which program asks, and whether a boot is complete is deduced; what was asked and how it ended is
//! known. What programs do out of habit is never a fault: asking for a length only, looking for nine names of a
//! configuration, closing a file early.

mod boot;
mod firmware;
mod role;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::mem::size_of;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::time::Duration;
use std::time::Instant;

use self::boot::Told;
use super::Direction;
use crate::wire::Mac;

pub use self::boot::Boot;
pub use self::boot::Progress;
pub use self::boot::Step;
pub use self::firmware::Firmware;
pub use self::role::Role;

/// By what a machine asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// TFTP.
    #[default]
    Tftp,
    /// HTTP: later loaders get large files by it.
    Http,
}

impl Protocol {
    /// For programs.
    pub fn id(self) -> &'static str {
        match self {
            Self::Tftp => "tftp",
            Self::Http => "http",
        }
    }
}

/// How a request of a machine ended, or that it has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The transfer runs.
    Running,
    /// The file has arrived.
    Complete,
    /// The client wanted to know the length only.
    SizeProbe,
    /// The client closed the file before its end, and said no more than that (GRUB).
    Closed,
    /// The client asked anew from the same port.
    Repeated,
    /// The server was told to stop.
    ServerStopped,
    /// There is no such file.
    Missing,
    /// The server refused it: not permitted, or as many run as may.
    Refused,
    /// The server could not go on.
    ServerFault,
    /// The client gave up, and said so.
    Aborted,
    /// The client went silent in the middle.
    Silent,
    /// The client never answered.
    Unanswered,
    /// The client broke the protocol, or its machine was not there any more.
    Broken,
    /// It began, and its end was not told.
    Untold,
}

impl Outcome {
    /// Whether it says nothing of how the boot goes.
    pub fn is_habit(self) -> bool {
        matches!(
            self,
            Self::SizeProbe | Self::Closed | Self::Repeated | Self::ServerStopped | Self::Untold
        )
    }

    /// For programs.
    pub fn id(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Complete => "complete",
            Self::SizeProbe => "size-probe",
            Self::Closed => "closed",
            Self::Repeated => "repeated",
            Self::ServerStopped => "server-stopped",
            Self::Missing => "missing",
            Self::Refused => "refused",
            Self::ServerFault => "server-fault",
            Self::Aborted => "aborted",
            Self::Silent => "silent",
            Self::Unanswered => "unanswered",
            Self::Broken => "broken",
            Self::Untold => "untold",
        }
    }
}

/// Whether a client's ERROR 0 in the middle of a file is but its way to close it: GRUB says `closed`.
pub fn is_closing(message: &[u8]) -> bool {
    message.eq_ignore_ascii_case(b"closed")
}

/// What a server tells of a request.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Who asked.
    pub peer: SocketAddr,
    /// Its link-layer address, if that is known.
    pub mac: Option<Mac>,
    /// When the request came.
    pub at: Instant,
    /// The file's name as requested.
    pub name: &'a [u8],
    /// Which way the file goes.
    pub direction: Direction,
    /// Which program asked.
    pub firmware: Firmware,
    /// By what.
    pub protocol: Protocol,
}

/// How a request ended.
#[derive(Clone, Copy, Debug)]
pub struct Ended<W> {
    /// How.
    pub outcome: Outcome,
    /// Bytes of the file that have arrived.
    pub bytes: u64,
    /// From the request to the end.
    pub took: Duration,
    /// What the caller wants to find with the boot if this is the last request that was not fulfilled.
    pub note: Option<W>,
}

/// A machine.
#[derive(Debug)]
pub struct Machine<W> {
    mac: Option<Mac>,
    boots: u32,
    boot: Boot<W>,
    /// Whether a file has ever got to it.
    has_arrived: bool,
    /// Its place among those that may leave.
    rank: Rank,
    /// Bytes of the heap that were counted for it.
    counted: usize,
}

/// In which order machines leave: by when they were heard of last.
type Rank = (Instant, u64);

impl<W> Machine<W> {
    /// Its link-layer address, if that was known.
    pub fn mac(&self) -> Option<Mac> {
        self.mac
    }

    /// How many boots were seen of it, the last included.
    pub fn boots(&self) -> u32 {
        self.boots
    }

    /// Its last boot.
    pub fn boot(&self) -> &Boot<W> {
        &self.boot
    }
}

/// All machines that were heard of lately.
#[derive(Debug)]
pub struct Machines<W> {
    all: HashMap<IpAddr, Machine<W>>,
    /// First the machines to which no file has ever got: their addresses may be forged, and so these leave first. Then the others.
    by_rank: [BTreeSet<(Rank, IpAddr)>; 2],
    heap: usize,
    next: u64,
}

impl<W> Default for Machines<W> {
    fn default() -> Self {
        Self {
            all: HashMap::new(),
            by_rank: [BTreeSet::new(), BTreeSet::new()],
            heap: 0,
            next: 0,
        }
    }
}

impl<W> Machines<W> {
    /// A transfer begins; its client has answered.
    pub fn begin(&mut self, asked: &Asked<'_>) {
        let told = told(asked, Outcome::Running, 0, Duration::ZERO);
        self.take(asked, &told, None, 0);
    }

    /// A request has ended. `note_bytes` is what its note takes of memory.
    pub fn end(&mut self, asked: &Asked<'_>, ended: Ended<W>, note_bytes: usize) {
        let told = told(asked, ended.outcome, ended.bytes, ended.took);
        self.take(asked, &told, ended.note, note_bytes);
    }

    fn take(&mut self, asked: &Asked<'_>, told: &Told<'_>, note: Option<W>, note_bytes: usize) {
        let ip = asked.peer.ip().to_canonical();
        self.next += 1;
        let machine = self.all.entry(ip).or_insert_with(|| Machine {
            mac: None,
            boots: 1,
            boot: Boot::new(told.at),
            has_arrived: false,
            rank: (told.at, 0),
            counted: 0,
        });
        self.by_rank[usize::from(machine.has_arrived)].remove(&(machine.rank, ip));
        machine.mac = asked.mac.or(machine.mac);
        if machine.boot.is_over(told.at, told.name) {
            machine.boot = Boot::new(told.at);
            machine.boots = machine.boots.saturating_add(1);
        }
        machine.boot.take(told, note);
        machine.has_arrived |= machine.boot.has_arrived();
        machine.rank = (machine.boot.heard(), self.next);
        let counted = machine.boot.heap() + note_bytes;
        self.heap = self.heap + counted - machine.counted;
        machine.counted = counted;
        self.by_rank[usize::from(machine.has_arrived)].insert((machine.rank, ip));
        self.expire(told.at);
        while self.all.len() > MOST_MACHINES || self.bytes() > MOST_BYTES {
            if !self.drop_first() {
                return;
            }
        }
    }

    /// Forgets machines of which nothing was heard for hours.
    pub fn expire(&mut self, now: Instant) {
        for nth in 0..self.by_rank.len() {
            while let Some(&(rank, ip)) = self.by_rank[nth].first()
                && now.saturating_duration_since(rank.0) >= FORGOTTEN
            {
                self.remove(rank, ip);
            }
        }
    }

    fn drop_first(&mut self) -> bool {
        let mut firsts = self.by_rank.iter().filter_map(|set| set.first().copied());
        let Some((rank, ip)) = firsts.next() else {
            return false;
        };
        self.remove(rank, ip);
        true
    }

    fn remove(&mut self, rank: Rank, ip: IpAddr) {
        for set in &mut self.by_rank {
            set.remove(&(rank, ip));
        }
        if let Some(machine) = self.all.remove(&ip) {
            self.heap -= machine.counted;
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Whether this machine is known, with its link-layer address.
    pub fn knows_mac(&self, ip: IpAddr) -> bool {
        self.all
            .get(&ip.to_canonical())
            .is_some_and(|machine| machine.mac.is_some())
    }

    /// What they take of memory, about.
    pub fn bytes(&self) -> usize {
        let table = self.all.capacity() * (size_of::<(IpAddr, Machine<W>)>() + 1);
        let index = self.all.len() * size_of::<(Rank, IpAddr)>() * 3 / 2;
        self.heap + table + index
    }

    /// All, those of which something was heard last first.
    pub fn latest(&mut self, now: Instant) -> Vec<(IpAddr, &Machine<W>)> {
        self.expire(now);
        for machine in self.all.values_mut() {
            machine.boot.doubt(now);
        }
        let mut all: Vec<_> = self
            .all
            .iter()
            .map(|(ip, machine)| (*ip, machine))
            .collect();
        all.sort_by_key(|(_, machine)| std::cmp::Reverse(machine.rank));
        all
    }
}

fn told<'a>(asked: &Asked<'a>, outcome: Outcome, bytes: u64, took: Duration) -> Told<'a> {
    Told {
        at: asked.at,
        took,
        port: asked.peer.port(),
        name: asked.name,
        direction: asked.direction,
        firmware: asked.firmware,
        protocol: asked.protocol,
        bytes,
        outcome,
    }
}

/// How many are kept: a large hall.
const MOST_MACHINES: usize = 10_000;
/// What all together may take of memory, about.
const MOST_BYTES: usize = 16 << 20;
/// A machine of which nothing was heard for so long is forgotten.
const FORGOTTEN: Duration = Duration::from_secs(6 * 60 * 60);
