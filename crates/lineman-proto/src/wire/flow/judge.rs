//! Which labels a segment gets, by what its sender has said and heard before.

use super::Label;
use super::side::Said;
use super::side::Side;
use crate::wire::Flags;

/// A segment in places instead of numbers.
pub(super) struct Placed {
    pub flags: Flags,
    pub seq: i64,
    /// Behind its last byte, SYN or FIN.
    pub end: i64,
    pub ack: Option<i64>,
    pub window: u16,
    pub bytes: usize,
    pub sack: bool,
}

impl Placed {
    pub(super) fn has(&self, flags: Flags) -> bool {
        self.flags.has(flags)
    }

    fn is_bare(&self) -> bool {
        self.seq == self.end
    }
}

/// Labels a segment without RST, and notes it.
pub(super) fn label(
    sender: &mut Side,
    peer: &mut Side,
    it: &Placed,
    ids: (u64, u16),
    labels: &mut Vec<Label>,
) {
    let probe = probe_label(sender, peer, it);
    sender.probed = probe.is_some();
    labels.extend(probe);
    if probe.is_none() || !it.is_bare() && it.seq == sender.next {
        labels.extend(syn_label(sender, peer, it));
        let old = sender.next;
        labels.extend(sender.send((it.seq, it.end), ids.0, ids.1));
        labels.extend(handshake_label(sender, peer, it));
        labels.extend(fin_label(sender, peer, it));
        if it.bytes > 0 && it.end > old {
            labels.push(Label::Data);
        }
        if !it.is_bare() && !it.has(Flags::FIN) && first_ack_of_fin(sender, peer, it) {
            labels.push(Label::AckOfFin);
        }
        if it.is_bare() && !labels.contains(&Label::HandshakeAck) {
            labels.push(ack_label(sender, peer, it));
        }
    }
    if it.window == 0 && !it.has(Flags::SYN) {
        labels.push(Label::ZeroWindow);
    }
    note_ack(sender, it, labels);
}

fn syn_label(sender: &mut Side, peer: &Side, it: &Placed) -> Option<Label> {
    if !it.has(Flags::SYN) {
        return None;
    }
    let with_ack = it.has(Flags::ACK);
    let first = sender.syn.is_none();
    sender.syn = Some(with_ack);
    Some(match with_ack {
        true => Label::SynAck,
        false if first && peer.syn == Some(false) => Label::SimultaneousSyn,
        false => Label::Syn,
    })
}

/// The end that asked to open acknowledges the other's SYN; one whose own SYN had an ACK has done
/// so with it.
fn handshake_label(sender: &mut Side, peer: &Side, it: &Placed) -> Option<Label> {
    let asked = sender.syn == Some(false) && peer.syn.is_some();
    let third = asked && !sender.shook && !it.has(Flags::SYN) && it.ack.is_some_and(|ack| ack > 0);
    sender.shook |= third;
    third.then_some(Label::HandshakeAck)
}

fn fin_label(sender: &mut Side, peer: &Side, it: &Placed) -> Option<Label> {
    if !it.has(Flags::FIN) {
        return None;
    }
    sender.fin = Some(it.end - 1);
    match first_ack_of_fin(sender, peer, it) {
        true => Some(Label::FinAckCombined),
        false => Some(Label::Fin),
    }
}

fn first_ack_of_fin(sender: &Side, peer: &Side, it: &Placed) -> bool {
    let said = sender.said.map_or(0, |said| said.ack);
    peer.fin
        .is_some_and(|fin| it.ack.is_some_and(|ack| ack > fin) && said <= fin)
}

/// A probe asks for an ACK by repeating a number that was acknowledged long ago, or by a byte for
/// which there is no room. A repeated byte that nobody has acknowledged is a retransmission.
fn probe_label(sender: &Side, peer: &Side, it: &Placed) -> Option<Label> {
    let ends = Flags::SYN | Flags::FIN;
    let said = peer.said?;
    if it.flags.any(ends) || !it.has(Flags::ACK) || it.bytes > 1 {
        return None;
    }
    let acknowledged = it.seq < sender.next && sender.heard.ack == it.seq + 1;
    let no_room = said.window == 0 && it.bytes == 1 && it.seq == said.ack;
    match (acknowledged, said.window) {
        (true, 0) => Some(Label::WindowProbe),
        (true, _) => Some(Label::KeepAlive),
        (false, _) => no_room.then_some(Label::WindowProbe),
    }
}

fn ack_label(sender: &Side, peer: &Side, it: &Placed) -> Label {
    let (Some(ack), Some(said)) = (it.ack, sender.said) else {
        return Label::PureAck;
    };
    if first_ack_of_fin(sender, peer, it) {
        return Label::AckOfFin;
    }
    let same_window = it.window == said.window;
    match ack - said.ack {
        ..0 => Label::OutOfOrder,
        0 if peer.probed && same_window => Label::ProbeAnswer,
        0 if peer.next > ack && (same_window || it.sack) => Label::DuplicateAck {
            nth: said.repeats + 1,
        },
        0 if !same_window => Label::WindowUpdate,
        _ => Label::PureAck,
    }
}

fn note_ack(sender: &mut Side, it: &Placed, labels: &[Label]) {
    let Some(ack) = it.ack else { return };
    let (last, repeats) = sender
        .said
        .map_or((ack, 0), |said| (said.ack, said.repeats));
    let again = labels
        .iter()
        .any(|it| matches!(it, Label::DuplicateAck { .. }));
    let repeats = match ack > last {
        true => 0,
        false => repeats + u32::from(again),
    };
    sender.said = Some(Said {
        ack: ack.max(last),
        window: it.window,
        repeats,
    });
}
