//! U-Boot for 64-bit ARM, from its package, reads from `lineman tftp serve`.

use crate::firmware_kit::MACHINE;
use crate::firmware_kit::Machine;
use crate::firmware_kit::SERVER;
use crate::firmware_kit::Segment;
use crate::firmware_kit::crc32;
use crate::firmware_kit::firmware;
use crate::support::BusyLoops;
use crate::tftp_kit::Served;
use crate::tftp_kit::content;
use crate::tftp_reports::Report;
use crate::tftp_reports::reports;

const IMAGE: &str = "/usr/lib/u-boot/qemu_arm64/u-boot.bin";
/// What it asks for by itself.
const OWN_BLKSIZE: u64 = 1468;
/// A booted machine at its prompt.
struct Uboot {
    machine: Machine,
    lines: usize,
}

impl Uboot {
    fn boot(segment: &Segment) -> Self {
        let cpu = ["-machine", "virt", "-cpu", "cortex-a57", "-m", "128"];
        let args = [&cpu[..], &["-bios", firmware(IMAGE)]].concat();
        let mut machine = segment.machine("qemu-system-aarch64", "virtio-net-pci", &args);
        machine.expect("stop autoboot");
        machine.type_line("");
        machine.expect("=> ");
        let mut uboot = Self { machine, lines: 0 };
        uboot.run(&format!(
            "setenv ipaddr {MACHINE}; setenv serverip {SERVER}"
        ));
        uboot.run("setenv netmask 255.255.255.0; setenv netretry no");
        uboot
    }

    /// Types a line; gives what is said until it is done.
    fn run(&mut self, line: &str) -> String {
        self.lines += 1;
        let end = format!("end-of-{}", self.lines);
        self.machine.type_line(&format!("{line}; echo {end}"));
        // First the echo of the line, then the line's own.
        self.machine.expect(&format!("echo {end}"));
        let said = self.machine.expect(&end);
        self.machine.expect("=> ");
        said
    }

    /// Loads a file; gives its checksum as U-Boot computes it, or what it says instead.
    fn fetch(&mut self, name: &str, blksize: &str, windowsize: u64) -> Result<u32, String> {
        self.run(&format!("setenv tftpblocksize {blksize}"));
        self.run(&format!("setenv tftpwindowsize {windowsize}"));
        let said = self.run(&format!(
            "if tftpboot 40400000 {name}; then crc32 40400000 ${{filesize}}; fi"
        ));
        let sum = said.rsplit("==> ").next().and_then(|sum| sum.get(..8));
        sum.and_then(|sum| u32::from_str_radix(sum, 16).ok())
            .ok_or(said)
    }
}

/// The server with a file of this length, and its checksum.
fn serve(segment: &Segment, length: usize) -> (Served, u32) {
    let server = segment.serve();
    let bytes = content(length);
    server.write("image", &bytes);
    (server, crc32(&bytes))
}

fn last_report(server: &Served, transfers: usize) -> Report {
    reports(server, "image", transfers).pop().expect("a report")
}

/// Loads a file with each of these windows, as often as there are block sizes.
fn read_with(windows: &[u64]) -> Vec<Report> {
    let segment = Segment::new();
    let (server, sum) = serve(&segment, 2 << 20);
    let mut uboot = Uboot::boot(&segment);
    let mut transfers = 0;
    let sizes = [
        ("", OWN_BLKSIZE),
        ("512", 512),
        ("1428", 1428),
        ("1468", 1468),
    ];
    for (words, blksize) in sizes {
        for &windowsize in windows {
            let what = format!("blksize {words:?}, windowsize {windowsize}");
            let found = uboot.fetch("image", words, windowsize);
            assert_eq!(found, Ok(sum), "{what}: {:#?}", server.lines());
            transfers += 1;
            let report = last_report(&server, transfers);
            assert!(report.complete, "{what}: {report:?}");
            assert_eq!(report.blksize, blksize, "{what}");
            assert!(report.windowsize <= windowsize, "{what}: {report:?}");
        }
    }
    reports(&server, "image", transfers)
}

#[test]
fn uboot_reads_with_each_block_size_and_window() {
    for (nth, report) in read_with(&[1, 8, 16]).iter().enumerate() {
        assert_eq!(report.windowsize, [1, 8, 16][nth % 3], "{report:?}");
        assert_eq!(report.resent, 0, "{report:?}");
    }
}

/// Its virtio driver has 32 buffers: of 32 packets in one burst it loses the last, and takes none ever
/// after. It lives as long as no burst fills its ring, so no more than half of that is agreed to.
#[test]
fn uboot_reads_windows_of_32() {
    for report in read_with(&[32]) {
        assert_eq!((report.windowsize, report.resent), (16, 0), "{report:?}");
    }
}

/// From block 32768 on it reports no gap (a signed short), and after 65535 comes 0.
#[test]
fn uboot_reads_beyond_65535_blocks() {
    let segment = Segment::new();
    let (server, sum) = serve(&segment, (65_536 + 100) * 512);
    let mut uboot = Uboot::boot(&segment);
    for (transfers, windowsize) in [(1, 1), (2, 16)] {
        let found = uboot.fetch("image", "512", windowsize);
        assert_eq!(found, Ok(sum), "× {windowsize}: {:#?}", server.lines());
        let report = last_report(&server, transfers);
        assert!(report.complete && report.resent == 0, "{report:?}");
    }
}

/// `BOOTS` says how many times; `./bench boots` asks for twenty.
#[test]
fn uboot_reads_windows_of_16_beside_busy_loops() {
    let boots = std::env::var("BOOTS").map_or(2, |count| count.parse().expect("a number"));
    let _loops = BusyLoops::start();
    let (mut well, mut resent, mut said) = (0, 0, Vec::new());
    for boot in 1..=boots {
        let segment = Segment::new();
        let (server, sum) = serve(&segment, 8 << 20);
        let found = Uboot::boot(&segment).fetch("image", "512", 16);
        let lines = server.lines();
        // The server's own report of a transfer that failed may be long in coming.
        let report = found.is_ok().then(|| last_report(&server, 1));
        let repeats = report.map_or_else(
            || "unknown".to_owned(),
            |report| {
                resent += report.resent;
                report.resent.to_string()
            },
        );
        let end = if found == Ok(sum) { "well" } else { "failed" };
        println!("boot {boot}: {end}, blocks sent twice: {repeats}");
        match found {
            Ok(found) if found == sum => well += 1,
            other => said.push((other, lines)),
        }
    }
    println!("{well} of {boots} boots well, blocks sent twice: {resent}");
    assert_eq!((well, resent), (boots, 0), "{said:#?}");
}
