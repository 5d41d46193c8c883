//! What there is to say about a row.

use std::net::SocketAddr;
use std::ops::RangeInclusive;

use super::Around;
use super::Arrow;
use super::Datagram;
use super::Fate;
use super::IcmpError;
use super::Known;
use super::Reason;
use super::Row;
use super::Saying;
use super::Stretch;
use super::What;
use super::around::Hears;
use super::explain_between::of_way;
use super::explain_calls::of_calls;
use super::explain_reset::is_captured;
use super::explain_tcp::of_segment;
use super::explain_tcp::taken;
use super::explain_tftp::malformed;
use super::explain_tftp::of_tftp;
use super::millis;
use super::wire::BETWEEN_RULES;
use crate::log::Answer;
use crate::log::Counted;
use crate::log::Counter;
use crate::log::FORGED;
use crate::log::Host;
use crate::log::TcpState;
use lineman_proto::wire::Flags;
use lineman_proto::wire::Problem;
use lineman_proto::wire::flow::Again;
use lineman_proto::wire::flow::Arrival;
use lineman_proto::wire::flow::Label;
use lineman_proto::wire::flow::Order;
use lineman_proto::wire::flow::Unbelieved;

/// DATA, ACK, ERROR, OACK (RFC 1350 §5, RFC 2347).
const OPCODES_OF_ANSWERS: RangeInclusive<u16> = 3..=6;

/// A packet that was held for less, in nanoseconds, is told as one that was not: in steps each one is held for a moment.
const SEEN_NS: u64 = 20_000_000;
/// A rule that has packets overtaken holds none longer, in nanoseconds.
const HELD_AT_MOST_NS: u64 = 100_000_000;

/// The packet first, then its fate, then what became of the two ends.
pub(super) fn explain(row: &Row, around: &Around) -> Vec<Saying> {
    let mut out = Vec::new();
    if let Some(arrow) = &row.arrow {
        of_arrow(row, arrow, around, &mut out);
    }
    out.extend(around.counted.iter().filter_map(|it| no_room(row, it)));
    of_states(row, around, &mut out);
    of_calls(row, &around.deserted, &mut out);
    out
}

/// A listener without room says nothing on the wire, nor does a UDP socket.
fn no_room(row: &Row, counted: &Counted) -> Option<Saying> {
    // Linux finds a wrong checksum when a program reads the datagram, and not if there was no room for it.
    let damaged = row
        .arrow
        .as_ref()
        .is_some_and(|it| it.arrival == Arrival::Damaged);
    let (who, queues) = (counted.host, counted.queues.unwrap_or_default());
    match counted.counter {
        Counter::ListenOverflows => Some(Saying::QueueFull {
            who,
            waiting: queues.unread,
            backlog: queues.unsent,
        }),
        Counter::ReceiveBufferErrors | Counter::ReceiveBufferErrorsV6 => {
            (!damaged).then_some(Saying::UdpNoRoom { who })
        }
        _ => None,
    }
}

fn of_arrow(row: &Row, arrow: &Arrow, around: &Around, out: &mut Vec<Saying>) {
    match arrow.stretch {
        Stretch::Repeat => {
            out.push(Saying::HeldAgain {
                who: arrow.from,
                times: arrow.again.map_or(arrow.repeats, |again| again.times),
            });
            return;
        }
        // The wire has made it: there is no row in which it departs.
        _ if arrow.copy_of.is_some() => {
            let (who, at) = (arrow.from, seconds(arrow.sent_ns));
            out.push(match arrow.between {
                Some(_) => Saying::PairCopy { who, at },
                None => Saying::Copied { who, at },
            });
        }
        Stretch::Landing => {
            if arrow.fate == Fate::Delivered && arrow.held {
                out.push(released(arrow, around));
            }
            // Before it arrives, nobody has heard of it.
            if let What::IcmpError(error) = &arrow.seen.what {
                out.extend(heard(row, arrow, error, around));
            }
        }
        Stretch::Whole | Stretch::Departure => {
            if arrow.rules.iter().any(|rule| rule == FORGED) {
                out.push(Saying::Forged { who: arrow.from });
            }
            // Of what it says nothing is known to be its sender's.
            if !arrow.is_unsent() {
                of_content(row, arrow, around, out);
            }
            out.extend(held_meanwhile(arrow, around));
        }
    }
    of_fate(row, arrow, around, out);
}

