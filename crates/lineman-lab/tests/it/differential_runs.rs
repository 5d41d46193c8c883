//! No state that the tracker names is untrue: five hundred runs.

use lineman_lab::Program;
use lineman_trace::log::Kind;
use lineman_trace::log::Reader;

use crate::differential::RUNS_IN_A_LAB;
use crate::differential::again;
use crate::differential::batch_again;
use crate::differential::compare_kept;
use crate::differential::keep;
use crate::differential::play;
use crate::differential::run;
use crate::differential::script::Batch;
use crate::differential::seen;
use crate::stage::HELPER;

/// Labs at once: they mostly wait.
const LABS: usize = 4;

fn program() -> Program {
    Program {
        path: HELPER.into(),
        args: vec!["lab".into()],
    }
}

/// How often a batch with an unexplained difference is played again. The kernel's clocks are not drawn from the seed, so a
/// coincidence of theirs that nobody has explained yet can come once (`docs/design/tracker.md` has those that are known; each is
/// kept). What the tracker deduces wrongly comes again.
const AGAIN: usize = 3;

/// The runs of 125 seeds from this one on.
fn all_states_are_the_kernels(from: u64) {
    let totals = run(&program(), from, 125, LABS, &|_| {});
    println!("seeds {from} to {}: {totals}", from + 124);
    assert!(totals.packets > 1000, "{totals}");
    assert_eq!(totals.hung, [0; 0], "{totals}");
    for number in &totals.doubtful {
        for nth in 1..=AGAIN {
            let repeated = batch_again(&program(), *number);
            assert!(
                repeated.is_good(),
                "batch {number}, played again ({nth}): {repeated}\nat first: {totals}"
            );
        }
    }
}

#[test]
fn differential_states_of_runs_1() {
    all_states_are_the_kernels(0);
}

#[test]
fn differential_states_of_runs_2() {
    all_states_are_the_kernels(125);
}

#[test]
fn differential_states_of_runs_3() {
    all_states_are_the_kernels(250);
}

#[test]
fn differential_states_of_runs_4() {
    all_states_are_the_kernels(375);
}

/// By its seed: what a failure is looked into with.
#[test]
fn differential_run_again_by_its_seed() {
    let totals = again(&program(), 7);
    assert_eq!((totals.runs, totals.unexplained()), (1, 0), "{totals}");
}

/// What is kept of a batch is enough to compare it once more: after the tracker is mended, the same packets tell whether
/// that was it.
#[test]
fn differential_what_is_kept_is_compared_the_same() {
    let batch = Batch::of_one(7);
    let events = play::play(&program(), &batch).expect("a log");
    let seen = seen(batch.number, &events);
    let root = tempfile::tempdir().expect("a directory");
    let directory = root.path().join(format!("batch-{}", batch.number));
    keep::keep(&directory, &batch, &events, &seen).expect("kept");
    let again = compare_kept(&directory).expect("read");
    let agreed: u64 = seen.iter().map(|(_, compared)| compared.agreed).sum();
    assert!(agreed > 0);
    for (name, compared) in seen {
        let again = &again.seen[name];
        assert_eq!(again.agreed, compared.agreed, "{name}");
        assert_eq!(again.explained, compared.explained, "{name}");
    }
}

