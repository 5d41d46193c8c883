//! Questions about logs: the log's own answers are right, others are not, and the reasons are the story's.

use std::io::Cursor;

use lineman_trace::learn::Answers;
use lineman_trace::learn::Ask;
use lineman_trace::learn::BadExercise;
use lineman_trace::learn::Cell;
use lineman_trace::learn::Change;
use lineman_trace::learn::Exercise;
use lineman_trace::learn::Field;
use lineman_trace::learn::Guess;
use lineman_trace::learn::Line;
use lineman_trace::learn::Mark;
use lineman_trace::learn::OrderMark;
use lineman_trace::learn::Plan;
use lineman_trace::learn::reason;
use lineman_trace::log::Event;
use lineman_trace::log::Host;
use lineman_trace::log::Reader;
use lineman_trace::log::TcpState;
use lineman_trace::story::Row;
use lineman_trace::story::Saying;
use lineman_trace::story::Story;
use lineman_trace::story::Stretch;
use lineman_trace::story::Value;

/// Logs with TCP in them, with UDP alone, of captures, with packets that are held, lost and crossing.
const LOGS: [&str; 12] = [
    "capture",
    "causes",
    "chat",
    "crossed",
    "held",
    "recorded-close",
    "recorded-step",
    "recorded-syn-ack-lost",
    "refused",
    "tftp-get",
    "udp",
    "window",
];

fn log(name: &str) -> Vec<u8> {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/logs");
    std::fs::read(format!("{dir}/{name}.jsonl")).expect("a log")
}

fn events(name: &str) -> Vec<Event> {
    let events: Result<_, _> = Reader::new(&*log(name)).collect();
    events.expect("a whole log")
}

fn exercise(name: &str, plan: Plan) -> Exercise {
    Exercise::new(plan, events(name)).unwrap_or_else(|unfit| panic!("{name}: {unfit}"))
}

fn asking(ask: &[Ask]) -> Plan {
    Plan {
        ask: ask.to_vec(),
        blanks: 1000,
        ..Plan::default()
    }
}

fn truths(exercise: &Exercise) -> Answers {
    let blanks = 0..exercise.blanks().len();
    Answers {
        blanks: blanks
            .map(|at| exercise.truth(at).expect("a truth"))
            .collect(),
        order: exercise.true_order(),
    }
}

#[test]
fn what_the_log_says_solves_every_exercise() {
    for name in LOGS {
        let exercise = exercise(name, asking(&Ask::ALL));
        let marks = exercise.check(&truths(&exercise));
        assert!(marks.is_solved(), "{name}: {marks:?}");
        assert!(!exercise.check(&Answers::default()).is_solved(), "{name}");
    }
}

#[test]
fn a_wrong_answer_is_not_accepted_and_the_reason_is_the_storys() {
    let mut reasons = 0;
    for name in LOGS {
        let exercise = exercise(
            name,
            asking(&[Ask::Seq, Ask::Ack, Ask::Flags, Ask::State, Ask::Order]),
        );
        for (at, blank) in exercise.blanks().iter().enumerate() {
            let truth = exercise.truth(at).expect("a truth");
            let wrong = match blank.field {
                Field::Seq | Field::Ack => {
                    (truth.parse::<i64>().expect("a number") + 1).to_string()
                }
                Field::Flags => format!("{truth}+URG"),
                Field::State(_) if truth == "LISTEN" => "CLOSED".to_owned(),
                Field::State(_) => "LISTEN".to_owned(),
            };
            let mut answers = truths(&exercise);
            answers.blanks[at] = wrong.clone();
            let marks = exercise.check(&answers);
            assert!(!marks.is_solved(), "{name}: {blank:?} = {wrong}");
            let Mark::Wrong(why) = &marks.blanks[at] else {
                panic!("{name}: {blank:?} = {wrong} is {:?}", marks.blanks[at]);
            };
            let row = exercise.row(blank.row).expect("a row");
            assert!(
                why.iter().all(|saying| row.sayings.contains(saying)),
                "{name}"
            );
            if let (Field::State(host), [Saying::Moved { who, .. }]) = (blank.field, &why[..]) {
                assert_eq!(host, *who, "{name}");
            }
            reasons += usize::from(!why.is_empty());
        }
    }
    assert!(reasons > 100, "{reasons}");
}

#[test]
fn what_is_asked_is_not_told() {
    let exercise = exercise(
        "chat",
        asking(&[Ask::Seq, Ask::Ack, Ask::Flags, Ask::State]),
    );
    let mut blanks = Vec::new();
    for line in exercise.lines() {
        // In the order in which a line is read.
        for cell in [line.client, line.flags, line.seq, line.ack, line.server]
            .into_iter()
            .flatten()
        {
            if let Cell::Blank(blank) = cell
                && !blanks.contains(&blank)
            {
                blanks.push(blank);
            }
        }
    }
    assert!(
        blanks.iter().copied().eq(0..exercise.blanks().len()),
        "{blanks:?}"
    );
}