/// That a person has held it, where it has one row because nothing else happened meanwhile.
fn held_meanwhile(arrow: &Arrow, around: &Around) -> Option<Saying> {
    let by_rule = around.wanted.is_some() || around.delayed;
    let arrived = arrow.fate == Fate::Delivered && arrow.held && !by_rule;
    let way_ns = arrow.decided_ns?.saturating_sub(arrow.sent_ns);
    (arrived && way_ns >= SEEN_NS).then_some(Saying::LetThrough {})
}

fn of_content(row: &Row, arrow: &Arrow, around: &Around, out: &mut Vec<Saying>) {
    let who = arrow.from;
    match &arrow.seen.what {
        What::Tcp(segment) => of_segment(row, arrow, segment, around, out),
        What::Udp(datagram) => match (&datagram.tftp, arrow.file) {
            (Some(packet), Some(step)) => {
                of_tftp(arrow, packet, step, out);
                out.extend(datagram.flaw.as_ref().map(malformed));
            }
            _ => {
                let port = arrow.seen.to.map_or(0, |to| to.port());
                out.push(match datagram.len as u64 {
                    0 => Saying::UdpEmpty { who, port },
                    len if datagram.in_pieces => Saying::UdpPieces { who, len, port },
                    len => Saying::Udp { who, len, port },
                });
                out.extend(no_tftp(who, datagram));
                out.extend(datagram.flaw.as_ref().map(malformed));
            }
        },
        What::IcmpError(error) => {
            out.push(reported(arrow, error, around));
            if arrow.stretch == Stretch::Whole {
                out.extend(heard(row, arrow, error, around));
            }
        }
        // What holds for the first and the last holds for those between.
        What::Piece(piece) if piece.more => {}
        What::Piece(piece) => out.push(Saying::PieceLast {
            who,
            offset: piece.offset as u64,
            len: piece.len as u64,
        }),
        What::Other => {
            let line = arrow.seen.line.clone();
            out.push(match line.is_empty() {
                true => Saying::Unknown { who },
                false => Saying::Other { who, line },
            });
        }
    }
}

/// What an ICMP error says, and who says it: a router on the way, where it is none of the two ends.
fn reported(arrow: &Arrow, error: &IcmpError, around: &Around) -> Saying {
    let who = arrow.from;
    let address = arrow
        .seen
        .from
        .map_or_else(String::new, |from| from.ip().to_string());
    let icmp = error.protocol().to_owned();
    match error.problem {
        Problem::Port => {
            let Some(target) = error.target else {
                return Saying::Undelivered { address, icmp };
            };
            let port = target.port();
            let is_target = arrow.seen.from.is_none_or(|from| from.ip() == target.ip());
            match (around.elsewhere, around.only_from) {
                _ if !is_target => Saying::UdpRefusedBetween {
                    address,
                    port,
                    host: target.ip().to_string(),
                    icmp,
                },
                (Some(listens), _) => Saying::UdpElsewhere {
                    who,
                    port,
                    address: target.ip().to_string(),
                    listens: listens.ip().to_string(),
                    any: any_address(target).to_owned(),
                    icmp,
                },
                (None, Some(peer)) => Saying::UdpRefusedByConnected {
                    who,
                    port,
                    address: peer.to_string(),
                    icmp,
                },
                (None, None) if is_captured(arrow) => Saying::UdpRefusedSomehow { who, port, icmp },
                (None, None) => Saying::UdpRefused { who, port, icmp },
            }
        }
        Problem::Network => Saying::NetworkUnreachable { address, icmp },
        Problem::Host => Saying::HostUnreachable { address, icmp },
        Problem::Protocol => Saying::ProtocolUnreachable { address, icmp },
        Problem::Prohibited => Saying::Prohibited { address, icmp },
        Problem::Delivery => Saying::Undelivered { address, icmp },
        Problem::Quench => Saying::SourceQuench { address, icmp },
        Problem::Redirect => Saying::Redirected { address, icmp },
        Problem::TimeToLive => Saying::TimeToLiveExceeded { address, icmp },
        Problem::Reassembly => Saying::ReassemblyTimeExceeded { address, icmp },
        Problem::Parameter => Saying::ParameterProblem { address, icmp },
        Problem::TooBig => match error.mtu {
            Some(mtu) => Saying::TooBigFor {
                address,
                mtu: mtu.into(),
                icmp,
            },
            None => Saying::TooBig { address, icmp },
        },
    }
}

