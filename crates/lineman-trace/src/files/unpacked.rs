//! Captures that are compressed: gzip (RFC 1952) and Zstandard (RFC 8878), recognised by their first bytes.
//!
//! What comes out is given away as it comes: however much a file says that it grows to, no more memory is
//! taken than a decoder's window (gzip: 32 KiB; Zstandard: see [`WINDOW_LOG`]).

use std::io;
use std::io::BufReader;
use std::io::Chain;
use std::io::Cursor;
use std::io::ErrorKind;
use std::io::Read;

use flate2::read::MultiGzDecoder;
use zstd::stream::read::Decoder as ZstdDecoder;

/// gzip begins so.
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// A frame of Zstandard.
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// The most that a frame may have a decoder remember, as a power of two: 128 MiB, what `zstd -d` takes too without
/// being asked. A frame that wants more is refused.
const WINDOW_LOG: u32 = 27;
/// What may stand before it and is passed over: the lowest four bits are anything.
const SKIPPABLE: [u8; 3] = [0x2a, 0x4d, 0x18];

/// A file as it was before it was compressed, if it was.
#[derive(Debug)]
pub struct Unpacked<R> {
    from: From<R>,
    /// Whether anything was given away.
    begun: bool,
    cut: bool,
}

/// An input of which the beginning was looked at.
type Whole<R> = Chain<Cursor<Vec<u8>>, R>;

enum From<R> {
    Plain(Whole<R>),
    Gzip(Box<MultiGzDecoder<Whole<R>>>),
    Zstd(Box<ZstdDecoder<'static, BufReader<Whole<R>>>>),
}

impl<R: Read> Unpacked<R> {
    /// Looks at the beginning of a file.
    ///
    /// # Errors
    /// When the input cannot be read.
    pub fn new(mut input: R) -> io::Result<Self> {
        let mut begins = Vec::new();
        input.by_ref().take(4).read_to_end(&mut begins)?;
        let is_gzip = begins.starts_with(&GZIP);
        let is_zstd = begins == ZSTD || begins.get(1..) == Some(&SKIPPABLE) && begins[0] >> 4 == 5;
        let whole = Cursor::new(begins).chain(input);
        Ok(Self {
            from: match () {
                () if is_gzip => From::Gzip(Box::new(MultiGzDecoder::new(whole))),
                () if is_zstd => From::Zstd(Box::new(zstd_decoder(whole)?)),
                () => From::Plain(whole),
            },
            begun: false,
            cut: false,
        })
    }
}

fn zstd_decoder<R: Read>(input: R) -> io::Result<ZstdDecoder<'static, BufReader<R>>> {
    let mut decoder = ZstdDecoder::new(input)?;
    decoder.window_log_max(WINDOW_LOG)?;
    Ok(decoder)
}

impl<R> Unpacked<R> {
    /// Whether what was compressed ended in the middle.
    pub fn is_cut(&self) -> bool {
        self.cut
    }
}

/// What is damaged is [`InvalidData`](ErrorKind::InvalidData), and what is cut before there is anything. Else it ends
/// where it is cut.
impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = match &mut self.from {
            From::Plain(input) => return input.read(bytes),
            From::Gzip(decoder) => decoder.read(bytes),
            From::Zstd(decoder) => decoder.read(bytes),
        };
        match read {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                self.cut = true;
                match self.begun {
                    true => Ok(0),
                    false => Err(io::Error::new(ErrorKind::InvalidData, "it ends too early")),
                }
            }
            // The decoders say so of what they do not understand; what the input says has a number.
            Err(error) if error.raw_os_error().is_none() => {
                Err(io::Error::new(ErrorKind::InvalidData, error))
            }
            Ok(read) => {
                self.begun |= read > 0;
                Ok(read)
            }
            error => error,
        }
    }
}

impl<R> std::fmt::Debug for From<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Plain(_) => "Plain",
            Self::Gzip(_) => "Gzip",
            Self::Zstd(_) => "Zstd",
        })
    }
}