/// A packet that was held has two rows, and a state stays until the next: the second must not tell what the first asks.
#[test]
fn no_later_row_gives_an_answer_away() {
    for name in LOGS {
        let exercise = exercise(name, asking(&Ask::ALL));
        let lines = exercise.lines();
        let id = |row: usize| {
            exercise
                .row(row)
                .and_then(|row| Some(row.arrow.as_ref()?.id))
        };
        for line in lines.iter().filter(|line| line.lands) {
            let sent = lines
                .iter()
                .find(|it| !it.lands && id(it.row) == id(line.row));
            let Some(sent) = sent else { continue };
            assert_eq!(
                (&line.flags, &line.seq, &line.ack),
                (&sent.flags, &sent.seq, &sent.ack),
                "{name}"
            );
        }
        for pair in lines.windows(2) {
            for host in [Host::Client, Host::Server] {
                let cell = |line: &Line| match host {
                    Host::Client => line.client.clone(),
                    Host::Server => line.server.clone(),
                };
                let after = |row: usize| exercise.row(row).and_then(|row| row.states[host]);
                let (Some(Cell::Blank(blank)), Some(later)) = (cell(&pair[0]), after(pair[1].row))
                else {
                    continue;
                };
                let truth = exercise.truth(blank).expect("a truth");
                if later.before == later.after && later.after.name() == truth {
                    assert_eq!(cell(&pair[1]), Some(Cell::Blank(blank)), "{name}");
                }
            }
        }
    }
}

#[test]
fn each_kind_that_is_asked_has_its_share() {
    let plan = Plan {
        blanks: 8,
        ..asking(&Ask::ALL)
    };
    let exercise = exercise("chat", plan);
    let count = |kind: fn(&Field) -> bool| {
        exercise
            .blanks()
            .iter()
            .filter(|it| kind(&it.field))
            .count()
    };
    assert_eq!(exercise.blanks().len(), 8);
    assert_eq!(count(|field| *field == Field::Seq), 2);
    assert_eq!(count(|field| *field == Field::Ack), 2);
    assert_eq!(count(|field| *field == Field::Flags), 2);
    assert_eq!(count(|field| matches!(field, Field::State(_))), 2);
}

#[test]
fn numbers_of_the_header_are_right_too() {
    let exercise = exercise("chat", asking(&[Ask::Seq, Ask::Ack]));
    for (at, blank) in exercise.blanks().iter().enumerate() {
        let arrow = exercise
            .row(blank.row)
            .and_then(|row| row.arrow.as_ref())
            .expect("a packet");
        let segment = arrow.seen.segment().expect("a segment");
        let header = match blank.field {
            Field::Seq => segment.seq,
            _ => segment.ack,
        };
        assert_eq!(
            exercise.check_blank(at, &format!(" {header} ")),
            Mark::Right
        );
        assert_ne!(exercise.check_blank(at, "9999999"), Mark::Right);
        assert_eq!(exercise.check_blank(at, "  "), Mark::Open);
    }
    assert_eq!(
        exercise.check_blank(usize::MAX, "1"),
        Mark::Open,
        "there is none"
    );
}

#[test]
fn a_file_is_the_same_exercise_and_needs_its_log_alone() {
    for seed in 0..20 {
        let plan = Plan {
            seed,
            ..Plan::default()
        };
        let made = exercise("chat", plan.clone());
        let mut file = Vec::new();
        made.write(&mut file).expect("written");
        let read = Exercise::read(Cursor::new(file), Plan::default()).expect("an exercise");
        assert_eq!(read.plan(), &plan);
        assert_eq!(read.events(), made.events());
        assert_eq!(read.blanks(), made.blanks());
        assert_eq!(read.shuffled(), made.shuffled());
    }
    let different = |seed| {
        exercise(
            "chat",
            Plan {
                seed,
                ..Plan::default()
            },
        )
        .blanks()
        .to_vec()
    };
    assert!(
        (1..20).any(|seed| different(seed) != different(0)),
        "chance has a say"
    );
}

#[test]
fn a_log_is_an_exercise_as_whoever_opens_it_likes() {
    let plan = asking(&[Ask::State]);
    let read = Exercise::read(Cursor::new(log("chat")), plan.clone()).expect("an exercise");
    assert_eq!(read.plan(), &plan);
    assert!(read.shuffled().is_empty());
    assert!(
        read.blanks()
            .iter()
            .all(|blank| matches!(blank.field, Field::State(_)))
    );
}

