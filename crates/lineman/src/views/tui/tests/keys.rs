//! Keys.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use lineman_lab::wire::Command;
use lineman_trace::log::Event;
use lineman_trace::log::Host;
use lineman_trace::log::Kind;
use lineman_trace::log::Note;

use super::*;
use crate::views::export::Format;
use crate::views::tui::Key;
use crate::views::tui::Notice;
use crate::views::tui::Order;
use crate::views::words::paragraph;

/// The SYN is held.
fn held() -> Model {
    lab("recorded-step", 15, Lang::En)
}

fn press(model: &mut Model, c: char) -> Option<Order> {
    model.key(Key::Char(c))
}

#[test]
fn each_decision_is_about_the_held_packet() {
    let later = Command::Delay(1, Duration::from_millis(200));
    let keys = [
        (' ', Command::Deliver(1)),
        ('s', Command::Deliver(1)),
        ('d', Command::Drop(1)),
        ('u', Command::Duplicate(1)),
        ('t', later),
    ];
    for (key, command) in keys {
        let mut model = held();
        assert_eq!(press(&mut model, key), Some(Order::Wire(command)));
        assert_eq!(
            press(&mut model, key),
            None,
            "a packet is decided about only once"
        );
        assert_eq!(model.notice, Some(Notice::NothingHeld));
    }
}

#[test]
fn the_selected_held_packet_goes_before_the_oldest() {
    let mut model = lab("held", 23, Lang::En);
    let ids: Vec<u64> = model.scene().held.iter().map(|held| held.id).collect();
    let Some(&first) = ids.first() else {
        panic!("nothing is held");
    };
    assert_eq!(model.next_held().map(|held| held.id), Some(first));
    model.key(Key::Home);
    assert_eq!(
        press(&mut model, 'd'),
        Some(Order::Wire(Command::Drop(first)))
    );
}

#[test]
fn a_lab_runs_and_steps_and_runs() {
    let mut model = held();
    assert_eq!(press(&mut model, 'g'), Some(Order::Wire(Command::Run)));
    assert!(screen(&model, 80, 24).contains("│ running │"));
    assert_eq!(press(&mut model, ' '), Some(Order::Wire(Command::Step)));
    assert!(screen(&model, 80, 24).contains("│ step by step │"));
}

#[test]
fn a_record_is_walked_through_and_not_decided_about() {
    let mut model = replay("recorded-close", Lang::En);
    assert_eq!(model.selected, 0);
    assert_eq!(press(&mut model, ' '), None);
    assert_eq!(model.selected, 1);
    assert_eq!(press(&mut model, 'd'), None);
    assert_eq!(model.notice, Some(Notice::OnlyRecorded));
    assert_eq!(press(&mut model, 'g'), None);
    assert_eq!(model.selected, model.rows.len() - 1);
}

#[test]
fn a_lab_that_has_ended_is_walked_through() {
    let mut model = held();
    model.finish();
    assert!(screen(&model, 80, 24).contains("│ ended │"));
    model.key(Key::Home);
    assert_eq!(press(&mut model, ' '), None);
    assert_eq!(model.selected, 1);
    assert_eq!(press(&mut model, 'd'), None);
    assert_eq!(press(&mut model, 'g'), None);
    assert!(model.following);
}

/// What a scenario wants to be looked at is said until the user presses a key.
#[test]
fn a_lab_begins_with_its_greeting() {
    let mut model = Model::new(stepping(Lang::En));
    let mut log = events("recorded-step").into_iter();
    model.push(log.next().expect("the start"));
    let note = |id: &str| {
        Kind::Note(Note {
            id: id.to_owned(),
            args: BTreeMap::new(),
        })
    };
    model.push(Event {
        n: 1,
        t_ns: 200,
        kind: note("look.handshake"),
    });
    log.by_ref().take(20).for_each(|event| model.push(event));
    let greeting = paragraph(&model.rows[0], Lang::En);
    let begin: String = greeting.chars().take(30).collect();
    let below = |model: &Model| {
        screen(model, 80, 24)
            .lines()
            .skip(19)
            .any(|line| line.contains(&begin))
    };
    assert!(below(&model));
    model.key(Key::Left);
    assert!(!below(&model));
}

