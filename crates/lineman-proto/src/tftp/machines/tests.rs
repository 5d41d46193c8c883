use super::*;

/// A table, and a time that goes by.
struct Hall {
    machines: Machines<&'static str>,
    now: Instant,
    port: u16,
}

impl Hall {
    #[expect(clippy::disallowed_methods, reason = "a point in time to start from")]
    fn new() -> Self {
        Self {
            machines: Machines::default(),
            now: Instant::now(),
            port: 2070,
        }
    }

    fn wait(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    fn asked<'a>(&self, ip: [u8; 4], name: &'a [u8]) -> Asked<'a> {
        Asked {
            peer: (ip, self.port).into(),
            mac: None,
            at: self.now,
            name,
            direction: Direction::Read,
            firmware: Firmware::Pxelinux,
            protocol: Protocol::Tftp,
        }
    }

    /// A request that takes 20 ms and ends so.
    fn ends(&mut self, name: &str, outcome: Outcome) {
        self.ends_at([10, 0, 0, 7], name, outcome);
    }

    fn ends_at(&mut self, ip: [u8; 4], name: &str, outcome: Outcome) {
        self.port = self.port.wrapping_add(1);
        let asked = self.asked(ip, name.as_bytes());
        let took = Duration::from_millis(20);
        let is_note = !outcome.is_habit() && outcome != Outcome::Complete;
        let ended = Ended {
            outcome,
            bytes: 100,
            took,
            note: is_note.then_some("why"),
        };
        self.machines.end(&asked, ended, 0);
        self.now += took;
    }

    fn progress(&mut self) -> Progress {
        let now = self.now;
        let all = self.machines.latest(now);
        all[0].1.boot().progress(now)
    }

    fn stopped_at(&mut self) -> Option<String> {
        let Progress::Stopped(nth) = self.progress() else {
            return None;
        };
        let now = self.now;
        let all = self.machines.latest(now);
        let step = all[0].1.boot().steps(now).nth(nth).expect("a step");
        Some(String::from_utf8_lossy(step.name).into_owned())
    }

    fn names(&mut self) -> Vec<String> {
        let now = self.now;
        let all = self.machines.latest(now);
        let steps = all[0].1.boot().steps(now);
        steps
            .map(|step| String::from_utf8_lossy(step.name).into_owned())
            .collect()
    }

    fn looks_for_configuration(&mut self, found: bool) {
        for name in [
            "44454c4c-1234",
            "01-52-54-00-12-34-56",
            "C0A80007",
            "C0A8000",
            "C0A800",
            "C0A80",
            "C0A8",
            "C0A",
            "C0",
            "C",
        ] {
            self.ends(&format!("pxelinux.cfg/{name}"), Outcome::Missing);
        }
        let last = if found {
            Outcome::Complete
        } else {
            Outcome::Missing
        };
        self.ends("pxelinux.cfg/default", last);
    }
}

#[test]
fn a_boot_with_probe_and_missing_names_is_complete_and_nowhere_stopped() {
    let mut hall = Hall::new();
    hall.ends("pxelinux.0", Outcome::SizeProbe);
    hall.ends("pxelinux.0", Outcome::Complete);
    hall.looks_for_configuration(true);
    hall.ends("vmlinuz", Outcome::Complete);
    assert_eq!(hall.progress(), Progress::GoesOn);
    hall.ends("initrd.gz", Outcome::Complete);
    hall.wait(11);
    assert_eq!(hall.progress(), Progress::Complete);
    assert_eq!(hall.names().len(), 15);
    let now = hall.now;
    assert_eq!(hall.machines.latest(now)[0].1.boots(), 1);
}

