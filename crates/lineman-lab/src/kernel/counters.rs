//! What the kernel counts of what its TCP and UDP do (nstat(8), snmp_counter.rst of the kernel): the only way in
//! which it tells why it did something.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use lineman_trace::log::Counter;

/// The counters of a host, and their values when they were last looked at.
#[derive(Debug)]
pub(super) struct Counters {
    file: File,
    buffer: Vec<u8>,
    last: Values,
}

type Values = [u64; Counter::ALL.len()];

impl Counters {
    /// Opens them in the network namespace of this thread.
    ///
    /// # Errors
    /// When `/proc` has no such file.
    pub(super) fn open() -> io::Result<Self> {
        let mut counters = Self {
            file: File::open("/proc/thread-self/net/netstat")?,
            buffer: vec![0; SIZE],
            last: Values::default(),
        };
        counters.last = counters.read().unwrap_or_default();
        Ok(counters)
    }

    /// Those that have moved since the last look. Takes about 50 µs.
    pub(super) fn moved(&mut self) -> impl Iterator<Item = Counter> + use<> {
        let now = self.read().unwrap_or(self.last);
        let last = std::mem::replace(&mut self.last, now);
        let moved = move |counter: &Counter| {
            let at = *counter as usize;
            now[at] != last[at]
        };
        Counter::ALL.into_iter().filter(moved)
    }

    fn read(&mut self) -> Option<Values> {
        // At 0 the kernel makes the file anew.
        let len = self.file.read_at(&mut self.buffer, 0).ok()?;
        values(std::str::from_utf8(self.buffer.get(..len)?).ok()?)
    }
}

/// Two lines begin with `TcpExt:`: the names, and below each its value.
fn values(text: &str) -> Option<Values> {
    let mut lines = text.lines().filter_map(|line| line.strip_prefix("TcpExt:"));
    let names = lines.next()?.split_ascii_whitespace();
    let numbers = lines.next()?.split_ascii_whitespace();
    let mut values = Values::default();
    for (name, number) in names.zip(numbers) {
        if let Some(counter) = Counter::of_name(name) {
            values[counter as usize] = number.parse().ok()?;
        }
    }
    Some(values)
}

/// How many bytes of a file are read: more than it has (4 KiB on Linux 6.18).
const SIZE: usize = 32 << 10;

/// What a host has counted of datagrams that had no room in the receive buffer of their socket, over IPv4 or over IPv6.
#[derive(Debug)]
pub(super) struct Drops {
    file: File,
    buffer: Vec<u8>,
    read: fn(&str) -> Option<u64>,
    last: u64,
}

impl Drops {
    /// Opens the counter of IPv4 in the network namespace of this thread.
    ///
    /// # Errors
    /// When `/proc` has no such file.
    pub(super) fn of_v4() -> io::Result<Self> {
        Self::open("/proc/thread-self/net/snmp", drops_v4)
    }

    /// The same of IPv6.
    ///
    /// # Errors
    /// When `/proc` has no such file: the kernel has no IPv6.
    pub(super) fn of_v6() -> io::Result<Self> {
        Self::open("/proc/thread-self/net/snmp6", drops_v6)
    }

    fn open(path: &str, read: fn(&str) -> Option<u64>) -> io::Result<Self> {
        let mut drops = Self {
            file: File::open(path)?,
            buffer: vec![0; SIZE],
            read,
            last: 0,
        };
        drops.moved();
        Ok(drops)
    }

    /// Whether it has moved since the last look. Takes about as long as one at [`Counters`].
    pub(super) fn moved(&mut self) -> bool {
        let len = self.file.read_at(&mut self.buffer, 0).unwrap_or(0);
        let text = self.buffer.get(..len).map(std::str::from_utf8);
        let now = text.and_then(|text| (self.read)(text.ok()?));
        let last = self.last;
        self.last = now.unwrap_or(last);
        self.last != last
    }
}

/// Two lines begin with `Udp:`: the names, and below each its value.
fn drops_v4(text: &str) -> Option<u64> {
    let mut lines = text.lines().filter_map(|line| line.strip_prefix("Udp:"));
    let mut names = lines.next()?.split_ascii_whitespace();
    let at = names.position(|name| name == "RcvbufErrors")?;
    let number = lines.next()?.split_ascii_whitespace().nth(at)?;
    number.parse().ok()
}

/// Each line has a name and its value.
fn drops_v6(text: &str) -> Option<u64> {
    let mut lines = text.lines();
    let number = lines.find_map(|line| line.strip_prefix("Udp6RcvbufErrors"))?;
    number.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_stands_below_its_name() {
        let text = "TcpExt: SyncookiesSent TCPLossProbes ListenOverflows\nTcpExt: 7 25 3\n\
                    IpExt: InNoRoutes\nIpExt: 9\n";
        let values = values(text).expect("two lines");
        assert_eq!(values[Counter::LossProbes as usize], 25);
        assert_eq!(values[Counter::ListenOverflows as usize], 3);
        assert_eq!(values[Counter::AbortOnClose as usize], 0);
    }

    #[test]
    fn drops_are_read_of_both_files() {
        let snmp = "Tcp: RcvbufErrors\nTcp: 7\nUdp: InDatagrams RcvbufErrors\nUdp: 12 5\nUdpLite: RcvbufErrors\nUdpLite: 9\n";
        assert_eq!(drops_v4(snmp), Some(5));
        let snmp6 = "Udp6InDatagrams \t632\nUdp6RcvbufErrors                \t3\n";
        assert_eq!(drops_v6(snmp6), Some(3));
        for text in ["", "Udp: RcvbufErrors", "Udp6RcvbufErrors many"] {
            assert_eq!((drops_v4(text), drops_v6(text)), (None, None));
        }
    }

    #[test]
    fn what_is_not_the_file_has_no_values() {
        for text in ["", "TcpExt: A B", "TcpExt: TCPLossProbes\nTcpExt: many\n"] {
            assert_eq!(values(text), None);
        }
    }
}
