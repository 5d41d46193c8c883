//! A reader for whom time stands still.

use lineman_trace::log::Event;
use lineman_trace::log::Host;
use lineman_trace::log::Kind;
use lineman_trace::log::Packet;
use lineman_trace::log::Verdict;
use lineman_trace::story::Row;
use lineman_trace::story::Stretch;

use super::*;
use crate::views::tui::Key;
use crate::views::tui::Notice;
use crate::views::tui::Order;

/// The scenario ran on while the user read: what was explained first was long gone.
#[test]
fn rows_appear_at_the_readers_pace() {
    let mut model = walk("recorded-close");
    let first = screen(&model, 80, 24);
    assert!(
        first.contains("row 1 of") && !first.contains("──SYN seq=0"),
        "{first}"
    );
    let mut shown = Vec::new();
    for _ in 0..model.rows.len() {
        model.key(Key::Char(' '));
        shown.push(screen(&model, 80, 24));
    }
    let at = |part: &str| {
        shown
            .iter()
            .position(|it| it.contains(part))
            .expect("shown")
    };
    assert!(at("──SYN seq=0") < at("SYN+ACK seq=0"));
    assert!(at("SYN+ACK seq=0") < at("FIN+ACK"));
    // What was reached stays, also from further up.
    model.key(Key::Home);
    assert_eq!(model.shown(), model.rows.len());
}

#[test]
fn what_comes_later_does_not_move_the_reader() {
    let mut model = Model::new(walking(Lang::En));
    let mut log = events("recorded-close").into_iter();
    log.by_ref().take(3).for_each(|event| model.push(event));
    model.idle(u64::MAX);
    for _ in 0..9 {
        model.key(Key::Char(' '));
    }
    assert_eq!(model.notice, Some(Notice::NothingMore));
    let at = model.selected;
    log.for_each(|event| model.push(event));
    assert_eq!(model.selected, at);
    model.key(Key::Char(' '));
    assert_eq!(model.selected, at + 1);
    model.key(Key::Char('g'));
    assert_eq!(model.selected, model.rows.len() - 1);
}

#[test]
fn another_lab_begins_at_a_key() {
    let mut model = walk("recorded-close");
    let restart = |scenario, hold| Some(Order::Restart { scenario, hold });
    assert_eq!(model.key(Key::Char('s')), restart(None, true));
    assert_eq!(model.key(Key::Char('r')), restart(None, false));
    assert_eq!(model.key(Key::Char('d')), None);
    assert_eq!(model.notice, Some(Notice::OnlyWalked));
    assert_eq!(model.key(Key::Char('n')), None);
    let shown = screen(&model, 80, 24);
    assert!(
        shown.contains("Scenarios") && shown.contains("> "),
        "{shown}"
    );
    assert_eq!(model.key(Key::Home), None);
    assert_eq!(model.key(Key::Down), None);
    assert_eq!(model.key(Key::Enter), restart(Some("refused"), false));
    model.key(Key::Char('n'));
    model.key(Key::End);
    let last = screen(&model, 80, 24);
    assert!(last.contains("tftp-wrong-tid"), "{last}");
    model.key(Key::Escape);
    assert!(!screen(&model, 80, 24).contains("Scenarios"));
    // A recorded log has no lab after it.
    let mut record = replay("recorded-close", Lang::En);
    for key in ['s', 'r', 'n'] {
        assert_eq!(record.key(Key::Char(key)), None);
    }
}

/// Each had a row of its own, and a screen was full of a SYN that nobody had let through.
#[test]
fn what_is_repeated_while_it_is_held_is_one_row() {
    let model = lab("recorded-step", 40, Lang::En);
    let shown = screen(&model, 120, 40);
    let rows = |id: u64| {
        let repeated = model.rows.iter().filter_map(|row| row.arrow.as_ref());
        let repeated =
            repeated.filter(|it| it.id == id && it.repeats > 0 && it.stretch == Stretch::Repeat);
        repeated.count()
    };
    let held: Vec<u64> = model
        .rows
        .iter()
        .filter_map(|row| Some(row.arrow.as_ref()?.id))
        .collect();
    assert!(held.iter().any(|id| rows(*id) == 1), "{shown}");
    assert!(held.iter().all(|id| rows(*id) <= 1), "{shown}");
}

