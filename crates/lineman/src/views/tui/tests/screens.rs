//! Screens.

use std::collections::BTreeSet;

use lineman_trace::log::Event;
use lineman_trace::log::Host;
use lineman_trace::log::Kind;
use lineman_trace::log::Origin;
use lineman_trace::log::Packet;
use lineman_trace::log::Start;
use lineman_trace::log::Verdict;

use super::*;
use crate::lang::Message as _;
use crate::lang::tui::Tui;
use crate::views::logs::LOGS;
use crate::views::tui::Key;

/// The third segment of the handshake is selected.
fn handshake(lang: Lang) -> Model {
    let mut model = replay("recorded-close", lang);
    for _ in 0..6 {
        model.key(Key::Down);
    }
    model
}

/// The SYN is held, and has been sent twice more.
fn held(lang: Lang) -> Model {
    lab("recorded-step", 21, lang)
}

fn snapshot(name: &str, model: &Model, columns: u16, rows: u16) {
    let tag = format!("{name}-{columns}x{rows}-{:?}", model.lang()).to_lowercase();
    insta::assert_snapshot!(tag, screen(model, columns, rows));
}

#[test]
fn a_handshake() {
    for lang in [Lang::En, Lang::Zh] {
        snapshot("handshake", &handshake(lang), 80, 24);
        snapshot("handshake", &handshake(lang), 120, 40);
    }
}

#[test]
fn a_held_packet_waits_on_the_wire() {
    for lang in [Lang::En, Lang::Zh] {
        snapshot("held", &held(lang), 80, 24);
        snapshot("held", &held(lang), 120, 40);
    }
}

/// Beside the ladder, `no listener, no connecti` was all that had room in one line.
#[test]
fn what_a_card_says_of_no_socket_is_whole() {
    let shown = screen(&walk("recorded-close"), 120, 40);
    let card = shown.lines().map(|line| line.chars().take(25).collect());
    let words = card.collect::<Vec<String>>().join(" ");
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("no listener, no connection"), "{shown}");
}

/// The card showed the port of the socket whose state had changed last, beside the state of another connection's, which the
/// selected row was about.
#[test]
fn a_card_is_about_the_socket_of_the_selected_row() {
    let mut model = replay("recorded-two-threads", Lang::En);
    let mut clients = BTreeSet::new();
    for _ in 0..120 {
        let arrow = model.row().and_then(|row| row.arrow.as_ref());
        let ends = arrow.filter(|arrow| arrow.seen.segment().is_some());
        let client = ends.and_then(|arrow| match arrow.from {
            Host::Client => arrow.seen.from,
            Host::Server => arrow.seen.to,
        });
        if let Some(client) = client {
            clients.insert(client);
            let shown = screen(&model, 80, 24);
            let wanted = format!("client, port {}", client.port());
            assert!(shown.to_lowercase().contains(&wanted), "{wanted}: {shown}");
        }
        model.key(Key::Down);
    }
    assert!(clients.len() > 1, "{clients:?}");
}

#[test]
fn bytes_and_the_field_under_the_cursor() {
    for lang in [Lang::En, Lang::Zh] {
        let mut model = handshake(lang);
        model.key(Key::Char('x'));
        for _ in 0..18 {
            model.key(Key::Right);
        }
        snapshot("bytes", &model, 80, 24);
    }
}

#[test]
fn all_keys() {
    for lang in [Lang::En, Lang::Zh] {
        let mut model = held(lang);
        model.key(Key::Char('h'));
        snapshot("help", &model, 80, 24);
    }
}

#[test]
fn a_small_terminal_shows_the_list_and_says_why() {
    let shown = screen(&handshake(Lang::En), 50, 12);
    assert!(shown.contains("80 x 24 is needed"), "{shown}");
    assert!(shown.contains("client ──▶ ACK ack=1"), "{shown}");
    for (columns, rows) in [(1, 1), (3, 2), (10, 5), (79, 24), (80, 23), (200, 3)] {
        screen(&handshake(Lang::Zh), columns, rows);
    }
}

/// Whatever is selected, on whatever terminal: nothing panics, and the selected row is to be seen.
#[test]
fn the_selected_row_is_always_on_the_screen() {
    for name in LOGS {
        for (columns, rows) in [(80, 24), (130, 40), (60, 10)] {
            let mut model = replay(name, Lang::En);
            for _ in 0..model.rows.len() {
                let shown = screen(&model, columns, rows);
                let cursor = shown.lines().any(|line| line.contains(">  "));
                assert!(
                    cursor,
                    "{name} {columns}x{rows} {}\n{shown}",
                    model.selected
                );
                model.key(Key::Down);
            }
        }
    }
}

/// Each field of each packet may be under the cursor.
#[test]
fn every_packet_may_be_looked_into() {
    for name in ["udp", "tftp-get", "refused"] {
        let mut model = replay(name, Lang::Zh);
        model.key(Key::Char('x'));
        for _ in 0..model.rows.len() {
            screen(&model, 80, 24);
            model.key(Key::Right);
            screen(&model, 130, 40);
            model.key(Key::Down);
        }
    }
}

#[test]
fn plain_ascii_has_nothing_else() {
    for name in ["recorded-close", "held", "tftp-get", "window"] {
        let ascii = Setup {
            ascii: true,
            ..stepping(Lang::En)
        };
        let mut model = Model::new(ascii);
        for event in events(name) {
            for key in ['h', 'q'] {
                let shown = screen(&model, 120, 30);
                assert!(shown.is_ascii(), "{shown}");
                model.key(Key::Char(key));
            }
            model.push(event);
        }
        model.key(Key::Char('d'));
        model.key(Key::Char('x'));
        let shown = screen(&model, 80, 30);
        assert!(shown.is_ascii(), "{shown}");
    }
}

#[test]
fn colour_adds_nothing_but_colour() {
    let coloured = Setup {
        colour: true,
        ..stepping(Lang::En)
    };
    let mut model = Model::new(coloured);
    for event in events("recorded-step").into_iter().take(21) {
        model.push(event);
    }
    model.idle(u64::MAX);
    assert_eq!(screen(&model, 120, 40), screen(&held(Lang::En), 120, 40));
}

/// The log is a capture: no sampler has looked for sockets, so that the screen must not deny that there are any.
#[test]
fn a_capture_denies_no_socket() {
    let packets_only = events("recorded-close").into_iter().filter_map(|event| {
        let kind = match event.kind {
            Kind::Start(start) => Kind::Start(Start {
                scenario: None,
                origin: Origin::Inferred,
                ..start
            }),
            Kind::Packet(packet) if packet.verdict == Verdict::Sent => Kind::Packet(Packet {
                verdict: Verdict::Captured,
                ..packet
            }),
            _ => return None,
        };
        Some(Event { kind, ..event })
    });
    for lang in [Lang::En, Lang::Zh] {
        let denied = Tui::NoSocket {}.render(lang);
        let subject = "lineman watch: 3 TCP".to_owned();
        let mut model = Model::new(Setup {
            subject,
            captured: true,
            ..setup(lang)
        });
        for event in packets_only.clone() {
            model.push(event);
            for columns in [80, 130] {
                let shown = screen(&model, columns, 30);
                assert!(!shown.contains(&denied), "{shown}");
                assert!(shown.contains("lineman watch: 3 TCP"), "{shown}");
                // It was called recorded while it was captured.
                let how = Tui::Captured {}.render(lang);
                assert!(shown.contains(&how), "{shown}");
            }
        }
        let shown = screen(&model, 80, 30);
        assert!(
            shown.contains(&Tui::StateDeduced {}.render(lang)),
            "{shown}"
        );
    }
}