#[test]
fn what_is_no_exercise_is_refused_by_its_reason() {
    let read = |text: &[u8]| Exercise::read(Cursor::new(text.to_vec()), Plan::default());
    let plan = br#"{"exercise":1,"ask":["seq"],"blanks":3,"seed":1}"#;
    let with = |plan: &[u8], log: &[u8]| [plan, b"\n", log].concat();
    assert!(read(&with(plan, &log("chat"))).is_ok());
    let newer = br#"{"exercise":2,"riddles":true}"#;
    assert!(matches!(
        read(&with(newer, &log("chat"))),
        Err(BadExercise::Version(2))
    ));
    let strange = br#"{"exercise":1,"ask":["colour"],"blanks":3,"seed":1}"#;
    assert!(matches!(
        read(&with(strange, &log("chat"))),
        Err(BadExercise::Io(_))
    ));
    assert!(matches!(read(b"hello\n"), Err(BadExercise::Log(bad)) if bad.line == 1));
    let behind = read(&with(plan, b"hello\n"));
    assert!(matches!(behind, Err(BadExercise::Log(bad)) if bad.line == 2));
    assert!(matches!(
        read(&with(plan, &log("udp"))),
        Err(BadExercise::Unfit(_))
    ));
    assert!(matches!(read(b""), Err(BadExercise::Unfit(_))));
    // A log that was cut short counts as far as it goes.
    let whole = log("chat");
    assert!(read(&with(plan, &whole[..whole.len() * 2 / 3])).is_ok());
}

#[test]
fn packets_are_shown_in_a_wrong_order() {
    for name in LOGS {
        for seed in 0..20 {
            let plan = Plan {
                seed,
                ..asking(&Ask::ALL)
            };
            let exercise = exercise(name, plan);
            let shown: Vec<usize> = (0..exercise.shuffled().len()).collect();
            assert!(shown.is_empty() || shown.len() >= 3, "{name}");
            assert_ne!(exercise.check_order(&shown), OrderMark::Right, "{name}");
        }
    }
}

#[test]
fn an_order_that_cannot_have_been_is_not_accepted() {
    let exercise = exercise("chat", asking(&[Ask::Order]));
    let right = exercise.true_order();
    assert_eq!(exercise.check_order(&right), OrderMark::Right);
    let mut wrong = right.clone();
    wrong.swap(0, 1);
    let OrderMark::Wrong { late, early, why } = exercise.check_order(&wrong) else {
        panic!("the SYN+ACK before the SYN");
    };
    assert_eq!((late, early), (right[1], right[0]));
    assert!(matches!(why[..], [Saying::SynAck { .. }]), "{why:?}");
    for open in [
        vec![],
        right[1..].to_vec(),
        vec![0; right.len()],
        vec![usize::MAX],
    ] {
        assert_eq!(exercise.check_order(&open), OrderMark::Open, "{open:?}");
    }
}

/// The reason for a wrong order said a number that was asked next.
#[test]
fn a_reason_for_an_order_answers_no_blank() {
    let (mut told, mut kept) = (0, 0);
    for name in LOGS {
        for seed in 0..20 {
            let plan = Plan {
                seed,
                blanks: 4,
                ..asking(&Ask::ALL)
            };
            let exercise = exercise(name, plan);
            let right = exercise.true_order();
            let lines = exercise.shuffled().iter();
            let lines: Vec<Line> = lines
                .filter_map(|row| exercise.shuffled_line(*row))
                .collect();
            let shown = lines.iter().flat_map(|line| [&line.seq, &line.ack]);
            let shown: Vec<&Cell> = shown.flatten().collect();
            for at in 1..right.len() {
                let mut wrong = right.clone();
                wrong.swap(at - 1, at);
                let OrderMark::Wrong { late, why, .. } = exercise.check_order(&wrong) else {
                    continue;
                };
                told += why.len();
                kept += usize::from(why.is_empty());
                let Line {
                    flags, seq, ack, ..
                } = &lines[late];
                let is_asked = |cell: &Option<Cell>| matches!(cell, Some(Cell::Blank(_)));
                if [flags, seq, ack].into_iter().any(is_asked) {
                    assert!(why.is_empty(), "{name} {seed}: {why:?}");
                }
                for (blank, asked) in exercise.blanks().iter().enumerate() {
                    let truth = exercise.truth(blank).expect("a truth");
                    let is_shown = shown.contains(&&Cell::Told(truth.clone()));
                    if is_shown || matches!(asked.field, Field::State(_) | Field::Flags) {
                        continue;
                    }
                    let fields = why.iter().flat_map(|saying| saying.fields());
                    for (_, value) in fields {
                        let Value::RelativeSeq(number) = value else {
                            continue;
                        };
                        assert_ne!(number.to_string(), truth, "{name} {seed}: {why:?}");
                    }
                }
            }
        }
    }
    assert!(told > 0 && kept > 0, "{told} reasons, {kept} kept back");
}