#[test]
fn the_end_is_followed_until_a_row_is_chosen() {
    let mut model = Model::new(stepping(Lang::En));
    let mut log = events("recorded-close").into_iter();
    for event in log.by_ref().take(40) {
        model.push(event);
    }
    assert_eq!(model.selected, model.rows.len() - 1);
    model.key(Key::Up);
    let chosen = model.selected;
    for event in log {
        model.push(event);
    }
    assert_eq!(model.selected, chosen);
    model.finish();
    model.key(Key::Home);
    assert_eq!(model.selected, 0);
    model.key(Key::PageDown);
    assert_eq!(model.selected, 10);
    model.key(Key::End);
    assert!(model.following);
}

/// The cards show how things stood at the selected row, not how they ended.
#[test]
fn states_are_those_of_the_selected_row() {
    let mut model = replay("recorded-close", Lang::En);
    let mut lit = Vec::new();
    for _ in 0..model.rows.len() {
        let shown = screen(&model, 80, 24);
        lit.extend(shown.lines().flat_map(|line| {
            let marks = line.split('[').skip(1);
            marks.filter_map(|mark| Some(mark.split_once(']')?.0.to_owned()))
        }));
        model.key(Key::Down);
    }
    for state in ["SYN-SENT", "ESTABLISHED", "FIN-WAIT-1", "TIME-WAIT"] {
        assert!(lit.iter().any(|seen| seen == state), "{state}: {lit:?}");
    }
}

#[test]
fn one_host_may_be_in_focus() {
    let mut model = replay("recorded-close", Lang::En);
    let both = screen(&model, 100, 30);
    assert!(both.contains("client connect(") && both.contains("server listen("));
    press(&mut model, '1');
    let client = screen(&model, 100, 30);
    assert!(client.contains("client connect(") && !client.contains("server listen("));
    assert_eq!(model.focus, Some(Host::Client));
    press(&mut model, '1');
    assert_eq!(screen(&model, 100, 30), both);
}

#[test]
fn the_cursor_walks_through_the_fields() {
    let mut model = held();
    press(&mut model, 'x');
    assert!(screen(&model, 80, 24).contains("Ethernet"));
    for _ in 0..200 {
        model.key(Key::Right);
    }
    let shown = screen(&model, 80, 24);
    assert!(shown.contains("TCP"), "{shown}");
    model.key(Key::Escape);
    assert!(!screen(&model, 80, 24).contains("0000  02 00"));
}

/// A packet that was changed on the way has other bytes for its receiver.
#[test]
fn the_receiver_has_the_bytes_that_arrived() {
    let mut model = replay("held", Lang::En);
    let altered = model
        .rows
        .iter()
        .position(|row| row.arrow.as_ref().is_some_and(|arrow| arrow.altered));
    model.select(altered.expect("a packet that was changed"));
    press(&mut model, 'x');
    assert!(screen(&model, 80, 30).contains("as they were sent"));
    press(&mut model, '2');
    assert!(screen(&model, 80, 30).contains("as they arrived"));
}

#[test]
fn explanation_and_language_are_switched() {
    let mut model = held();
    assert!(screen(&model, 80, 24).contains("asks to open"));
    press(&mut model, 'i');
    assert!(!screen(&model, 80, 24).contains("asks to open"));
    press(&mut model, 'i');
    press(&mut model, 'l');
    assert!(screen(&model, 80, 24).contains("请求"));
    press(&mut model, 'l');
    assert!(screen(&model, 80, 24).contains("asks to open"));
}

#[test]
fn an_export_asks_for_form_and_file() {
    let mut model = held();
    press(&mut model, 'e');
    assert!(screen(&model, 80, 24).contains("export as pcapng to: lab.pcapng_"));
    model.key(Key::Tab);
    assert!(screen(&model, 80, 24).contains("export as svg to: lab.svg_"));
    for _ in 0.."lab.svg".len() {
        model.key(Key::Backspace);
    }
    assert_eq!(model.key(Key::Enter), None, "a file without a name");
    for c in "图q.svg".chars() {
        assert_eq!(press(&mut model, c), None, "typed, not obeyed");
    }
    let order = Order::Export {
        format: Format::Svg,
        path: PathBuf::from("图q.svg"),
    };
    assert_eq!(model.key(Key::Enter), Some(order));
    assert_eq!(press(&mut model, 'q'), Some(Order::Leave));
}

#[test]
fn any_key_leaves_the_help_and_does_nothing_else() {
    let mut model = held();
    // It was the help of most programs, and switched the explanation off here.
    for key in ['?', 'h'] {
        press(&mut model, key);
        assert!(screen(&model, 80, 24).contains("drop the held packet"));
        assert_eq!(press(&mut model, 'd'), None);
        assert!(!screen(&model, 80, 24).contains("drop the held packet"));
    }
}
