//! What happens is shown while it happens, for every command that has something to show: a [`source`] makes
//! a log grow, a [`session`] hears everything that comes, a [`presenter`] shows it, a [`record`] keeps it.
//!
//! The log is a [`Hub`](lineman_trace::log::Hub): the session is one of its readers, scripts are others.

pub mod drawing;
pub mod log_time;
pub mod presenter;
pub mod record;
pub mod session;
pub mod source;