/// The client asks to open, and its kernel is asked when a packet of the connection before has come and `close()` is under way: that had been told as
/// its cause, and no reason was found.
const CLOSES: &str = r#"
{"n":0,"t_ns":0,"event":"start","version":2,"scenario":null,"origin":"kernel","system":"Linux","utc_ns":1796030130880552048,"link":1,"hosts":[{"name":"client","role":"client","addresses":["10.0.0.1"]},{"name":"server","role":"server","addresses":["10.0.0.2"]}]}
{"n":1,"t_ns":1862243491,"event":"call","id":1,"host":"client","fd":14,"name":"bind","args":["10.0.0.1:20225"]}
{"n":2,"t_ns":1862260667,"event":"call","id":1,"host":"client","fd":14,"name":"bind","args":["10.0.0.1:20225"],"answer":{"value":"0"}}
{"n":3,"t_ns":1863956697,"event":"call","id":2,"host":"client","fd":14,"name":"connect","args":["10.0.0.2:9014"]}
{"n":4,"t_ns":1864582767,"event":"call","id":2,"host":"client","fd":14,"name":"connect","args":["10.0.0.2:9014"],"answer":{"error":"EINPROGRESS"}}
{"n":5,"t_ns":1864927209,"event":"state","host":"client","socket":{"local":"10.0.0.1:20225","remote":"10.0.0.2:9014"},"from":"CLOSED","to":"SYN-SENT","origin":"kernel","cause":4}
{"n":6,"t_ns":1864992926,"event":"packet","id":280,"from":"client","verdict":"sent","bytes":"02000000000202000000000108004500003c8ea34000400698160a0000010a0000024f0123368fea1d7700000000a002fe8889150000020405b40402080a06df0acec475b6a00103030a","stamp_ns":1796030132745121851}
{"n":7,"t_ns":1866331462,"event":"packet","id":281,"from":"server","verdict":"sent","bytes":"020000000001020000000002080045000034d7a1400040064f200a0000020a00000123364f01703c0f788fe91d768010003f36a000000101080ac475b6c106df0a7a","stamp_ns":1796030132746736349}
{"n":8,"t_ns":1866968155,"event":"call","id":3,"host":"client","fd":14,"name":"CALL","args":[]}
{"n":9,"t_ns":1868090833,"event":"packet","id":281,"from":"server","verdict":"delivered"}
{"n":10,"t_ns":1868228576,"event":"state","host":"client","socket":{"local":"10.0.0.1:20225","remote":"10.0.0.2:9014"},"from":"SYN-SENT","to":"CLOSED","origin":"kernel","cause":9}
{"n":11,"t_ns":1908274434,"event":"call","id":3,"host":"client","fd":14,"name":"CALL","args":[],"answer":{"value":"0"}}
"#;

#[test]
fn differential_a_close_under_way_was_no_reason() {
    let unexplained = |call: &str| {
        let log = CLOSES.trim_start().replace("CALL", call);
        let events: Result<Vec<_>, _> = Reader::new(log.as_bytes()).collect();
        let seen = seen(0, &events.expect("a log"));
        let counts = seen.iter().map(|(_, it)| it.unexplained.len());
        counts.sum::<usize>()
    };
    assert_eq!(unexplained("close"), 0);
    assert_ne!(unexplained("recv"), 0);
}