#[test]
fn what_stopped_a_boot_is_the_last_that_was_not_fulfilled() {
    let mut hall = Hall::new();
    hall.ends("pxelinux.0", Outcome::Complete);
    hall.looks_for_configuration(false);
    assert_eq!(hall.progress(), Progress::GoesOn); // it may ask again
    hall.wait(11);
    assert_eq!(hall.stopped_at().as_deref(), Some("pxelinux.cfg/default"));
    let now = hall.now;
    let all = hall.machines.latest(now);
    assert_eq!(all[0].1.boot().note(), Some(&"why"));

    for outcome in [
        Outcome::Missing,
        Outcome::Refused,
        Outcome::ServerFault,
        Outcome::Aborted,
        Outcome::Silent,
        Outcome::Unanswered,
        Outcome::Broken,
    ] {
        let mut hall = Hall::new();
        hall.ends("grubx64.efi", Outcome::Complete);
        hall.ends("vmlinuz", Outcome::Complete);
        hall.ends("initrd.gz", outcome);
        hall.wait(11);
        assert_eq!(
            hall.stopped_at().as_deref(),
            Some("initrd.gz"),
            "{outcome:?}"
        );
        // It asks again and gets it.
        hall.ends("initrd.gz", Outcome::Complete);
        hall.wait(11);
        assert_eq!(hall.progress(), Progress::Complete, "{outcome:?}");
    }
}

#[test]
fn habits_are_never_faults() {
    for habit in [
        Outcome::SizeProbe,
        Outcome::Closed,
        Outcome::Repeated,
        Outcome::ServerStopped,
        Outcome::Untold,
    ] {
        let mut hall = Hall::new();
        hall.ends("grubx64.efi", Outcome::Complete);
        hall.ends("vmlinuz", habit);
        hall.wait(11);
        assert_eq!(hall.progress(), Progress::Quiet, "{habit:?}");
        hall.ends("vmlinuz", Outcome::Complete);
        hall.ends("initrd", habit);
        hall.wait(11);
        assert_eq!(hall.progress(), Progress::Complete, "{habit:?}");
    }
    assert!(is_closing(b"closed") && !is_closing(b"out of memory"));
}

#[test]
fn optional_names_that_are_missing_behind_a_kernel_stop_nothing() {
    let mut hall = Hall::new();
    hall.ends("start4.elf", Outcome::Complete);
    hall.ends("kernel8.img", Outcome::Complete);
    hall.ends("armstub8-gic.bin", Outcome::Missing);
    hall.wait(11);
    assert_eq!(hall.progress(), Progress::Complete);
}

#[test]
fn a_transfer_that_runs_is_one_step_from_its_beginning_to_its_end() {
    let mut hall = Hall::new();
    let asked = hall.asked([10, 0, 0, 7], b"initrd.gz");
    hall.machines.begin(&asked);
    hall.wait(60);
    assert_eq!(hall.progress(), Progress::GoesOn);
    let now = hall.now;
    let all = hall.machines.latest(now);
    let step = all[0].1.boot().steps(now).next().expect("a step");
    assert_eq!(step.outcome, Outcome::Running);
    assert_eq!(step.took, Duration::from_secs(60));
    let ended = Ended {
        outcome: Outcome::Complete,
        bytes: 7,
        took: Duration::from_secs(60),
        note: None,
    };
    hall.machines.end(&asked, ended, 0);
    assert_eq!(hall.names(), ["initrd.gz"]);
    hall.wait(11);
    assert_eq!(hall.progress(), Progress::Complete);
}

#[test]
fn a_transfer_whose_end_was_never_told_does_not_run_for_ever() {
    let mut hall = Hall::new();
    let asked = hall.asked([10, 0, 0, 7], b"kernel");
    hall.machines.begin(&asked);
    hall.wait(3 * 60 * 60);
    assert_eq!(hall.progress(), Progress::Quiet);
    // One port has one transfer.
    let mut hall = Hall::new();
    hall.machines.begin(&hall.asked([10, 0, 0, 7], b"kernel"));
    hall.wait(1);
    hall.machines.begin(&hall.asked([10, 0, 0, 7], b"other"));
    let now = hall.now;
    let all = hall.machines.latest(now);
    let outcomes: Vec<_> = all[0].1.boot().steps(now).map(|it| it.outcome).collect();
    assert_eq!(outcomes, [Outcome::Repeated, Outcome::Running]);
}