/// The address that stands for all addresses of a host, in the family of this one.
pub(super) fn any_address(of: SocketAddr) -> &'static str {
    match of {
        SocketAddr::V4(_) => "0.0.0.0",
        SocketAddr::V6(_) => "::",
    }
}

/// How the program whose datagram nobody receives is told; nothing where the row shows the call that has failed because of it.
fn heard(row: &Row, arrow: &Arrow, error: &IcmpError, around: &Around) -> Option<Saying> {
    let who = arrow.from.other();
    let answer = row.calls[who]
        .as_ref()
        .and_then(|cell| cell.answer.as_ref());
    let fails = matches!(answer, Some(Answer::Error(error)) if error == "ECONNREFUSED");
    // Lost on its way, or still there, it tells nobody.
    let arrives = arrow.fate.arrives() && !arrow.altered && !arrow.may_be_lost();
    if fails || !arrives || error.closed_port().is_none() {
        return None;
    }
    Some(match &around.hears {
        Some(Hears::Waits { name }) => Saying::UdpRefusedWaits {
            who,
            name: name.clone(),
        },
        Some(Hears::Later) => Saying::UdpRefusedLater { who },
        Some(Hears::Never) => Saying::UdpRefusedUnheard { who },
        Some(Hears::NotOf { peer }) => Saying::UdpRefusedOther {
            who,
            address: peer.to_string(),
        },
        Some(Hears::Gone) => Saying::UdpRefusedGone { who },
        Some(Hears::Ended) => Saying::UdpRefusedEnded { who },
        Some(Hears::Forged) => Saying::UdpRefusedForged { who },
        None => Saying::UdpRefusedUnseen { who },
    })
}

/// What begins otherwise than an answer of TFTP could, where one was due.
fn no_tftp(who: Host, datagram: &Datagram) -> Option<Saying> {
    let begins = datagram.preview.first_chunk::<2>()?;
    let opcode = u16::from_be_bytes(*begins);
    let due = datagram.left_tftp && !OPCODES_OF_ANSWERS.contains(&opcode);
    let [high, low] = begins;
    due.then(|| Saying::TftpNot {
        who,
        begins: format!("{high:02x} {low:02x}"),
    })
}

