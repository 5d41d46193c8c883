//! The network card of a host: two queues of frames.

use std::collections::VecDeque;

use smoltcp::phy;
use smoltcp::phy::DeviceCapabilities;
use smoltcp::phy::Medium;
use smoltcp::time::Instant;

/// A card that takes everything and loses nothing.
#[derive(Debug, Default)]
pub(super) struct Card {
    /// Frames that the host has not looked at.
    pub(super) inbox: VecDeque<Vec<u8>>,
    /// Frames that it has sent.
    pub(super) outbox: VecDeque<Vec<u8>>,
}

impl phy::Device for Card {
    type RxToken<'a> = Received;
    type TxToken<'a> = Sending<'a>;

    fn receive(&mut self, _: Instant) -> Option<(Received, Sending<'_>)> {
        let frame = self.inbox.pop_front()?;
        Some((Received(frame), Sending(&mut self.outbox)))
    }

    fn transmit(&mut self, _: Instant) -> Option<Sending<'_>> {
        Some(Sending(&mut self.outbox))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = ETHERNET + IP_MTU;
        capabilities
    }
}

#[derive(Debug)]
pub(super) struct Received(Vec<u8>);

impl phy::RxToken for Received {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        read(&self.0)
    }
}

#[derive(Debug)]
pub(super) struct Sending<'a>(&'a mut VecDeque<Vec<u8>>);

impl phy::TxToken for Sending<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, write: F) -> R {
        let mut frame = vec![0; len];
        let result = write(&mut frame);
        self.0.push_back(frame);
        result
    }
}

/// How many bytes the header of an Ethernet frame has (IEEE 802.3 §3).
const ETHERNET: usize = 14;
/// The largest IP packet, in bytes: as the kernel lab's interfaces have it.
pub(super) const IP_MTU: usize = 1500;