#[test]
fn a_machine_that_starts_again_begins_a_new_boot() {
    let mut hall = Hall::new();
    let boots = |hall: &mut Hall| {
        let now = hall.now;
        hall.machines.latest(now)[0].1.boots()
    };
    hall.ends("pxelinux.0", Outcome::SizeProbe);
    hall.ends("pxelinux.0", Outcome::Silent);
    hall.ends("pxelinux.0", Outcome::Complete);
    hall.ends("pxelinux.cfg/default", Outcome::Complete);
    assert_eq!(boots(&mut hall), 1);
    hall.wait(5);
    hall.ends("pxelinux.0", Outcome::Complete);
    assert_eq!(boots(&mut hall), 2);
    assert_eq!(hall.names(), ["pxelinux.0"]);
    hall.wait(31);
    hall.ends("pxelinux.0", Outcome::Complete);
    assert_eq!(boots(&mut hall), 3);
    hall.ends("vmlinuz", Outcome::Complete);
    hall.wait(15 * 60);
    hall.ends("initrd", Outcome::Complete);
    assert_eq!(boots(&mut hall), 4);
    hall.wait(6 * 60 * 60);
    let now = hall.now;
    assert!(hall.machines.latest(now).is_empty());
    assert_eq!(hall.machines.heap, 0);
}

#[test]
fn what_is_told_late_stands_where_it_belongs() {
    let mut hall = Hall::new();
    let late = hall.now + Duration::from_millis(30);
    hall.ends("pxelinux.0", Outcome::Complete);
    hall.wait(1);
    hall.ends("vmlinuz", Outcome::Complete);
    let mut asked = hall.asked([10, 0, 0, 7], b"pxelinux.cfg/default");
    asked.at = late;
    let ended = Ended {
        outcome: Outcome::Missing,
        bytes: 0,
        took: Duration::ZERO,
        note: Some("late"),
    };
    hall.machines.end(&asked, ended, 0);
    assert_eq!(
        hall.names(),
        ["pxelinux.0", "pxelinux.cfg/default", "vmlinuz"]
    );
}

#[test]
fn requests_without_end_keep_the_first_and_the_last() {
    let mut hall = Hall::new();
    for nth in 0..1000 {
        hall.ends(&format!("module-{nth}.mod"), Outcome::Complete);
    }
    let names = hall.names();
    assert_eq!(names.len(), 32);
    assert_eq!(names[7], "module-7.mod");
    assert_eq!(names[8], "module-976.mod");
    assert_eq!(names[31], "module-999.mod");
    let now = hall.now;
    assert_eq!(hall.machines.latest(now)[0].1.boot().left_out(), 968);
}

#[test]
fn a_hall_of_ten_thousand_fits_and_forged_addresses_do_not_drive_it_out() {
    let mut hall = Hall::new();
    let ip = |nth: u32| (0x0a00_0000 + nth).to_be_bytes();
    for nth in 0..10_000 {
        for step in 0..14 {
            hall.ends_at(
                ip(nth),
                &format!("images/debian-{step}/vmlinuz-6.1"),
                Outcome::Complete,
            );
        }
        hall.now -= Duration::from_millis(14 * 20);
    }
    assert_eq!(hall.machines.len(), 10_000);
    assert!(
        hall.machines.bytes() < 16 << 20,
        "{}",
        hall.machines.bytes()
    );
    for nth in 0..20_000 {
        hall.ends_at(ip(1 << 20 | nth), "x", Outcome::Unanswered);
    }
    let real = (0..10_000).filter(|nth| hall.machines.all.contains_key(&IpAddr::from(ip(*nth))));
    assert!(real.count() >= 9_999);
    assert!(hall.machines.len() <= 10_000);
    // Long names, long boots: the bound is on bytes.
    let mut hall = Hall::new();
    let long = "n".repeat(500);
    for nth in 0..10_000 {
        for step in 0..40 {
            hall.ends_at(ip(nth), &format!("{step}{long}"), Outcome::Complete);
        }
        hall.now -= Duration::from_millis(40 * 20);
    }
    assert!(hall.machines.bytes() <= 16 << 20);
    assert!(hall.machines.len() > 1000);
}