fn of_fate(row: &Row, arrow: &Arrow, around: &Around, out: &mut Vec<Saying>) {
    let receiver = arrow.from.other();
    if let Some(between) = &arrow.between {
        of_way(arrow, between, out);
    }
    match arrow.fate {
        Fate::Held => match by_rules(arrow) {
            none if none.is_empty() => out.push(Saying::Held {}),
            by_rules => out.extend(by_rules),
        },
        Fate::Crossing if arrow.stretch == Stretch::Departure => {}
        Fate::Crossing => out.push(Saying::Crossing {}),
        Fate::Dropped if let Some(address) = arrow.nobody => {
            let resolution = match address.is_ipv4() {
                true => "ARP",
                false => "NDP",
            };
            out.push(Saying::Nobody {
                address: address.to_string(),
            });
            out.push(Saying::NobodyTells {
                who: arrow.from,
                resolution: resolution.to_owned(),
            });
            if arrow.label == Some(Label::Syn) {
                out.push(Saying::NobodyConnects { who: arrow.from });
            }
        }
        Fate::Dropped if arrow.between.is_some() => {}
        // A rule may have doubled or changed it before.
        Fate::Dropped if is_decided_by_hand(arrow) => out.push(Saying::LostByHand {}),
        Fate::Dropped => out.push(match together(of_the_wire(arrow)) {
            Some(rule) => Saying::Lost { rule },
            None => Saying::LostByHand {},
        }),
        Fate::Captured => of_captured(arrow, out),
        Fate::Delivered => {
            // Where it goes on, it was said before.
            let by_rules = by_rules(arrow);
            if arrow.stretch == Stretch::Whole && !by_rules.is_empty() {
                out.extend(by_rules);
                out.push(released(arrow, around));
            }
            if arrow.altered && arrow.between.is_none() {
                out.push(Saying::Altered { who: receiver });
            }
            match arrow.arrival {
                // The answer to what nobody takes in says why.
                Arrival::InOrder | Arrival::Gone => out.extend(reset_of_none(row, arrow)),
                Arrival::Passed { due } => out.extend(passed_by(row, arrow, due)),
                Arrival::ResetIgnored(check) => out.extend(ignored(row, arrow, check)),
                Arrival::Early => out.push(Saying::Early { who: receiver }),
                Arrival::FinTooEarly => out.push(Saying::FinTooEarly { who: receiver }),
                // What a probe is for is said of it.
                Arrival::NoRoom if matches!(arrow.label, Some(Label::Probe { .. })) => {}
                Arrival::NoRoom => out.push(Saying::NoRoom { who: receiver }),
                Arrival::Stale if waits_out(row, receiver) => {
                    out.push(Saying::StaleTimeWait { who: receiver });
                }
                Arrival::Stale => out.push(Saying::Stale { who: receiver }),
                Arrival::OldAck => out.push(Saying::OldAck { who: receiver }),
                Arrival::Damaged => out.push(Saying::Damaged { who: receiver }),
                // Its number is an old one, its acknowledgment is not.
                Arrival::SynAgain if arrow.label == Some(Label::SynAckCrossed) => {}
                Arrival::SynAgain if taken(row, arrow) => {}
                // Nobody remembers that it came before: the answer says why.
                Arrival::SynAgain | Arrival::FinAgain | Arrival::Known
                    if !remembers(row, arrow, around) => {}
                Arrival::SynAgain => out.push(match row.states[receiver] {
                    _ if around.is_simulated => Saying::KnownSynSimulated { who: receiver },
                    // Later than that Linux, too, answers by an ACK.
                    Some(cell) if cell.before == TcpState::SynReceived => {
                        Saying::KnownSyn { who: receiver }
                    }
                    _ => Saying::Known { who: receiver },
                }),
                Arrival::FinAgain => out.push(Saying::KnownFin { who: receiver }),
                Arrival::Known => out.push(Saying::Known { who: receiver }),
            }
        }
    }
}

/// An empty segment that comes too late: the acknowledgment that its receiver owes because of it would seem to have no reason.
fn passed_by(row: &Row, arrow: &Arrow, due: i64) -> Option<Saying> {
    let who = arrow.from.other();
    let seq = arrow.place?.seq;
    let is_open = row.states[who].is_none_or(|cell| cell.before != TcpState::Closed);
    is_open.then_some(match waits_out(row, who) {
        true => Saying::PassedByTimeWait { who, seq, due },
        false => Saying::PassedBy { who, seq, due },
    })
}

/// Whether a packet has found its receiver in TIME-WAIT: Linux has rules of its own for that.
fn waits_out(row: &Row, who: Host) -> bool {
    row.states[who].is_some_and(|cell| cell.before == TcpState::TimeWait)
}