/// The server has shut both directions down before its SYN was acknowledged. When data comes behind the ACK of that, its kernel sends the FIN that waited and
/// a reset at once, and has no socket any more: FIN-WAIT-1, of which the FIN tells, was no state that it had passed.
const ENDS_BETWEEN_FIN_AND_RESET: &str = r#"
{"n":0,"t_ns":0,"event":"start","version":2,"scenario":null,"origin":"kernel","system":"Linux","utc_ns":1796063265246426614,"link":1,"hosts":[{"name":"client","role":"client","addresses":["10.0.0.1"]},{"name":"server","role":"server","addresses":["10.0.0.2"]}]}
{"n":1,"t_ns":51296374,"event":"state","host":"server","socket":{"local":"10.0.0.2:9000","remote":"10.0.0.1:20001"},"from":null,"to":"SYN-SENT","origin":"kernel"}
{"n":2,"t_ns":51854741,"event":"state","host":"client","socket":{"local":"10.0.0.1:20001","remote":"10.0.0.2:9000"},"from":null,"to":"SYN-SENT","origin":"kernel"}
{"n":3,"t_ns":67244178,"event":"packet","id":1,"from":"client","verdict":"sent","bytes":"02000000000202000000000108004500003c9a80400040068c390a0000010a0000024e21232857213fe500000000a002faf0e5550000020405b40402080a498701dd000000000103030a","stamp_ns":1796063265297870596}
{"n":4,"t_ns":67289962,"event":"packet","id":2,"from":"server","verdict":"sent","bytes":"02000000000102000000000208004500003c10174000400616a30a0000020a00000123284e21a207b1f700000000a002faf0b73a0000020405b40402080a005bbc2b000000000103030a","stamp_ns":1796063265297168247}
{"n":5,"t_ns":71337234,"event":"packet","id":1,"from":"client","verdict":"delivered"}
{"n":6,"t_ns":71521200,"event":"state","host":"server","socket":{"local":"10.0.0.2:9000","remote":"10.0.0.1:20001"},"from":"SYN-SENT","to":"SYN-RECEIVED","origin":"kernel","cause":5}
{"n":7,"t_ns":71595535,"event":"packet","id":2,"from":"server","verdict":"delivered"}
{"n":8,"t_ns":71776756,"event":"state","host":"client","socket":{"local":"10.0.0.1:20001","remote":"10.0.0.2:9000"},"from":"SYN-SENT","to":"SYN-RECEIVED","origin":"kernel","cause":7}
{"n":9,"t_ns":79304600,"event":"packet","id":3,"from":"client","verdict":"sent","bytes":"02000000000202000000000108004500003c9a81400040068c380a0000010a0000024e21232857213fe5a207b1f8a012faf0d4a90000020405b40402080a498701f2005bbc2b0103030a","stamp_ns":1796063265318031054}
{"n":10,"t_ns":83950775,"event":"packet","id":4,"from":"server","verdict":"sent","bytes":"02000000000102000000000208004500003c10184000400616a20a0000020a00000123284e21a207b1f757213fe6a012faf0d4aa0000020405b40402080a005bbc3f498701dd0103030a","stamp_ns":1796063265317785874}
{"n":11,"t_ns":91186951,"event":"packet","id":4,"from":"server","verdict":"delivered"}
{"n":12,"t_ns":91346814,"event":"state","host":"client","socket":{"local":"10.0.0.1:20001","remote":"10.0.0.2:9000"},"from":"SYN-RECEIVED","to":"ESTABLISHED","origin":"kernel","cause":11}
{"n":13,"t_ns":91391630,"event":"packet","id":5,"from":"client","verdict":"sent","bytes":"0200000000020200000000010800450000409a82400040068c330a0000010a0000024e21232857213fe6a207b1f8b010003f1fed00000101080a49870205005bbc3f0101050aa207b1f7a207b1f8","stamp_ns":1796063265337643278}
{"n":14,"t_ns":151575621,"event":"packet","id":7,"from":"client","verdict":"sent","bytes":"02000000000202000000000108004500003c9a83400040068c360a0000010a0000024e21232857213fe6a207b1f88010003f1be300000101080a4987023c005bbc3f7878787878787878","stamp_ns":1796063265392685059}
{"n":15,"t_ns":156200599,"event":"packet","id":7,"from":"client","verdict":"delivered"}
{"n":16,"t_ns":156802139,"event":"state","host":"server","socket":{"local":"10.0.0.2:9000","remote":"10.0.0.1:20001"},"from":"SYN-RECEIVED","to":"CLOSED","origin":"kernel","cause":15}
{"n":17,"t_ns":157465182,"event":"packet","id":17,"from":"server","verdict":"sent","bytes":"02000000000102000000000208004500003410194000400616a90a0000020a00000123284e21a207b1f857213fe68011003ffd7600000101080a005bbc944987023c","stamp_ns":1796063265402643535}
{"n":18,"t_ns":157651597,"event":"packet","id":19,"from":"server","verdict":"sent","bytes":"02000000000102000000000208004500002800004000400626ce0a0000020a00000123284e21a207b1f80000000050040000d6940000","stamp_ns":1796063265402642971}
{"n":19,"t_ns":197651597,"event":"call","id":1,"host":"client","name":"socket","args":["AF_INET","SOCK_STREAM"]}
"#;

