//! What is left out of a ladder, and what stood there.

use lineman_proto::wire::Flags;
use serde::Serialize;

use super::Ask;
use super::Chance;
use super::Plan;
use super::is_sent;
use super::is_shown;
use crate::learn::guess::is_about_packet;
use crate::log::Host;
use crate::log::TcpState;
use crate::story::Known;
use crate::story::Row;
use crate::story::Saying;

/// Something that is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Blank {
    /// The row.
    pub row: usize,
    /// What of it.
    pub field: Field,
}

/// A place of a row that can be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// The sequence number.
    Seq,
    /// The acknowledgment number.
    Ack,
    /// The flags.
    Flags,
    /// The state of a host after the row.
    State(Host),
}

impl Field {
    fn ask(self) -> Ask {
        match self {
            Self::Seq => Ask::Seq,
            Self::Ack => Ask::Ack,
            Self::Flags => Ask::Flags,
            Self::State(_) => Ask::State,
        }
    }
}

/// As many blanks as are wanted, in the order of rows: of each kind that is asked as many as of the others, as far as
/// there are.
pub(super) fn chosen(rows: &[Row], plan: &Plan, chance: &mut Chance) -> Vec<Blank> {
    let mut kinds: Vec<Vec<Blank>> = Vec::new();
    for ask in Ask::ALL.iter().filter(|ask| plan.ask.contains(ask)) {
        let rows = rows.iter().enumerate();
        let mut all: Vec<Blank> = rows
            .flat_map(|(at, row)| {
                fields(row)
                    .into_iter()
                    .map(move |field| Blank { row: at, field })
            })
            .filter(|blank| blank.field.ask() == *ask)
            .collect();
        chance.shuffle(&mut all);
        kinds.push(all);
    }
    let mut chosen = Vec::new();
    while chosen.len() < plan.blanks && kinds.iter().any(|kind| !kind.is_empty()) {
        for kind in &mut kinds {
            chosen.extend(kind.pop().filter(|_| chosen.len() < plan.blanks));
        }
    }
    // Within a row they stand from left to right.
    chosen.sort_by_key(|blank| (blank.row, place(blank.field)));
    chosen
}

/// Where a field stands in a line, from the left.
fn place(field: Field) -> u8 {
    match field {
        Field::State(Host::Client) => 0,
        Field::Flags => 1,
        Field::Seq => 2,
        Field::Ack => 3,
        Field::State(Host::Server) => 4,
    }
}

/// What can be asked about a row. Only a state that is new is asked, and none that packets contradict.
fn fields(row: &Row) -> Vec<Field> {
    let Some(arrow) = row.arrow.as_ref().filter(|arrow| is_shown(arrow)) else {
        return Vec::new();
    };
    let mut fields = Vec::new();
    if is_sent(arrow) {
        let known = [Field::Seq, Field::Ack, Field::Flags];
        // Nobody can tell the numbers of a connection before this one.
        let is_known = |field: &Field| *field == Field::Flags || arrow.counted().is_some();
        let is_asked = |field: &Field| is_known(field) && truth(row, *field).is_some();
        fields.extend(known.into_iter().filter(is_asked));
    }
    for host in [Host::Client, Host::Server] {
        let cell = row.states[host].filter(|cell| cell.before != cell.after);
        if cell.is_some_and(|cell| cell.known != Known::Contradicted) {
            fields.push(Field::State(host));
        }
    }
    fields
}

/// What stands in a place of a row; numbers count from the connection's beginning, or are those of the header, where they are of another.
pub(super) fn truth(row: &Row, field: Field) -> Option<String> {
    if let Field::State(host) = field {
        return row.states[host].map(|cell| cell.after.name().to_owned());
    }
    let arrow = row.arrow.as_ref()?;
    let segment = arrow.seen.segment().filter(|_| arrow.place.is_some())?;
    let counted = arrow.counted();
    let seq = counted.map_or_else(|| i64::from(segment.seq), |place| place.seq);
    let ack = match counted {
        Some(place) => place.ack,
        None => Some(segment.ack.into()),
    };
    match field {
        Field::Seq => (segment.takes() > 0).then(|| seq.to_string()),
        Field::Ack => ack
            .filter(|_| segment.has(Flags::ACK))
            .map(|ack| ack.to_string()),
        Field::Flags | Field::State(_) => Some(segment.flags.to_string()),
    }
}

