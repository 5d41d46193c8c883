//! Which state comes next?

use super::*;
use crate::views::tui::Key;
use crate::views::tui::Notice;
use crate::views::tui::Order;

/// Goes on to the next question.
fn to_question(model: &mut Model) -> String {
    for _ in 0..model.rows.len() {
        model.key(Key::Char(' '));
        let shown = screen(model, 80, 24);
        if shown.contains("Which state next?") {
            return shown;
        }
    }
    panic!("no question");
}

#[test]
fn a_state_is_guessed_before_its_packet_is_shown() {
    let mut model = walk("recorded-close");
    model.key(Key::Char('p'));
    let shown = to_question(&mut model);
    assert!(shown.contains("SYN seq=0 arrives"), "{shown}");
    assert!(!shown.contains("──SYN seq=0 ──"), "the answer: {shown}");
    // Of the server, to which it goes: LISTEN, SYN-SENT, SYN-RECEIVED …
    while !screen(&model, 80, 24).contains("> SYN-RECEIVED") {
        model.key(Key::Down);
    }
    model.key(Key::Enter);
    let Some(Notice::Guessed {
        right: true,
        changes,
    }) = &model.notice
    else {
        panic!("{:?}", model.notice);
    };
    assert!(!changes.is_empty());
    let shown = screen(&model, 80, 24);
    assert!(
        shown.contains("1 of 1 right") && shown.contains("SYN seq=0"),
        "{shown}"
    );
    let _ = to_question(&mut model);
    model.key(Key::Enter); // nothing changes
    assert!(matches!(
        model.notice,
        Some(Notice::Guessed { right: false, .. })
    ));
    let shown = screen(&model, 80, 24);
    assert!(
        shown.contains("not so:") && shown.contains("1 of 2 right"),
        "{shown}"
    );
    // A question that is left out counts nothing, and is not asked again.
    let _ = to_question(&mut model);
    model.key(Key::Escape);
    assert!(screen(&model, 80, 24).contains("1 of 2 right"));
    model.key(Key::Up);
    model.key(Key::Char(' '));
    assert!(!screen(&model, 80, 24).contains("Which state next?"));
}

#[test]
fn a_held_packet_is_guessed_about_before_it_is_let_through() {
    let mut model = Model::new(stepping(Lang::En));
    let mut log = events("recorded-step").into_iter().peekable();
    while model.next_held().is_none() {
        model.push(log.next().expect("a held packet"));
    }
    model.idle(u64::MAX);
    model.key(Key::Char('p'));
    assert_eq!(model.key(Key::Char(' ')), None);
    while !screen(&model, 80, 24).contains("> SYN-RECEIVED") {
        model.key(Key::Down);
    }
    let order = model.key(Key::Enter);
    assert!(matches!(order, Some(Order::Wire(_))), "{order:?}");
    log.for_each(|event| model.push(event));
    model.finish();
    assert!(screen(&model, 80, 24).contains("1 of 1 right"));
}

#[test]
fn nothing_is_asked_unless_it_is_wanted() {
    let mut model = walk("recorded-close");
    for _ in 0..model.rows.len() {
        model.key(Key::Char(' '));
        assert!(!screen(&model, 80, 24).contains("Which state next?"));
    }
}
