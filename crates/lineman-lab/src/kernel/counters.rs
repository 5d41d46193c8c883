//! What the kernel counts of what its TCP does (nstat(8), snmp_counter.rst of the kernel): the only way in
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

/// How many bytes of the file are read: more than it has (4 KiB on Linux 6.18).
const SIZE: usize = 32 << 10;

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
    fn what_is_not_the_file_has_no_values() {
        for text in ["", "TcpExt: A B", "TcpExt: TCPLossProbes\nTcpExt: many\n"] {
            assert_eq!(values(text), None);
        }
    }
}
