//! What is read of a file while what came before it is looked at: the system copies, and a decoder works, on a
//! thread of their own.

use std::io;
use std::io::Read;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::SyncSender;
use std::sync::mpsc::sync_channel;
use std::thread;

use lineman_trace::files::Unpacked;

/// How many bytes are read at once: with all portions they fit into the caches of a processor.
const PORTION: usize = 64 << 10;
/// How many portions there are.
const PORTIONS: usize = 4;

/// A file that is read ahead.
pub struct Ahead {
    filled: Receiver<Told>,
    emptied: SyncSender<Vec<u8>>,
    now: Vec<u8>,
    /// How many bytes of it were taken.
    taken: usize,
    ended: bool,
    cut: bool,
}

/// What the thread has to say.
enum Told {
    Portion(Vec<u8>),
    Failed(io::Error),
    /// There is no more; what was compressed may have ended in the middle.
    Ended {
        cut: bool,
    },
}

impl Ahead {
    /// Begins to read. The thread ends with the input, or when nobody listens.
    ///
    /// # Errors
    /// When the system allows no thread.
    pub fn of<R: Read + Send + 'static>(input: Unpacked<R>) -> io::Result<Self> {
        let (full, filled) = sync_channel(PORTIONS);
        let (emptied, empty) = sync_channel(PORTIONS);
        for _ in 1..PORTIONS {
            let _ = emptied.send(vec![0; PORTION]); // there is room for them
        }
        let work = move || {
            let told = read(input, &empty, &full);
            let _ = full.send(told); // nobody may listen any more
        };
        thread::Builder::new()
            .name("reader".to_owned())
            .spawn(work)?;
        Ok(Self {
            filled,
            emptied,
            now: vec![0; PORTION],
            taken: PORTION,
            ended: false,
            cut: false,
        })
    }

    /// Whether what was compressed has ended in the middle.
    pub fn is_cut(&self) -> bool {
        self.cut
    }

    /// Waits for the next portion.
    fn turn(&mut self) -> io::Result<()> {
        match self.filled.recv() {
            Ok(Told::Portion(portion)) => {
                let before = std::mem::replace(&mut self.now, portion);
                self.taken = 0;
                let _ = self.emptied.try_send(before); // the thread may be at its end
            }
            Ok(Told::Failed(error)) => {
                self.ended = true;
                return Err(error);
            }
            Ok(Told::Ended { cut }) => (self.ended, self.cut) = (true, cut),
            Err(_) => return Err(io::Error::other("the reading thread is gone")),
        }
        Ok(())
    }
}

/// Reads portion after portion, and gives what it has to say last.
fn read<R: Read>(
    mut input: Unpacked<R>,
    empty: &Receiver<Vec<u8>>,
    full: &SyncSender<Told>,
) -> Told {
    loop {
        let ended = Told::Ended {
            cut: input.is_cut(),
        };
        let Ok(mut portion) = empty.recv() else {
            return ended;
        };
        portion.resize(PORTION, 0);
        match input.read(&mut portion) {
            Ok(0) => {
                return Told::Ended {
                    cut: input.is_cut(),
                };
            }
            Ok(len) => portion.truncate(len),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => portion.clear(),
            Err(error) => return Told::Failed(error),
        }
        if full.send(Told::Portion(portion)).is_err() {
            return ended;
        }
    }
}

impl Read for Ahead {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        while self.taken >= self.now.len() && !self.ended {
            self.turn()?;
        }
        let rest = self.now.get(self.taken..).unwrap_or_default();
        let len = rest.len().min(bytes.len());
        bytes[..len].copy_from_slice(&rest[..len]);
        self.taken += len;
        Ok(len)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn what_is_read_ahead_is_what_there_is() {
        let all: Vec<u8> = (0..10 * PORTION + 7).map(|n| (n % 251) as u8).collect();
        let unpacked = Unpacked::new(Cursor::new(all.clone())).expect("memory");
        let mut ahead = Ahead::of(unpacked).expect("a thread");
        let mut read = Vec::new();
        ahead.read_to_end(&mut read).expect("memory");
        assert!(read == all);
        assert_eq!(ahead.read(&mut [0; 8]).expect("the end"), 0);
        assert!(!ahead.is_cut());
    }

    #[test]
    fn a_failure_comes_behind_what_was_read_before_it() {
        struct Broken(usize);
        impl Read for Broken {
            fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
                self.0 += 1;
                match self.0 {
                    1..4 => Ok(bytes.len().min(10)),
                    _ => Err(io::Error::other("broken")),
                }
            }
        }
        let unpacked = Unpacked::new(Broken(0)).expect("it begins");
        let mut ahead = Ahead::of(unpacked).expect("a thread");
        let mut read = Vec::new();
        let failed = ahead.read_to_end(&mut read);
        assert!(failed.is_err_and(|error| error.to_string() == "broken"));
        assert!(read.len() >= 10);
    }
}