/// Why a reset does nothing, where its receiver's TCP does not say otherwise.
fn ignored(row: &Row, arrow: &Arrow, check: Unbelieved) -> Option<Saying> {
    let who = arrow.from.other();
    let cell = row.states[who]?;
    if cell.before == TcpState::Closed {
        return reset_of_none(row, arrow);
    }
    let seq = arrow.place?.seq;
    (cell.before == cell.after).then_some(match check {
        Unbelieved::Outside { due } => Saying::ResetOutside { who, seq, due },
        Unbelieved::NotDue { due } => Saying::ResetNotDue { who, seq, due },
        Unbelieved::NoAnswer => Saying::ResetNoAnswer { who },
    })
}

/// A reset for an end that is closed.
fn reset_of_none(row: &Row, arrow: &Arrow) -> Option<Saying> {
    let who = arrow.from.other();
    let resets = arrow.seen.segment()?.has(Flags::RST);
    let cell = row.states[who]?;
    let is_gone = (cell.before, cell.after) == (TcpState::Closed, TcpState::Closed);
    (resets && is_gone).then_some(Saying::ResetGone { who })
}

/// What a capture shows of how a segment came: not how its receiver found it, which nobody has seen.
fn of_captured(arrow: &Arrow, out: &mut Vec<Saying>) {
    if arrow.arrival == Arrival::Damaged {
        out.push(Saying::CapturedDamaged { who: arrow.from });
        return;
    }
    match arrow.order {
        Some(Order::Gap) => out.push(Saying::CapturedGap { who: arrow.from }),
        Some(Order::Late) => out.push(Saying::CapturedLate { who: arrow.from }),
        Some(Order::Next) | None => {}
    }
}

/// That it has been held, and goes on: because a person let it through, because it was overtaken, because the rule holds none for
/// longer, or because it was delayed for so long.
fn released(arrow: &Arrow, around: &Around) -> Saying {
    let decided_ns = arrow.decided_ns.unwrap_or(arrow.sent_ns);
    let way_ns = decided_ns.saturating_sub(arrow.sent_ns);
    let millis = millis(way_ns);
    match around.wanted {
        // Of those that pass it some may be held in turn, and arrive behind it: the rule has counted them.
        Some(wanted) if arrow.overtaken < wanted && way_ns >= HELD_AT_MOST_NS => {
            Saying::ReleasedAtLimit { millis }
        }
        Some(wanted) if arrow.overtaken < wanted => Saying::ReleasedPassed { millis },
        Some(_) => Saying::Released { millis },
        None if around.delayed => Saying::CameLate { millis },
        None => Saying::LetThrough {}, // no rule has held it
    }
}

/// Which rules have it arrive later: whatever else passes, or when others have passed.
fn by_rules(arrow: &Arrow) -> Vec<Saying> {
    let delays = together(of_the_wire(arrow).filter(|rule| delays(rule)));
    let reorders = |rule: &&String| words(rule).any(|word| word == REORDER);
    let reorders = together(of_the_wire(arrow).filter(reorders));
    let delayed = delays.map(|rule| Saying::Delayed { rule });
    let held_back = reorders.map(|rule| Saying::HeldBy { rule });
    delayed.into_iter().chain(held_back).collect()
}

/// A packet is the same as one before it: in a lab the wire has made it, of a capture that is not known. It is told by the time of that: not every number that the wire
/// gives is shown.
pub(super) fn copied(arrow: &Arrow, again: Again) -> Saying {
    let (who, at) = (
        arrow.from,
        seconds(arrow.sent_ns.saturating_sub(again.wait_ns)),
    );
    match is_captured(arrow) {
        true => Saying::CapturedTwice { who, at },
        false => Saying::Copied { who, at },
    }
}

/// A time as it stands beside a row.
fn seconds(ns: u64) -> String {
    let millis = millis(ns);
    format!("{}.{:03}", millis / 1000, millis % 1000)
}

/// Rules as one text, if there are any.
fn together<'r>(rules: impl Iterator<Item = &'r String>) -> Option<String> {
    let rules: Vec<&str> = rules.map(String::as_str).collect();
    (!rules.is_empty()).then(|| rules.join(BETWEEN_RULES))
}

