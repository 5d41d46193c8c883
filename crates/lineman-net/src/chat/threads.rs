//! Threads for the ends of a call: reads of a terminal or a file cannot be cancelled, and writes may
//! block for as long as their reader likes.

use std::io;
use std::io::BufRead;
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
/// How many lines may wait: with the one that is being read and the one that is being sent, a few megabytes.
const LINES: usize = 2;

/// What a thread reads, block by block.
pub(super) type Input = mpsc::Receiver<io::Result<Vec<u8>>>;
/// What a thread is to write, and the result when it has written the last.
pub(super) type Output = (mpsc::Sender<Vec<u8>>, oneshot::Receiver<io::Result<()>>);

/// A line that is longer is left out: an input without a newline must not fill the memory.
pub const MAX_INPUT_LINE: usize = 1 << 20;

/// A line of input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputLine {
    /// Its bytes, without its ending.
    Text(Vec<u8>),
    /// It had this many bytes, more than [`MAX_INPUT_LINE`], and was left out.
    TooLong(u64),
}

/// Lines of an input; the last may lack its ending.
#[derive(Debug)]
pub struct LineInput(mpsc::Receiver<InputLine>);

impl LineInput {
    /// Begins to read. An input that fails has ended.
    ///
    /// # Errors
    /// When there can be no more threads.
    pub fn new(input: impl Read + Send + 'static) -> io::Result<Self> {
        let (sender, receiver) = mpsc::channel(LINES);
        thread::Builder::new()
            .name("input".to_owned())
            .spawn(move || {
                let mut input = BufReader::new(input);
                while let Ok(Some(line)) = read_line(&mut input) {
                    if sender.blocking_send(line).is_err() {
                        return;
                    }
                }
            })?;
        Ok(Self(receiver))
    }

    /// The next line, `None` at the end. May be dropped and called again.
    pub async fn next(&mut self) -> Option<InputLine> {
        self.0.recv().await
    }
}

/// The next line, `None` at the end of input.
fn read_line(input: &mut impl BufRead) -> io::Result<Option<InputLine>> {
    let mut line = Vec::new();
    // An ending may have two bytes.
    let mut within = input.by_ref().take(MAX_INPUT_LINE as u64 + 2);
    let mut length = within.read_until(b'\n', &mut line)?;
    let mut whole = line.pop_if(|byte| *byte == b'\n').is_some();
    length -= usize::from(whole);
    if length > 0 && whole && line.pop_if(|byte| *byte == b'\r').is_some() {
        length -= 1;
    }
    if length == 0 && !whole {
        return Ok(None);
    }
    if length <= MAX_INPUT_LINE {
        return Ok(Some(InputLine::Text(line)));
    }
    drop(line);
    let mut length = length as u64;
    while !whole {
        let block = input.fill_buf()?;
        let end = block.iter().position(|byte| *byte == b'\n');
        let used = end.map_or(block.len(), |end| end + 1);
        whole = end.is_some() || block.is_empty();
        length += end.unwrap_or(used) as u64;
        input.consume(used);
    }
    Ok(Some(InputLine::TooLong(length)))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(input: &[u8]) -> Vec<InputLine> {
        // A small buffer, so that endings lie across its end.
        let mut input = BufReader::with_capacity(7, input);
        std::iter::from_fn(|| read_line(&mut input).expect("memory does not fail")).collect()
    }

    fn text(text: &str) -> InputLine {
        InputLine::Text(text.into())
    }

    #[test]
    fn lines_with_and_without_their_endings() {
        assert_eq!(lines(b""), []);
        assert_eq!(lines(b"\n"), [text("")]);
        assert_eq!(
            lines(b"a\nb\r\n\r\nlonger than that\nc"),
            ["a", "b", "", "longer than that", "c"].map(text)
        );
    }

    #[test]
    fn a_line_without_end_is_left_out_and_what_follows_is_not() {
        let longest = vec![b'x'; MAX_INPUT_LINE];
        for (more, ending, whole) in [(0, "\n", true), (0, "\r\n", true), (0, "", true)]
            .into_iter()
            .chain([(1, "\n", false), (9, "\n", false), (9, "", false)])
        {
            let mut input = [&longest[..], &vec![b'x'; more]].concat();
            input.extend_from_slice(ending.as_bytes());
            let first = match whole {
                true => InputLine::Text(longest.clone()),
                false => InputLine::TooLong((MAX_INPUT_LINE + more) as u64),
            };
            let mut wanted = vec![first];
            if !ending.is_empty() {
                input.extend_from_slice(b"next\n");
                wanted.push(text("next"));
            }
            assert!(lines(&input) == wanted, "{more} {ending:?}");
        }
    }
}