#[test]
fn differential_a_reset_right_behind_the_fin_was_no_reason() {
    let log = ENDS_BETWEEN_FIN_AND_RESET.trim_start();
    let events: Result<Vec<_>, _> = Reader::new(log.as_bytes()).collect();
    let mut events = events.expect("a log");
    let unexplained = |events: &[_]| {
        let seen = seen(0, events);
        let counts = seen.iter().map(|(_, it)| it.unexplained.len());
        counts.sum::<usize>()
    };
    assert_eq!(unexplained(&events), 0);
    let reset = events
        .iter()
        .rposition(|it| matches!(it.kind, Kind::Packet(_)));
    events.remove(reset.expect("a packet"));
    assert_ne!(unexplained(&events), 0);
}

/// The client's FIN is lost twice. It answers what the server sends again, which does not begin its timer anew, and gives up; the kernel is asked behind a call
/// for another socket. That had been told as the cause.
const GIVES_UP: &str = r#"
{"n":0,"t_ns":0,"event":"start","version":2,"scenario":null,"origin":"kernel","system":"Linux","utc_ns":1796030130880552048,"link":1,"hosts":[{"name":"client","role":"client","addresses":["10.0.0.1"]},{"name":"server","role":"server","addresses":["10.0.0.2"]}]}
{"n":1,"t_ns":1000000,"event":"state","host":"client","socket":{"local":"10.0.0.1:20113","remote":"10.0.0.2:9007"},"from":null,"to":"SYN-SENT","origin":"kernel"}
{"n":2,"t_ns":2000000,"event":"packet","id":1,"from":"client","verdict":"sent","bytes":"02000000000202000000000108004500002800014000400626cd0a0000010a0000024e91232f000003e8000000005002faf02b470000","stamp_ns":1796030130882552048}
{"n":3,"t_ns":4000000,"event":"packet","id":1,"from":"client","verdict":"delivered"}
{"n":4,"t_ns":4200000,"event":"state","host":"server","socket":{"local":"10.0.0.2:9007","remote":"10.0.0.1:20113"},"from":null,"to":"SYN-RECEIVED","origin":"kernel","cause":3}
{"n":5,"t_ns":5000000,"event":"packet","id":2,"from":"server","verdict":"sent","bytes":"02000000000102000000000208004500002800024000400626cc0a0000020a000001232f4e9100001388000003e95012faf017ae0000","stamp_ns":1796030130885552048}
{"n":6,"t_ns":7000000,"event":"packet","id":2,"from":"server","verdict":"delivered"}
{"n":7,"t_ns":7200000,"event":"state","host":"client","socket":{"local":"10.0.0.1:20113","remote":"10.0.0.2:9007"},"from":"SYN-SENT","to":"ESTABLISHED","origin":"kernel","cause":6}
{"n":8,"t_ns":8000000,"event":"packet","id":3,"from":"client","verdict":"sent","bytes":"02000000000202000000000108004500002800034000400626cb0a0000010a0000024e91232f000003e9000013895010faf017af0000","stamp_ns":1796030130888552048}
{"n":9,"t_ns":10000000,"event":"packet","id":3,"from":"client","verdict":"delivered"}
{"n":10,"t_ns":10200000,"event":"state","host":"server","socket":{"local":"10.0.0.2:9007","remote":"10.0.0.1:20113"},"from":"SYN-RECEIVED","to":"ESTABLISHED","origin":"kernel","cause":9}
{"n":11,"t_ns":50000000,"event":"state","host":"client","socket":{"local":"10.0.0.1:20113","remote":"10.0.0.2:9007"},"from":"ESTABLISHED","to":"FIN-WAIT-1","origin":"kernel"}
{"n":12,"t_ns":51000000,"event":"packet","id":4,"from":"client","verdict":"sent","bytes":"02000000000202000000000108004500002800044000400626ca0a0000010a0000024e91232f000003e9000013895011faf017ae0000","stamp_ns":1796030130931552048}
{"n":13,"t_ns":251000000,"event":"packet","id":5,"from":"client","verdict":"sent","bytes":"02000000000202000000000108004500002800054000400626c90a0000010a0000024e91232f000003e9000013895011faf017ae0000","stamp_ns":1796030131131552048}
{"n":14,"t_ns":600000000,"event":"packet","id":6,"from":"server","verdict":"sent","bytes":"02000000000102000000000208004500002800064000400626c80a0000020a000001232f4e9100001389000003e95010faf017af0000","stamp_ns":1796030131480552048}
{"n":15,"t_ns":602000000,"event":"packet","id":6,"from":"server","verdict":"delivered"}
{"n":16,"t_ns":603000000,"event":"packet","id":7,"from":"client","verdict":"sent","bytes":"02000000000202000000000108004500002800074000400626c70a0000010a0000024e91232f000003ea000013895010faf017ae0000","stamp_ns":1796030131483552048}
{"n":17,"t_ns":1300000000,"event":"call","id":1,"host":"client","fd":4,"name":"CALL","args":[]}
{"n":18,"t_ns":1300100000,"event":"call","id":1,"host":"client","fd":4,"name":"CALL","args":[],"answer":{"value":"0"}}
{"n":19,"t_ns":1301000000,"event":"state","host":"client","socket":{"local":"10.0.0.1:20113","remote":"10.0.0.2:9007"},"from":"FIN-WAIT-1","to":"CLOSED","origin":"kernel","cause":18}
{"n":20,"t_ns":1400000000,"event":"packet","id":8,"from":"server","verdict":"sent","bytes":"02000000000102000000000208004500002800084000400626c60a0000020a000001232f4e9100001389000003e95010faf017af0000","stamp_ns":1796030132280552048}
{"n":21,"t_ns":1402000000,"event":"packet","id":8,"from":"server","verdict":"delivered"}
{"n":22,"t_ns":1500000000,"event":"call","id":2,"host":"client","name":"socket","args":["AF_INET","SOCK_STREAM"]}
"#;

