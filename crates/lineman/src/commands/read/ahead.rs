//! What is read of a file while what came before it is told: a thread of its own reads, unpacks, and takes each packet
//! apart; the thread that tells has only to put them together.

use std::io;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::SyncSender;
use std::sync::mpsc::sync_channel;
use std::thread;

use lineman_proto::wire::filter::FilterError;
use lineman_trace::capture::Captured;
use lineman_trace::capture::Look;
use lineman_trace::files::BadFile;
use lineman_trace::files::Ending;
use lineman_trace::files::LinkType;
use lineman_trace::files::Reader;
use lineman_trace::files::Reason;
use lineman_trace::files::Record;
use lineman_trace::files::Statistics;
use lineman_trace::files::Unpacked;

use super::wanted::Unwanted;
use super::wanted::Wanted;

/// How many bytes of packets a portion has, the last packet aside: with all portions they fit into the caches of
/// a processor.
const PORTION: usize = 64 << 10;
/// How many packets it has at most: the smallest have some fifty bytes.
const PACKETS: usize = 512;
/// How many portions there are.
const PORTIONS: usize = 4;
/// How much memory a packet's slot keeps for the next one there, in bytes: more than an Ethernet carries, jumbo
/// frames included.
const KEPT: usize = 10 << 10;

/// Packets that are read ahead.
pub struct Ahead {
    filled: Receiver<Told>,
    emptied: SyncSender<Portion>,
    now: Portion,
    /// How many packets of it were given away.
    given: usize,
    end: Option<End>,
}

/// What the thread has to say.
enum Told {
    Portion(Portion),
    Ended(Box<End>),
}

/// How the reading ended.
#[derive(Default)]
pub struct End {
    /// `None` where it was given up, or ended with an error.
    pub ending: Option<Ending>,
    /// Whether what was compressed has ended in the middle.
    pub packed_cut: bool,
    /// Why it could not go on.
    pub bad: Option<BadFile>,
    /// What the file says of the capturing itself.
    pub statistics: Statistics,
    /// The filter's text, and what it asks for that the packets of some link do not have.
    pub refused: Option<(String, FilterError)>,
    /// The filter's text, and the packets that there are, if it accepts none of them.
    pub unwanted: Option<(String, Unwanted)>,
}

/// Packets; the memory of their slots is used again.
#[derive(Default)]
struct Portion {
    slots: Vec<PacketSlot>,
    len: usize,
    bytes: usize,
}

struct PacketSlot {
    record: Record,
    link: LinkType,
    look: Look,
}

impl Ahead {
    /// Begins to read. The thread ends with the input, or when the receiver is gone.
    ///
    /// # Errors
    /// When the system allows no thread.
    pub fn of<R>(reader: Reader<Unpacked<R>>, wanted: Wanted) -> io::Result<Self>
    where
        R: io::Read + Send + 'static,
    {
        let (full, filled) = sync_channel(PORTIONS);
        let (emptied, empty) = sync_channel(PORTIONS);
        for _ in 1..PORTIONS {
            let _ = emptied.send(Portion::default()); // there is room for them
        }
        let reading = Reading {
            reader,
            wanted,
            empty,
            full,
        };
        thread::Builder::new()
            .name("reader".to_owned())
            .spawn(|| reading.run())?;
        Ok(Self {
            filled,
            emptied,
            now: Portion::default(),
            given: 0,
            end: None,
        })
    }

    /// The next packet, and what it tells by itself; `None` when there are no more.
    pub fn next(&mut self) -> Option<(Captured<'_>, &Look)> {
        while self.given == self.now.len {
            self.turn()?;
        }
        let slot = &self.now.slots[self.given];
        self.given += 1;
        Some((slot.packet(), &slot.look))
    }

    /// How it ended; that it did not, if there are packets left.
    pub fn end(self) -> End {
        self.end.unwrap_or_default()
    }

    /// Waits for the next portion.
    fn turn(&mut self) -> Option<()> {
        if self.end.is_some() {
            return None;
        }
        match self.filled.recv() {
            Ok(Told::Portion(portion)) => {
                let before = std::mem::replace(&mut self.now, portion);
                self.given = 0;
                let _ = self.emptied.try_send(before); // the thread may be at its end
                return Some(());
            }
            Ok(Told::Ended(end)) => self.end = Some(*end),
            Err(_) => self.end = Some(End::gone()),
        }
        None
    }
}

impl End {
    /// The thread has panicked, and said so.
    fn gone() -> Self {
        let reason = Reason::Io(io::Error::other("the reading thread is gone"));
        Self {
            bad: Some(BadFile { at: 0, reason }),
            ..Self::default()
        }
    }
}

/// What the thread works with.
struct Reading<R> {
    reader: Reader<Unpacked<R>>,
    wanted: Wanted,
    empty: Receiver<Portion>,
    full: SyncSender<Told>,
}

impl<R: io::Read> Reading<R> {
    fn run(mut self) {
        let mut bad = None;
        // Each stops when nobody listens any more.
        while let Ok(mut portion) = self.empty.recv() {
            portion.clear();
            let goes_on = self.fill(&mut portion, &mut bad);
            if self.full.send(Told::Portion(portion)).is_err() {
                return;
            }
            if !goes_on {
                let _ = self.full.send(Told::Ended(Box::new(self.end(bad))));
                return;
            }
        }
    }