/// Whether a rule has packets arrive later.
pub(super) fn delays(rule: &str) -> bool {
    words(rule).any(|word| matches!(word, "delay" | "jitter" | "rate"))
}

/// The word of a rule that has others overtake a packet.
pub(super) const REORDER: &str = "reorder";

/// The words of a rule, which may stand right behind the direction: `c>s:reorder 1`.
pub(super) fn words(rule: &str) -> impl Iterator<Item = &str> {
    rule.split([' ', ';', ':'])
}

/// Whether its receiver's TCP still knew the connection when it came, as far as it was asked.
fn remembers(row: &Row, arrow: &Arrow, around: &Around) -> bool {
    match row.states[arrow.from.other()] {
        Some(cell) => !matches!(cell.before, TcpState::Closed | TcpState::Listen),
        None => !around.all_asked,
    }
}

/// Whether a person has decided about it: what a rule drops is never asked about.
fn is_decided_by_hand(arrow: &Arrow) -> bool {
    arrow.rules.iter().any(String::is_empty)
}

/// The rules that decided about it.
fn of_the_wire(arrow: &Arrow) -> impl Iterator<Item = &String> {
    arrow
        .rules
        .iter()
        .filter(|rule| !rule.is_empty() && *rule != FORGED)
}

/// The sender first: it changed its state before the packet left.
fn of_states(row: &Row, around: &Around, out: &mut Vec<Saying>) {
    let first = row.arrow.as_ref().map_or(Host::Client, |arrow| arrow.from);
    for who in [first, first.other()] {
        let Some(cell) = row.states[who].filter(|cell| cell.before != cell.after) else {
            continue;
        };
        match cell.through {
            Some(through) => {
                out.push(moved(row, around, who, (cell.before, through)));
                out.push(Saying::Passed {
                    who,
                    state: through,
                });
                out.push(moved(row, around, who, (through, cell.after)));
            }
            None if around.replaced[who] => {
                out.push(Saying::TimeWaitReplaced { who });
                out.push(moved(row, around, who, (cell.before, cell.after)));
            }
            // It has not moved: what was thought before was wrong.
            None if cell.known == Known::Contradicted => {}
            None => {
                let told = moved(row, around, who, (cell.before, cell.after));
                let full = full_window(&told, around);
                out.push(told);
                out.extend(full);
            }
        }
        match cell.known {
            Known::Passed => out.push(Saying::Passed {
                who,
                state: cell.after,
            }),
            Known::Contradicted => out.push(contradicted(who, (cell.before, cell.after))),
            Known::Kernel | Known::Simulated | Known::Deduced => {}
        }
    }
}

/// What a FIN waits for that is behind all bytes of its program, where its kernel has told.
fn full_window(told: &Saying, around: &Around) -> Option<Saying> {
    let Saying::Moved { who, reason, .. } = *told else {
        return None;
    };
    let behind_all = reason.has_fin_later() && around.all_left[who] == Some(true);
    let window = around.full_window[who].filter(|_| behind_all)?.into();
    Some(Saying::FinCwnd { who, window })
}

/// Who was in CLOSED may have been brought there by a reset, which cannot have counted then. One in LAST-ACK has not got an ACK.
fn contradicted(who: Host, (before, state): (TcpState, TcpState)) -> Saying {
    match (before, state) {
        (TcpState::Closed, TcpState::LastAck) => Saying::Contradicted { who, state },
        (TcpState::Closed, _) => Saying::GoesOn { who, state },
        _ => Saying::Contradicted { who, state },
    }
}

fn moved(row: &Row, around: &Around, who: Host, (from, to): (TcpState, TcpState)) -> Saying {
    match Reason::of(row, around, who, (from, to)) {
        Some(reason) => Saying::Moved {
            who,
            from,
            to,
            reason,
        },
        None => Saying::MovedSomehow { who, from, to },
    }
}