/// Forty-five rows said that a datagram was cut.
#[test]
fn many_fragments_are_one_row_until_they_are_wanted() {
    let mut model = Model::new(setup(Lang::En));
    pieces().into_iter().for_each(|event| model.push(event));
    model.finish();
    model.key(Key::End);
    let folded = screen(&model, 80, 24);
    assert!(
        folded.contains("> ") && folded.contains("6 more fragments, offsets 1480 to 8880; Enter"),
        "{folded}"
    );
    assert_eq!(folded.matches("fragment, offset").count(), 1, "{folded}");
    model.key(Key::Up);
    assert!(!model.following);
    model.key(Key::Down);
    assert!(model.following, "the last row is one of them");
    model.key(Key::Enter);
    let each = screen(&model, 80, 24);
    assert_eq!(each.matches("fragment, offset").count(), 7, "{each}");
}

/// A datagram in seven pieces.
fn pieces() -> Vec<Event> {
    let all = events("recorded-pieces");
    let first = all
        .iter()
        .position(|event| matches!(event.kind, Kind::Packet(_)));
    let first = first.expect("a packet");
    let mut out: Vec<Event> = all[..first].to_vec();
    let Kind::Packet(piece) = &all[first].kind else {
        panic!("a packet");
    };
    let bytes = piece.bytes.clone().expect("its bytes");
    for n in 0..7_u16 {
        let mut bytes = bytes.clone();
        // The offset of the fragment, in units of eight bytes, and that more follow (RFC 791 §3.1).
        let field = (n * 185) | 0x2000;
        bytes[20..22].copy_from_slice(&field.to_be_bytes());
        for verdict in [Verdict::Sent, Verdict::Delivered] {
            let id = 100 + u64::from(n);
            let bytes = (verdict == Verdict::Sent).then(|| bytes.clone());
            let packet = Packet::new(id, Host::Client, verdict, bytes);
            let (n, t_ns) = (out.len() as u64, 50_000_000 + id);
            out.push(Event {
                n,
                t_ns,
                kind: Kind::Packet(packet),
            });
        }
    }
    out
}

/// Half a screen showed the states of TCP, of which there are none.
#[test]
fn there_is_no_diagram_of_tcp_where_there_is_no_tcp() {
    for (name, has) in [
        ("udp", false),
        ("tftp-get", false),
        ("chat", true),
        ("capture", true),
    ] {
        let mut model = replay(name, Lang::En);
        model.key(Key::End);
        for (columns, rows) in [(80, 24), (130, 40)] {
            let shown = screen(&model, columns, rows);
            assert_eq!(shown.contains("CLOSE-WAIT"), has, "{name}:\n{shown}");
        }
    }
}

/// “It is released after 12991 ms on the wire”: as if the wire had taken its time.
#[test]
fn how_long_a_person_thinks_is_no_property_of_the_wire() {
    let model = replay("recorded-step", Lang::En);
    let said = |row: &Row| crate::views::words::paragraph(row, Lang::En);
    let all: Vec<String> = model.rows.iter().map(said).collect();
    assert!(
        all.iter().any(|it| it.contains("until it was let through")),
        "{all:?}"
    );
    assert!(
        !all.iter().any(|it| it.contains("It is released after")),
        "{all:?}"
    );
}

#[test]
fn a_long_sentence_is_shown_whole_on_a_small_terminal() {
    let mut model = walk("recorded-close");
    let mut cut = 0;
    for _ in 0..model.rows.len() {
        model.key(Key::Char(' '));
        let shown = screen(&model, 80, 24);
        let words = shown
            .lines()
            .rev()
            .skip(1)
            .take_while(|line| !line.starts_with("──"));
        cut += usize::from(words.into_iter().any(|line| line.ends_with('…')));
    }
    assert_eq!(cut, 0);
}
