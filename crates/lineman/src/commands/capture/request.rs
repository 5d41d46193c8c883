//! What is asked of a capture.

use lineman_net::capture::Device;
use lineman_net::capture::devices;
use lineman_proto::wire::filter::Filter;

use super::filter;
use crate::console::Console;
use crate::failure::Failure;
use crate::lang::watch::Watch;

/// What is to be captured.
#[derive(Clone, Debug)]
pub struct Request {
    /// On which interface; `None` is all of them.
    pub interface: Option<Device>,
    pub filter: Filter,
    pub promiscuous: bool,
    /// How many bytes the kernel shall keep.
    pub buffer: usize,
}

/// The name that stands for all interfaces; no interface has it.
pub const ANY: &str = "any";

impl Request {
    /// Of an interface that a person named, by its name or one of its addresses.
    ///
    /// # Errors
    /// When there is none, or the filter cannot be understood.
    pub fn new(interface: &str, text: &str, console: Console) -> Result<Self, Failure> {
        let usual = lineman_net::capture::Options::default();
        let interface = match interface {
            ANY => None,
            name => Some(device(name, console)?),
        };
        Ok(Self {
            interface,
            filter: filter::parse(text, console)?,
            promiscuous: false,
            buffer: usual.buffer,
        })
    }

    /// The name of the interface.
    pub fn name(&self) -> &str {
        self.interface.as_ref().map_or(ANY, |device| &device.name)
    }
}

fn device(wanted: &str, console: Console) -> Result<Device, Failure> {
    let all = devices();
    let address = wanted.parse().ok();
    let fits = |one: &&Device| {
        one.name == wanted || address.is_some_and(|address| one.addresses.contains(&address))
    };
    if let Some(found) = all.iter().find(fits) {
        return Ok(found.clone());
    }
    let names: Vec<&str> = all.iter().map(|one| one.name.as_str()).collect();
    let names = &names.join(", ");
    let words = Watch::NoInterface {
        wanted: &wanted,
        names,
    };
    Err(Failure::usage(&words, console.lang))
}
