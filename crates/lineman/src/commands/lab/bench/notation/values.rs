//! Names in a call, replaced by what they stand for.

use lineman_trace::log::Host;

use super::super::complaint::Complaint;
use super::super::known::Known;
use super::names::Named;
use super::reader::Argument;

/// What a call is made on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A socket.
    Socket(i32),
    /// A file over it.
    File(i32),
}

impl Known {
    /// The socket or file of this name: this host's, or if none was named the other's.
    pub(super) fn target(
        &self,
        name: &str,
        named: Option<Host>,
    ) -> Result<(Host, Target), Complaint> {
        let host = named.unwrap_or(self.host);
        let other = match named {
            None => Some(host.other()),
            Some(_) => None,
        };
        let hosts = std::iter::once(host).chain(other);
        let found = hosts
            .into_iter()
            .find_map(|host| self.names.get(host, name).map(|it| (host, it)));
        let (host, it) = found.ok_or_else(|| self.names.unknown(host, name))?;
        let target = match it {
            Named::Socket(fd) => Target::Socket(*fd),
            Named::File(fd) => Target::File(*fd),
            other => return Err(no_value(name, other)),
        };
        Ok((host, target))
    }

    /// An argument without variables. Constants stay as they are.
    pub(super) fn resolved(&self, argument: &Argument, host: Host) -> Result<Argument, Complaint> {
        let all = |arguments: &[Argument]| {
            let each = arguments.iter().map(|it| self.resolved(it, host));
            each.collect::<Result<Vec<_>, _>>()
        };
        Ok(match argument {
            Argument::Name(name) => match self.names.get(host, name) {
                Some(Named::Value(value)) => value.clone(),
                Some(Named::Socket(fd) | Named::File(fd)) => Argument::Number(fd.to_string()),
                Some(other) => return Err(no_value(name, other)),
                None => argument.clone(),
            },
            Argument::Tuple(arguments) => Argument::Tuple(all(arguments)?),
            Argument::List(arguments) => Argument::List(all(arguments)?),
            other => other.clone(),
        })
    }

    /// What `name = …` gives the name.
    pub(super) fn value(&self, argument: &Argument, host: Host) -> Result<Named, Complaint> {
        if let Argument::Name(name) = argument {
            let known = self.names.get(host, name);
            return known.cloned().ok_or_else(|| self.names.unknown(host, name));
        }
        self.resolved(argument, host).map(Named::Value)
    }
}

fn no_value(name: &str, named: &Named) -> Complaint {
    match named {
        Named::Waiting(call) => Complaint::NotYet(name.to_owned(), call),
        Named::Failed(call) => Complaint::NothingReturned(name.to_owned(), call),
        Named::Replaced => Complaint::Replaced(name.to_owned()),
        Named::NotKept => Complaint::NotKept(name.to_owned()),
        Named::Socket(_) | Named::File(_) | Named::Value(_) => {
            Complaint::NoSocketNamed(name.to_owned())
        }
    }
}