#[test]
fn differential_an_answer_and_a_call_beside_it_hid_that_a_socket_had_given_up() {
    let unexplained = |call: &str| {
        let log = GIVES_UP.trim_start().replace("CALL", call);
        let events: Result<Vec<_>, _> = Reader::new(log.as_bytes()).collect();
        let seen = seen(0, &events.expect("a log"));
        let counts = seen.iter().map(|(_, it)| it.unexplained.len());
        counts.sum::<usize>()
    };
    assert_eq!(unexplained("recv"), 0);
    assert_ne!(unexplained("close"), 0);
}

/// A machine that stood still for half a minute once ended a run of a hundred thousand.
#[test]
fn differential_what_is_played_in_vain_is_played_again_and_ends_nothing() {
    let root = tempfile::tempdir().expect("a directory");
    let starts = root.path().join("starts");
    let fails = |often: u32| Program {
        path: "/bin/sh".into(),
        args: [
            "-c",
            r#"echo >>"$1"; [ $(wc -l <"$1") -gt "$2" ] || exit 1; exec "$0" lab"#,
            HELPER,
            &starts.display().to_string(),
            &often.to_string(),
        ]
        .map(Into::into)
        .into(),
    };
    let totals = run(&fails(play::TRIES), 0, 1, 1, &|_| {});
    let spoilt: Vec<u64> = totals.spoilt.values().copied().collect();
    assert_eq!(
        (totals.runs, &spoilt[..]),
        (RUNS_IN_A_LAB, &[1][..]),
        "{totals}"
    );
    assert_eq!(totals.hung, [0; 0], "{totals}");

    let totals = run(&fails(u32::MAX), 0, 2 * RUNS_IN_A_LAB, 1, &|_| {});
    assert_eq!(
        (totals.runs, &totals.hung[..]),
        (0, &[0, 1][..]),
        "{totals}"
    );
    assert!(!totals.is_good());
}