    /// Reads packets until the portion is full, or the next one has yet to come: what is there is told before
    /// that is waited for. False when there are no more.
    fn fill(&mut self, portion: &mut Portion, bad: &mut Option<BadFile>) -> bool {
        while !portion.is_full() && (portion.len == 0 || self.reader.is_at_hand()) {
            let slot = portion.slot();
            match self.reader.read_into(&mut slot.record) {
                Some(Ok(())) => {}
                Some(Err(error)) => {
                    *bad = Some(error);
                    return false;
                }
                None => return false,
            }
            let interface = self.reader.interfaces().get(slot.record.interface as usize);
            slot.link = interface.map_or_else(LinkType::default, |interface| interface.link);
            if self.wanted.accepts(&slot.packet()) {
                slot.look = Look::at(&slot.packet());
                portion.keep();
            }
        }
        true
    }

    fn end(&self, bad: Option<BadFile>) -> End {
        let refused = self.wanted.refused();
        let unwanted = self.wanted.fits_none();
        End {
            ending: self.reader.ending(),
            packed_cut: self.reader.input().is_cut(),
            bad,
            statistics: self.reader.statistics(),
            refused: refused.map(|(text, error)| (text.to_owned(), error.clone())),
            unwanted: unwanted.map(|(text, unwanted)| (text.to_owned(), unwanted)),
        }
    }
}

impl Portion {
    fn clear(&mut self) {
        (self.len, self.bytes) = (0, 0);
    }

    fn is_full(&self) -> bool {
        self.len == PACKETS || self.bytes >= PORTION
    }

    /// The slot of the next packet.
    fn slot(&mut self) -> &mut PacketSlot {
        if self.slots.len() == self.len {
            self.slots.push(PacketSlot {
                record: Record::new(0, 0, Vec::new()),
                link: LinkType::default(),
                look: Look::default(),
            });
        }
        let slot = &mut self.slots[self.len];
        if slot.record.bytes.capacity() > KEPT {
            slot.record.bytes = Vec::new();
        }
        slot
    }

    /// The packet in the next slot stays there.
    fn keep(&mut self) {
        self.bytes += self.slots[self.len].record.bytes.len();
        self.len += 1;
    }
}

impl PacketSlot {
    fn packet(&self) -> Captured<'_> {
        Captured {
            link: self.link,
            utc_ns: self.record.utc_ns,
            wire_len: self.record.wire_len,
            checksum_pending: false, // no form of file has room for that
            bytes: &self.record.bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;
    use std::io::Read;
    use std::sync::mpsc;

    use lineman_trace::files::Endian;
    use lineman_trace::files::Interface;
    use lineman_trace::files::PcapWriter;

    use super::*;

    /// A file of packets that have so many bytes.
    fn file(lens: &[usize]) -> Vec<u8> {
        let interface = Interface::new(LinkType::RAW);
        let mut writer = PcapWriter::new(Vec::new(), Endian::Little, &interface).expect("memory");
        for (n, len) in lens.iter().enumerate() {
            let packet = Record::new(0, n as u64, vec![n as u8; *len]);
            writer.write(&packet).expect("memory");
        }
        writer.into_inner()
    }

    fn ahead(input: impl Read + Send + 'static) -> Ahead {
        let unpacked = Unpacked::new(input).expect("a beginning");
        let reader = Reader::new(unpacked).expect("a capture");
        Ahead::of(reader, Wanted::default()).expect("a thread")
    }

    fn lens(ahead: &mut Ahead) -> Vec<usize> {
        let next = || ahead.next().map(|(packet, _)| packet.bytes.len());
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn what_is_read_ahead_is_what_there_is() {
        let sizes = [0, 40, 1500, 9000, PORTION - 16, PORTION, 3 * PORTION, 1];
        let all: Vec<usize> = (0..5000).map(|n| sizes[n * n % 7 + n % 2]).collect();
        let mut ahead = ahead(Cursor::new(file(&all)));
        for (n, len) in all.iter().enumerate() {
            let (packet, look) = ahead.next().expect("one more");
            assert_eq!(packet.bytes, vec![n as u8; *len]);
            assert_eq!(*look, Look::at(&packet));
        }
        assert!(ahead.next().is_none());
        assert_eq!(ahead.end().ending, Some(Ending::Complete));
    }

    #[test]
    fn a_failure_comes_behind_what_was_read_before_it() {
        struct Broken(Cursor<Vec<u8>>);
        impl Read for Broken {
            fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
                match self.0.read(bytes)? {
                    0 => Err(io::Error::other("broken")),
                    len => Ok(len),
                }
            }
        }
        let mut ahead = ahead(Broken(Cursor::new(file(&[10; 700]))));
        assert_eq!(lens(&mut ahead), [10; 700]);
        let bad = ahead.end().bad.expect("it failed");
        assert!(bad.reason.to_string().contains("broken"), "{bad}");
    }

    /// A program that writes what its buffer holds ends in the middle of a packet.
    #[test]
    fn a_packet_is_told_before_half_of_the_next_is_waited_for() {
        struct Pieces(Receiver<Vec<u8>>);
        impl Read for Pieces {
            fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
                let piece = self.0.recv().unwrap_or_default();
                bytes[..piece.len()].copy_from_slice(&piece);
                Ok(piece.len())
            }
        }
        let whole = file(&[100, 200, 300]);
        let (rest, half) = (300 + 16, 24 + 100 + 200 + 2 * 16 + 8);
        let (tell, heard) = mpsc::channel();
        for piece in [&whole[..4], &whole[4..half]] {
            tell.send(piece.to_vec()).expect("it is heard");
        }
        let mut ahead = ahead(Pieces(heard));
        let next = |ahead: &mut Ahead| ahead.next().map(|(packet, _)| packet.bytes.len());
        assert_eq!(next(&mut ahead), Some(100));
        assert_eq!(next(&mut ahead), Some(200));
        assert_eq!(whole.len() - half, rest - 8);
        tell.send(whole[half..].to_vec()).expect("it is heard");
        drop(tell);
        assert_eq!(next(&mut ahead), Some(300));
        assert_eq!(next(&mut ahead), None);
    }
}
