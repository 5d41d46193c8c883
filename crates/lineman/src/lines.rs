//! Lines of a stream: the sender decides how long they are, and the reader how much of them it keeps.

use std::io;
use std::io::BufRead;

/// The next line without its end; of a long one the first `most` bytes, the rest is read and thrown away. `None` is
/// the end of the stream.
///
/// # Errors
/// What reading says.
pub fn bounded_line(input: &mut dyn BufRead, most: usize) -> io::Result<Option<Vec<u8>>> {
    let (mut line, mut any) = (Vec::new(), false);
    loop {
        let part = match input.fill_buf() {
            Ok(part) => part,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if part.is_empty() {
            return Ok(any.then_some(line));
        }
        any = true;
        let end = part.iter().position(|byte| *byte == b'\n');
        let whole = &part[..end.unwrap_or(part.len())];
        let room = most.saturating_sub(line.len()).min(whole.len());
        line.extend_from_slice(&whole[..room]);
        let used = end.map_or(part.len(), |end| end + 1);
        input.consume(used);
        if end.is_some() {
            return Ok(Some(line));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    /// A line without an end took all memory.
    #[test]
    fn a_long_line_is_read_and_only_its_beginning_kept() {
        let text = [&vec![b'x'; 100_000][..], b"\nnext\nlast"].concat();
        let mut input = io::BufReader::with_capacity(100, &text[..]);
        let mut next = || bounded_line(&mut input, 10).expect("reads");
        assert_eq!(next().as_deref(), Some(&[b'x'; 10][..]));
        assert_eq!(next().as_deref(), Some(&b"next"[..]));
        assert_eq!(next().as_deref(), Some(&b"last"[..]));
        assert_eq!(next(), None);
        let mut endless = io::BufReader::new(io::repeat(b'y').take(50_000_000));
        let line = bounded_line(&mut endless, 10)
            .expect("reads")
            .expect("a line");
        assert!(line.capacity() < 100);
    }
}
