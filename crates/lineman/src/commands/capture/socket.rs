//! Packets from a packet socket of this program, read by a thread.

use std::io;
use std::os::fd::AsFd as _;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use lineman_net::capture::Capture;
use lineman_net::capture::OpenError;
use lineman_net::capture::Options;
use lineman_trace::files::LinkType;
use tokio::sync::mpsc;

use super::Caught;
use super::Heard;
use super::Live;
use super::PORTION;
use super::PORTIONS;
use super::Request;
use super::Rung;
use super::Stop;

/// How often the kernel is asked how many packets found no room.
const COUNTING: Duration = Duration::from_secs(1);

/// A socket that captures already; nobody reads it yet.
pub struct Opened {
    capture: Capture,
    interface: String,
}

/// Begins to capture.
///
/// # Errors
/// When that is not permitted, or the filter does not fit the interface.
pub fn begin(request: &Request) -> Result<Live, OpenError> {
    Ok(open(request)?.start()?)
}

/// Opens the socket: from now on nothing is missed.
///
/// # Errors
/// When that is not permitted, or the filter does not fit the interface.
pub fn open(request: &Request) -> Result<Opened, OpenError> {
    let capture = Capture::open(&Options {
        interface: request.interface.as_ref().map(|device| device.index),
        filter: request.filter.clone(),
        promiscuous: request.promiscuous,
        buffer: request.buffer,
    })?;
    // Before any thread is there that would keep the right: strangers' packets are read from now on.
    lineman_net::give_up_capturing()?;
    Ok(Opened {
        capture,
        interface: request.name().to_owned(),
    })
}

impl Opened {
    /// What its packets begin with.
    pub fn link(&self) -> LinkType {
        self.capture.link()
    }

    /// On which interface.
    pub fn interface(&self) -> &str {
        &self.interface
    }

    /// Has a thread read it, which has the rights that this thread has now.
    ///
    /// # Errors
    /// When the system allows no thread.
    pub fn start(self) -> io::Result<Live> {
        let Self { capture, interface } = self;
        let link = capture.link();
        let (tell, heard) = mpsc::channel(PORTIONS);
        let stop = Stop::new()?;
        let reader = Reader {
            capture,
            tell,
            stop: stop.clone(),
            lost: 0,
            counted: Instant::now(),
        };
        thread::Builder::new()
            .name("capture".to_owned())
            .spawn(|| reader.run())?;
        Ok(Live {
            heard,
            stop,
            rung: Rung::Socket,
            link,
            interface,
        })
    }
}

struct Reader {
    capture: Capture,
    tell: mpsc::Sender<Heard>,
    stop: Stop,
    lost: u64,
    counted: Instant,
}

impl Reader {
    fn run(mut self) {
        let why = loop {
            // First: what was captured before the end was asked for is read below.
            let last = self.stop.is_asked();
            match self.read() {
                Ok(true) => {}
                Ok(false) => return, // nobody hears it
                Err(error) => break Some(error.to_string()),
            }
            if last || self.counted.elapsed() >= COUNTING {
                self.count();
            }
            if last {
                break None;
            }
            let waker = self.stop.0.as_fd();
            if let Err(error) = self.capture.wait(waker, COUNTING) {
                break Some(error.to_string());
            }
        };
        let _ = self.tell.blocking_send(Heard::Ended(why)); // nobody hears it
    }

    /// Hands on all packets that are there. Gives `false` when the receiver is gone.
    fn read(&mut self) -> io::Result<bool> {
        let link = self.capture.link();
        let (mut portion, mut bytes) = (Vec::new(), 0);
        while let Some(packet) = self.capture.packet()? {
            bytes += packet.bytes.len();
            portion.push(Caught {
                link,
                interface: packet.interface,
                utc_ns: Some(packet.utc_ns),
                wire_len: packet.wire_len,
                bytes: packet.bytes.to_vec(),
                outbound: Some(packet.outbound),
                checksum_pending: packet.checksum_pending,
                super_segment: Some(packet.super_segment),
            });
            if bytes >= PORTION {
                let full = Heard::Packets(std::mem::take(&mut portion));
                if self.tell.blocking_send(full).is_err() {
                    return Ok(false);
                }
                bytes = 0;
                if self.stop.is_asked() {
                    // A flood would go on for ever.
                    return Ok(true);
                }
            }
        }
        Ok(portion.is_empty() || self.tell.blocking_send(Heard::Packets(portion)).is_ok())
    }

    fn count(&mut self) {
        self.counted = Instant::now();
        let lost = self.capture.lost();
        if lost > self.lost {
            self.lost = lost;
            let _ = self.tell.blocking_send(Heard::Lost(lost)); // nobody hears it
        }
    }
}
