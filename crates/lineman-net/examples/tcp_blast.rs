//! What TCP does over the same loopback, for `./bench`: one connection, writes of 128 KiB, SECONDS
//! long; prints bytes per second.
#![allow(missing_docs, reason = "a program")]

use std::io::Read as _;
use std::io::Write as _;
use std::net::TcpListener;
use std::net::TcpStream;
use std::thread;
use std::time::Duration;
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let seconds = std::env::args().nth(1).unwrap_or_else(|| "1".to_owned());
    let length = Duration::from_secs_f64(seconds.parse()?);
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut sender = TcpStream::connect(listener.local_addr()?)?;
    let (mut receiver, _) = listener.accept()?;
    let begin = Instant::now();
    let reading = thread::spawn(move || {
        let (mut buffer, mut bytes) = (vec![0; CHUNK], 0);
        while let Ok(len @ 1..) = receiver.read(&mut buffer) {
            bytes += len;
        }
        bytes
    });
    let chunk = vec![0; CHUNK];
    while begin.elapsed() < length {
        sender.write_all(&chunk)?;
    }
    drop(sender);
    let bytes = reading.join().map_err(|_| "the reader panicked")?;
    println!("{:.0}", bytes as f64 / begin.elapsed().as_secs_f64());
    Ok(())
}

const CHUNK: usize = 128 << 10;