#[test]
fn packets_that_crossed_may_stand_either_way() {
    let exercise = exercise("crossed", asking(&[Ask::Order]));
    let right = exercise.true_order();
    let from = |place: usize| {
        let row = exercise.row(exercise.shuffled()[place]).expect("a row");
        row.arrow.as_ref().expect("a packet").from
    };
    let mut either = right.clone();
    either.swap(0, 1);
    assert_ne!(from(right[0]), from(right[1]), "both SYNs");
    assert_eq!(exercise.check_order(&either), OrderMark::Right);
}

fn rows(name: &str) -> Vec<Row> {
    let mut story = Story::new();
    let mut rows: Vec<Row> = events(name)
        .iter()
        .flat_map(|event| story.push(event))
        .collect();
    rows.extend(story.finish());
    rows
}

fn changes(host: Host, state: TcpState) -> Guess {
    Guess::Changes(Change { host, state })
}

#[test]
fn a_guess_is_right_if_the_row_shows_the_change() {
    let rows = rows("recorded-step");
    let mut asked = rows.iter().filter(|row| Guess::asks(row));
    let syn = asked.next().expect("a SYN arrives");
    let right = changes(Host::Server, TcpState::SynReceived)
        .outcome(syn)
        .expect("an outcome");
    assert!(right.right);
    let wrong = changes(Host::Server, TcpState::Established)
        .outcome(syn)
        .expect("an outcome");
    assert!(!wrong.right);
    let is_it =
        |change: &Change| change.host == Host::Server && change.state == TcpState::SynReceived;
    assert!(wrong.changes.iter().any(is_it), "{wrong:?}");
    assert!(
        matches!(
            wrong.why[..],
            [
                ..,
                Saying::Moved {
                    who: Host::Server,
                    ..
                }
            ]
        ),
        "{wrong:?}"
    );
    assert!(!Guess::Nothing.outcome(syn).expect("an outcome").right);
}

/// For each packet that arrives there is a right guess, a wrong one, and a reason.
#[test]
fn every_arrival_has_one_truth_and_a_reason() {
    let mut asked = 0;
    for name in LOGS {
        for row in rows(name) {
            let Some(nothing) = Guess::Nothing.outcome(&row) else {
                assert!(!Guess::asks(&row), "{name}");
                continue;
            };
            asked += 1;
            assert_eq!(nothing.right, nothing.changes.is_empty(), "{name}");
            let mut right = 0;
            for host in [Host::Client, Host::Server] {
                for state in TcpState::ALL {
                    let outcome = changes(host, state).outcome(&row).expect("an outcome");
                    right += usize::from(outcome.right);
                }
            }
            assert_eq!(right, nothing.changes.len(), "{name}: {row:?}");
            // Where it only goes on, the row in which it was sent says what it is.
            let goes_on = row.arrow.as_ref().map(|it| it.stretch) == Some(Stretch::Landing);
            assert!(
                !nothing.why.is_empty() || goes_on || row.sayings.is_empty(),
                "{name}: {row:?}"
            );
        }
    }
    assert!(asked > 50, "{asked}");
}

/// "Not so: no state changes. It was held on the wire until it was let through."
#[test]
fn that_a_packet_was_held_is_no_reason_for_what_it_changes() {
    let mut held = 0;
    for name in LOGS {
        let rows = rows(name);
        for row in &rows {
            let Some(outcome) = Guess::Nothing.outcome(row) else {
                continue;
            };
            let delays = |it: &&Saying| it.id().starts_with("wire.") && it.id() != "wire.copied";
            assert_eq!(outcome.why.iter().copied().find(delays), None, "{name}");
            let id = |row: &Row| row.arrow.as_ref().map(|arrow| arrow.id);
            let sent = rows.iter().find(|it| id(it) == id(row)).expect("a row");
            held += usize::from(sent != row);
            assert!(
                !outcome.why.is_empty() || reason(sent).is_some(),
                "{name}: {sent:?}"
            );
        }
    }
    assert!(held > 5, "{held}");
}

#[test]
fn nothing_is_asked_of_what_has_no_state() {
    for name in ["udp", "tftp-get"] {
        assert!(rows(name).iter().all(|row| !Guess::asks(row)), "{name}");
    }
}