/// All that can stand for a number: as the ladder counts it, then as it stands in the header. Of other fields only what stands there.
pub(super) fn truths(row: &Row, field: Field) -> Vec<String> {
    let segment = row.arrow.as_ref().and_then(|arrow| arrow.seen.segment());
    let header = segment.and_then(|segment| match field {
        Field::Seq => Some(segment.seq),
        Field::Ack => Some(segment.ack),
        Field::Flags | Field::State(_) => None,
    });
    let counted = truth(row, field).into_iter();
    counted
        .chain(header.map(|number| number.to_string()))
        .collect()
}

/// Whether a learner's answer is right: a number as the ladder counts it or as it stands in the header, flags in any
/// order, a state by its name in the RFC or in a textbook.
pub(super) fn is_right(row: &Row, field: Field, answer: &str) -> bool {
    let Some(truth) = truth(row, field) else {
        return false;
    };
    let answer = answer.trim();
    match field {
        // Numbers are compared as texts: 01 is no number that a learner writes.
        Field::Seq | Field::Ack => truths(row, field).iter().any(|truth| answer == truth),
        Field::Flags => flags(answer) == flags(&truth),
        Field::State(_) => state(answer).is_some_and(|state| state.name() == truth),
    }
}

/// Names of flags, sorted: `syn, ack` is what `SYN+ACK` is.
fn flags(text: &str) -> Vec<String> {
    let names = text.split(|sign: char| !sign.is_ascii_alphanumeric());
    let mut names: Vec<String> = names
        .filter(|name| !name.is_empty())
        .map(str::to_ascii_uppercase)
        .collect();
    names.sort();
    names.dedup();
    names
}

/// A state by a name of it: with any signs between its words, or as textbooks and ss(8) shorten it.
pub(super) fn state(text: &str) -> Option<TcpState> {
    let bare = |text: &str| -> String {
        let signs = text.chars().filter(char::is_ascii_alphanumeric);
        signs.map(|sign| sign.to_ascii_uppercase()).collect()
    };
    let typed = bare(text);
    let typed = match typed.as_str() {
        "SYNRCVD" | "SYNRECV" => "SYNRECEIVED",
        "ESTAB" => "ESTABLISHED",
        "CLOSE" => "CLOSED",
        other => other,
    };
    TcpState::ALL
        .into_iter()
        .find(|state| bare(state.name()) == typed)
}

/// Why what stands there does, as the story says it: of a state why it changed, of a number or of flags what the
/// packet is.
pub(super) fn why(row: &Row, field: Field) -> Vec<&Saying> {
    let mut sayings = row.sayings.iter();
    let found = match field {
        Field::State(host) => {
            sayings.find(|it| matches!(it, Saying::Moved { who, .. } if *who == host))
        }
        _ => sayings.find(|it| is_about_packet(it)),
    };
    found.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_has_the_names_that_books_and_tools_give_it() {
        for (typed, meant) in [
            ("SYN-RECEIVED", TcpState::SynReceived),
            ("syn_rcvd", TcpState::SynReceived),
            ("SYN RECV", TcpState::SynReceived),
            ("FIN-WAIT1", TcpState::FinWait1),
            ("fin_wait_2", TcpState::FinWait2),
            ("estab", TcpState::Established),
            (" time-wait ", TcpState::TimeWait),
        ] {
            assert_eq!(state(typed), Some(meant), "{typed}");
        }
        for wrong in ["", "SYN", "FIN-WAIT", "FIN-WAIT-3", "ESTABLISHEDX"] {
            assert_eq!(state(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn flags_are_a_set() {
        for same in ["SYN+ACK", "ack syn", "SYN, ACK", "SYN|ACK|ACK", "[SYN,ACK]"] {
            assert_eq!(flags(same), ["ACK", "SYN"], "{same}");
        }
        assert_ne!(flags("SYN"), flags("SYN+ACK"));
        assert_ne!(flags(""), flags("SYN"));
    }
}
