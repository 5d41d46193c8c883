//! The ways to capture, in the order in which they are tried.

use std::io;
use std::io::ErrorKind;

use lineman_net::Operation;
use lineman_net::SystemError;
use lineman_net::capture::OpenError;

use super::Live;
use super::Request;
use super::dumpcap;
use super::dumpcap::Refused;
use super::filter;
use super::socket;
pub use super::socket::Opened;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lang::watch::Watch;
use crate::programs;

/// Begins to capture: by a socket, or by dumpcap where that is not permitted.
///
/// # Errors
/// Without either: with how to get the right, and [`Exit::NotPermitted`]. When there is no such interface, or
/// the filter does not fit it.
pub fn begin(request: &Request, console: Console) -> Result<Live, Failure> {
    match socket::begin(request) {
        Ok(live) => Ok(live),
        Err(OpenError::Filter(error)) => Err(filter::wrong(request.filter.text(), &error, console)),
        Err(OpenError::System(error)) if error.kind() == ErrorKind::PermissionDenied => {
            dumpcap::begin(request, console.lang)
                .map_err(|refused| not_permitted(request, &refused, console))
        }
        Err(OpenError::System(error)) => Err(failed(request, error, console)),
    }
}

/// Opens the socket alone, for a program that gives up its rights before its threads start. dumpcap is not tried: it
/// would be a program beside one that is confined.
///
/// # Errors
/// As [`begin`].
pub fn open(request: &Request, console: Console) -> Result<Opened, Failure> {
    socket::open(request).map_err(|error| match error {
        OpenError::Filter(error) => filter::wrong(request.filter.text(), &error, console),
        OpenError::System(error) if error.kind() == ErrorKind::PermissionDenied => {
            let (interface, program) = (&request.name(), &programs::this());
            let words = Watch::NotPermittedSocket { interface, program };
            Failure::new(Exit::NotPermitted, &words, console.lang)
        }
        OpenError::System(error) => failed(request, error, console),
    })
}

fn failed(request: &Request, error: io::Error, console: Console) -> Failure {
    let error = SystemError::new(Operation::Open, request.name())(error);
    Failure::system(&error, console.lang)
}

/// One sentence that says how to get the right. It names this program, to be copied.
fn not_permitted(request: &Request, refused: &Refused, console: Console) -> Failure {
    let (interface, program) = (&request.name(), &programs::this());
    let absent = Watch::NotPermitted { interface, program };
    match refused {
        Refused::Absent => Failure::new(Exit::NotPermitted, &absent, console.lang),
        Refused::Said(why) => {
            let either = Watch::NotPermittedEither {
                interface,
                program,
                why,
            };
            Failure::new(Exit::NotPermitted, &either, console.lang)
        }
    }
}
