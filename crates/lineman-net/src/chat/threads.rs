//! Threads for the ends of a call: reads of a terminal or a file cannot be cancelled, and writes may
//! block for as long as their reader likes.

use std::io;
use std::io::BufRead as _;
use std::io::BufReader;
use std::io::ErrorKind;
use std::io::Read;
use std::io::Write;
use std::thread;

use tokio::sync::mpsc;
use tokio::sync::oneshot;

/// How much is read at once, and how many such blocks may wait on either side.
pub(super) const BLOCK: usize = 64 * 1024;
const BLOCKS: usize = 4;

/// What a thread reads, block by block.
pub(super) type Input = mpsc::Receiver<io::Result<Vec<u8>>>;
/// What a thread is to write, and the result when it has written the last.
pub(super) type Output = (mpsc::Sender<Vec<u8>>, oneshot::Receiver<io::Result<()>>);

/// Lines of an input, without their endings; the last may lack one.
#[derive(Debug)]
pub struct LineInput(mpsc::Receiver<Vec<u8>>);

impl LineInput {
    /// Begins to read. An input that fails has ended.
    ///
    /// # Errors
    /// When there can be no more threads.
    pub fn new(input: impl Read + Send + 'static) -> io::Result<Self> {
        let (sender, receiver) = mpsc::channel(BLOCKS);
        thread::Builder::new()
            .name("input".to_owned())
            .spawn(move || {
                for line in BufReader::new(input).split(b'\n') {
                    let Ok(mut line) = line else { return };
                    line.pop_if(|byte| *byte == b'\r');
                    if sender.blocking_send(line).is_err() {
                        return;
                    }
                }
            })?;
        Ok(Self(receiver))
    }

    /// The next line, `None` at the end. May be dropped and called again.
    pub async fn next(&mut self) -> Option<Vec<u8>> {
        self.0.recv().await
    }
}

/// Reads `input` in a thread; the channel closes at its end.
pub(super) fn reader(mut input: impl Read + Send + 'static) -> io::Result<Input> {
    let (sender, receiver) = mpsc::channel(BLOCKS);
    thread::Builder::new()
        .name("input".to_owned())
        .spawn(move || {
            let mut block = vec![0; BLOCK];
            loop {
                let read = match input.read(&mut block) {
                    Ok(0) => return,
                    Ok(len) => Ok(block[..len].to_vec()),
                    Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                    Err(error) => Err(error),
                };
                let failed = read.is_err();
                if sender.blocking_send(read).is_err() || failed {
                    return;
                }
            }
        })?;
    Ok(receiver)
}

/// Writes to `output` in a thread; when the sender is dropped, or the output fails, the receiver
/// gets the result.
pub(super) fn writer(mut output: impl Write + Send + 'static) -> io::Result<Output> {
    let (sender, mut receiver) = mpsc::channel::<Vec<u8>>(BLOCKS);
    let (done, result) = oneshot::channel();
    thread::Builder::new()
        .name("output".to_owned())
        .spawn(move || {
            let mut write = || -> io::Result<()> {
                while let Some(block) = receiver.blocking_recv() {
                    output.write_all(&block)?;
                    output.flush()?;
                }
                Ok(())
            };
            let result = write();
            receiver.close();
            let _ = done.send(result);
        })?;
    Ok((sender, result))
}
