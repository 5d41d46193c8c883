//! Which packets of a file are wanted. Its interfaces may be of several links, and each has a program of its own.

use lineman_proto::wire::filter::Filter;
use lineman_proto::wire::filter::FilterError;
use lineman_proto::wire::filter::Program;
use lineman_trace::capture::Captured;
use lineman_trace::files::LinkType;

/// A filter for the packets of a file.
#[derive(Debug, Default)]
pub struct Wanted {
    filter: Filter,
    programs: Vec<(LinkType, Option<Program>)>,
    /// Why there is none for the packets of some link: these are not wanted.
    refused: Option<FilterError>,
}

impl Wanted {
    /// What this filter accepts.
    pub fn new(filter: Filter) -> Self {
        Self {
            filter,
            ..Self::default()
        }
    }

    /// Whether a packet is.
    pub fn accepts(&mut self, packet: &Captured<'_>) -> bool {
        if self.filter.is_empty() {
            return true;
        }
        let known = self
            .programs
            .iter()
            .position(|(link, _)| *link == packet.link);
        let at = known.unwrap_or_else(|| self.compile(packet.link));
        let program = self.programs[at].1.as_ref();
        program.is_some_and(|it| it.accepts(packet.bytes, packet.wire_len as usize))
    }

    fn compile(&mut self, link: LinkType) -> usize {
        let program = self.filter.compile(link);
        let program = program.map_err(|error| self.refused.get_or_insert(error));
        self.programs.push((link, program.ok()));
        self.programs.len() - 1
    }

    /// The filter's text, and what it asks for that the packets of some link do not have.
    pub fn refused(&self) -> Option<(&str, &FilterError)> {
        Some((self.filter.text(), self.refused.as_ref()?))
    }
}
