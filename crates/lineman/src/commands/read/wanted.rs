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
    /// How many packets there were, as long as none was wanted.
    unwanted: Unwanted,
    has_any: bool,
}

/// Packets that a filter does not accept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unwanted {
    /// How many.
    pub count: u64,
    /// Whether some of them have a VLAN tag, behind which the filter does not look.
    pub is_tagged: bool,
}

/// The EtherTypes of tags (IEEE 802.1Q), and one that was used before there was a standard for two of them.
const TAGS: [[u8; 2]; 3] = [[0x81, 0x00], [0x88, 0xa8], [0x91, 0x00]];

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
        let accepts = program.is_some_and(|it| it.accepts(packet.bytes, packet.wire_len as usize));
        self.has_any |= accepts;
        if !self.has_any {
            let kind = packet.bytes.get(12..14);
            let is_tagged = kind.is_some_and(|kind| TAGS.iter().any(|tag| tag == kind));
            self.unwanted.count += 1;
            self.unwanted.is_tagged |= is_tagged && packet.link == LinkType::ETHERNET;
        }
        accepts
    }

    /// The filter's text, and the packets that there are, if it accepts none of them.
    pub fn fits_none(&self) -> Option<(&str, Unwanted)> {
        let none = !self.has_any && self.unwanted.count > 0;
        none.then(|| (self.filter.text(), self.unwanted))
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
