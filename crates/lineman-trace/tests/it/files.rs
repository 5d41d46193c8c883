//! Capture files are read as they were written, by us and by Wireshark's programs; one that is broken
//! says where.

use std::io;
use std::io::Read;
use std::path::PathBuf;
use std::process::Command;

use lineman_trace::files::*;
use proptest::collection::vec;
use proptest::prelude::*;

/// All that a reader has to say of a file.
#[derive(Debug)]
struct Told {
    interfaces: Vec<Interface>,
    records: Vec<Record>,
    ending: Option<Ending>,
    bad: Option<BadFile>,
}

fn read(bytes: impl Read) -> Told {
    let mut told = Told {
        interfaces: Vec::new(),
        records: Vec::new(),
        ending: None,
        bad: None,
    };
    let mut reader = match Reader::new(bytes) {
        Ok(reader) => reader,
        Err(bad) => {
            told.bad = Some(bad);
            return told;
        }
    };
    for record in &mut reader {
        match record {
            Ok(record) => told.records.push(record),
            Err(bad) => told.bad = Some(bad),
        }
    }
    told.ending = reader.ending();
    told.interfaces = reader.interfaces().to_vec();
    told
}

fn whole(bytes: &[u8]) -> Told {
    let told = read(bytes);
    assert!(told.bad.is_none(), "{told:?}");
    assert_eq!(told.ending, Some(Ending::Complete));
    told
}

fn pcap(endian: Endian, interface: &Interface, records: &[Record]) -> Vec<u8> {
    let mut writer = PcapWriter::new(Vec::new(), endian, interface).expect("memory");
    for record in records {
        writer.write(record).expect("memory");
    }
    writer.into_inner()
}

fn pcapng(endian: Endian, interfaces: &[Interface], records: &[Record]) -> Vec<u8> {
    let section = Section {
        system: "Linux".into(),
        application: "lineman".into(),
    };
    let mut writer = PcapngWriter::new(Vec::new(), endian, &section).expect("memory");
    for interface in interfaces {
        writer.interface(interface).expect("memory");
    }
    for record in records {
        writer.write(record).expect("memory");
    }
    writer.into_inner()
}

fn endian() -> impl Strategy<Value = Endian> {
    prop_oneof![Just(Endian::Little), Just(Endian::Big)]
}

/// 2026, in nanoseconds.
const NOW_NS: u64 = 1_790_000_000_123_456_789;

/// Times are exact to the unit of the interface, which is no coarser than a microsecond here.
fn record(interfaces: u32) -> impl Strategy<Value = Record> {
    (
        0..interfaces,
        0..4_000_000_000_000_000_u64,
        vec(any::<u8>(), 0..200),
        0..2000_u32,
        vec("[a-zäü→\"\n]{1,20}", 0..3),
        any::<Option<bool>>(),
    )
        .prop_map(|(interface, us, bytes, cut, comments, outbound)| Record {
            utc_ns: Some(us * 1000),
            wire_len: bytes.len() as u32 + cut,
            comments,
            outbound,
            ..Record::new(interface, 0, bytes)
        })
}

fn interface() -> impl Strategy<Value = Interface> {
    (
        prop_oneof![
            Just(Resolution::MICROSECONDS),
            Just(Resolution::NANOSECONDS),
            Just(Resolution(8)),
        ],
        prop_oneof![Just(0), any::<u32>()],
        prop_oneof![Just(0), Just(-3600), Just(7)],
        proptest::option::of("[a-z0-9]{1,15}"),
        any::<u16>(),
    )
        .prop_map(|(resolution, snap_len, offset_s, name, link)| Interface {
            snap_len,
            resolution,
            offset_s,
            name: name.clone(),
            description: name.map(|name| format!("the interface {name}")),
            ..Interface::new(LinkType(link))
        })
}

/// Times before 1970 by an interface's offset cannot be told.
fn tellable(interfaces: &[Interface], record: &Record) -> bool {
    let offset = interfaces[record.interface as usize].offset_s;
    record
        .utc_ns
        .is_some_and(|ns| ns / 1_000_000_000 >= offset.unsigned_abs())
}

proptest! {
    #[test]
    fn a_pcapng_file_is_read_as_it_was_written(
        endian in endian(),
        interfaces in vec(interface(), 1..5),
        records in vec(record(5), 0..20),
    ) {
        let records: Vec<Record> = records
            .into_iter()
            .map(|mut record| {
                record.interface %= interfaces.len() as u32;
                record
            })
            .filter(|record| tellable(&interfaces, record))
            .collect();
        let told = whole(&pcapng(endian, &interfaces, &records));
        prop_assert_eq!(told.interfaces, interfaces);
        prop_assert_eq!(told.records, records);
    }

    #[test]
    fn a_pcap_file_is_read_as_it_was_written(
        endian in endian(),
        nanoseconds: bool,
        link: u16,
        records in vec(record(1), 0..20),
    ) {
        let interface = Interface {
            snap_len: 4000,
            resolution: match nanoseconds {
                true => Resolution::NANOSECONDS,
                false => Resolution::MICROSECONDS,
            },
            ..Interface::new(LinkType(link))
        };
        let plain: Vec<Record> = records
            .into_iter()
            .map(|record| Record { comments: Vec::new(), outbound: None, ..record })
            .collect();
        let told = whole(&pcap(endian, &interface, &plain));
        prop_assert_eq!(told.interfaces, [interface]);
        prop_assert_eq!(told.records, plain);
    }

    #[test]
    fn a_file_that_was_cut_is_read_up_to_there(
        endian in endian(),
        ng: bool,
        records in vec(record(1), 1..5),
        cut in 0.0..1.0,
    ) {
        let interface = Interface::new(LinkType::ETHERNET);
        let bytes = match ng {
            true => pcapng(endian, std::slice::from_ref(&interface), &records),
            false => pcap(endian, &interface, &records),
        };
        let cut = (bytes.len() as f64 * cut) as usize;
        let (all, told) = (whole(&bytes).records, read(&bytes[..cut]));
        prop_assert!(all.starts_with(&told.records));
        match (told.ending, told.bad) {
            (Some(Ending::Complete), None) => {}
            (Some(Ending::Cut { at }), None) => prop_assert!(at < cut as u64),
            (None, Some(BadFile { at: 0, reason: Reason::TooShort })) => prop_assert!(told.records.is_empty()),
            other => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn bytes_that_were_changed_are_read_or_refused(
        endian in endian(),
        ng: bool,
        records in vec(record(1), 1..5),
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let interface = Interface::new(LinkType::ETHERNET);
        let mut bytes = match ng {
            true => pcapng(endian, std::slice::from_ref(&interface), &records),
            false => pcap(endian, &interface, &records),
        };
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let told = read(&*bytes);
        let held: usize = told.records.iter().map(|record| record.bytes.len()).sum();
        prop_assert!(held <= bytes.len());
        prop_assert_eq!(told.ending.is_some(), told.bad.is_none());
    }
}

/// Gives one byte at a time, as a slow pipe may.
struct Dripping<'a>(&'a [u8]);

impl Read for Dripping<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let few = buf.len().min(1);
        self.0.read(&mut buf[..few])
    }
}

#[test]
fn a_slow_pipe_is_read_as_a_file_is() {
    let records = [Record::new(0, NOW_NS, vec![1, 2, 3])];
    let interface = Interface::new(LinkType::ETHERNET);
    for bytes in [
        pcap(Endian::Big, &interface, &records),
        pcapng(Endian::Big, std::slice::from_ref(&interface), &records),
    ] {
        let told = read(Dripping(&bytes));
        assert_eq!(told.records, records);
        assert_eq!(told.ending, Some(Ending::Complete));
    }
}

#[test]
fn a_length_that_promises_gigabytes_is_refused() {
    let interface = Interface::new(LinkType::ETHERNET);
    let mut bytes = pcap(Endian::Little, &interface, &[Record::new(0, 0, vec![0; 8])]);
    bytes[24 + 8..24 + 12].copy_from_slice(&u32::MAX.to_le_bytes());
    let told = read(&*bytes);
    assert!(matches!(
        told.bad,
        Some(BadFile {
            at: 24,
            reason: Reason::TooLong(u32::MAX)
        })
    ));
    let records = [Record::new(0, 0, vec![0; 8])];
    let mut bytes = pcapng(Endian::Little, std::slice::from_ref(&interface), &records);
    let packet = bytes.len() - 44;
    bytes[packet + 20..packet + 24].copy_from_slice(&0x4000_0000_u32.to_le_bytes());
    let told = read(&*bytes);
    assert!(
        matches!(&told.bad, Some(BadFile { at, reason: Reason::TooLong(_) }) if *at == packet as u64),
        "{told:?}"
    );
    // A block that nobody knows is passed over, whatever its length: here the file ends before it does.
    bytes[packet..packet + 8].copy_from_slice(&[99, 0, 0, 0, 0xfc, 0xff, 0xff, 0xff]);
    let told = read(&*bytes);
    assert_eq!(told.ending, Some(Ending::Cut { at: packet as u64 }));
}

/// A section each of both byte orders, the second with interfaces of its own.
#[test]
fn a_second_section_has_its_own_interfaces_and_byte_order() {
    let [first, second] = [LinkType::ETHERNET, LinkType::RAW].map(Interface::new);
    let record = |bytes: u8| Record::new(0, NOW_NS, vec![bytes; 5]);
    let mut bytes = pcapng(Endian::Little, std::slice::from_ref(&first), &[record(1)]);
    bytes.extend(pcapng(
        Endian::Big,
        std::slice::from_ref(&second),
        &[record(2)],
    ));
    let told = whole(&bytes);
    assert_eq!(told.interfaces, [first, second]);
    let moved = Record {
        interface: 1,
        ..record(2)
    };
    assert_eq!(told.records, [record(1), moved]);
}

#[test]
fn a_packet_of_an_interface_that_is_not_described_is_refused() {
    let interface = Interface::new(LinkType::ETHERNET);
    let records = [Record::new(0, 0, vec![0; 8])];
    let mut bytes = pcapng(Endian::Little, std::slice::from_ref(&interface), &records);
    let packet = bytes.len() - 44;
    bytes[packet + 8] = 1;
    let told = read(&*bytes);
    assert!(matches!(
        told.bad,
        Some(BadFile {
            reason: Reason::NoInterface(1),
            ..
        })
    ));
}

/// Times in units of 2⁻¹⁰ s, which some cards count in.
#[test]
fn times_in_powers_of_two_are_read() {
    let interface = Interface {
        resolution: Resolution(0x80 | 10),
        ..Interface::new(LinkType::ETHERNET)
    };
    let records = [Record::new(0, 1_500_000_000, vec![7])];
    let told = whole(&pcapng(Endian::Big, &[interface], &records));
    assert_eq!(told.records, records);
}

/// A packet without a time has none, and is cut where its interface cuts.
#[test]
fn a_simple_packet_has_no_time() {
    let interface = Interface {
        snap_len: 4,
        ..Interface::new(LinkType::ETHERNET)
    };
    let record = Record {
        utc_ns: None,
        wire_len: 60,
        ..Record::new(0, 0, vec![1, 2, 3, 4])
    };
    let told = whole(&pcapng(
        Endian::Little,
        &[interface],
        std::slice::from_ref(&record),
    ));
    assert_eq!(told.records, [record]);
}

/// The block of before 2009: a short interface number, and how many packets were dropped before it.
#[test]
fn an_old_packet_block_is_read() {
    let interface = Interface::new(LinkType::ETHERNET);
    let mut bytes = pcapng(Endian::Little, &[interface], &[]);
    let body: [&[u8]; 5] = [
        &[0, 0, 3, 0],
        &((NOW_NS >> 32) as u32).to_le_bytes(),
        &(NOW_NS as u32).to_le_bytes(),
        &[3, 0, 0, 0, 60, 0, 0, 0],
        &[1, 2, 3, 0],
    ];
    let body = body.concat();
    let len = (body.len() as u32 + 12).to_le_bytes();
    bytes.extend([&2_u32.to_le_bytes()[..], &len, &body, &len].concat());
    let told = whole(&bytes);
    let record = Record {
        wire_len: 60,
        ..Record::new(0, NOW_NS, vec![1, 2, 3])
    };
    assert_eq!(told.records, [record]);
}

#[test]
fn what_is_no_capture_says_so() {
    let bad = |bytes: &[u8]| read(bytes).bad.expect("it is none").reason;
    assert!(matches!(bad(b""), Reason::TooShort));
    assert!(matches!(bad(b"\xd4\xc3\xb2\xa1\x02\0"), Reason::TooShort));
    assert!(matches!(bad(b"{\"n\":0}"), Reason::NotACapture(_)));
    let mut future = pcap(Endian::Big, &Interface::new(LinkType::ETHERNET), &[]);
    future[5] = 3;
    assert!(matches!(
        bad(&future),
        Reason::Version { major: 3, minor: 4 }
    ));
}

#[test]
fn a_file_of_nothing_but_interfaces_takes_no_memory_without_end() {
    let mut bytes = pcapng(Endian::Little, &[], &[]);
    let block = [
        &1_u32.to_le_bytes()[..],
        &[20, 0, 0, 0],
        &[0; 8],
        &[20, 0, 0, 0],
    ]
    .concat();
    for _ in 0..=MAX_INTERFACES {
        bytes.extend_from_slice(&block);
    }
    let told = read(&*bytes);
    assert!(matches!(
        told.bad,
        Some(BadFile {
            reason: Reason::TooManyInterfaces,
            ..
        })
    ));
}

/// What cannot be said in a form is an error, and nothing of it is written.
#[test]
fn what_has_no_room_in_a_form_is_not_written() {
    let interface = Interface::new(LinkType::ETHERNET);
    let mut writer = PcapWriter::new(Vec::new(), Endian::Little, &interface).expect("memory");
    let long = Record::new(0, 0, vec![0; MAX_PACKET as usize + 1]);
    let timeless = Record {
        utc_ns: None,
        ..Record::new(0, 0, vec![1])
    };
    let late = Record::new(0, u64::MAX, vec![1]);
    for record in [&long, &timeless, &late] {
        let error = writer.write(record).expect_err("no room");
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    }
    assert!(whole(&writer.into_inner()).records.is_empty());
    let units = Interface {
        resolution: Resolution(12),
        ..interface
    };
    assert!(PcapWriter::new(Vec::new(), Endian::Little, &units).is_err());
    let mut writer =
        PcapngWriter::new(Vec::new(), Endian::Little, &Section::default()).expect("memory");
    assert!(writer.write(&late).is_err());
    writer.interface(&units).expect("memory");
    for record in [&long, &late] {
        assert!(writer.write(record).is_err());
    }
}

/// Frames that a program can take apart: an Ethernet header of an experimental kind.
fn frames() -> Vec<Record> {
    (0..20_u32)
        .map(|n| {
            let mut bytes = vec![2; 12];
            bytes.extend([0x88, 0xb5]);
            bytes.extend(vec![n as u8; 46 + n as usize]);
            Record {
                wire_len: 60 + n * 100,
                ..Record::new(0, NOW_NS + u64::from(n) * 1_000_001, bytes)
            }
        })
        .collect()
}

fn scratch(name: &str) -> PathBuf {
    let dir =
        PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("files-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("a directory");
    dir.join(name)
}

fn run(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output();
    let output = output.unwrap_or_else(|error| panic!("{program} (Debian: tshark): {error}"));
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {args:?}: {words}");
    String::from_utf8(output.stdout).expect("text")
}

/// What tshark reads of a file: time, captured length, length on the wire, bytes of each frame.
fn as_tshark_reads(bytes: &[u8], name: &str) -> String {
    let path = scratch(name);
    std::fs::write(&path, bytes).expect("a file");
    let fields = [
        "frame.time_epoch",
        "frame.cap_len",
        "frame.len",
        "frame.interface_id",
    ];
    let mut args = vec!["-r", path.to_str().expect("text"), "-T", "fields"];
    for field in fields {
        args.extend(["-e", field]);
    }
    run("tshark", &args)
}

fn lines(records: &[Record], with_interface: bool) -> String {
    let line = |record: &Record| {
        let ns = record.utc_ns.expect("a time");
        let interface = if with_interface {
            record.interface.to_string()
        } else {
            String::new()
        };
        let (s, ns) = (ns / 1_000_000_000, ns % 1_000_000_000);
        let captured = record.bytes.len();
        format!(
            "{s}.{ns:09}\t{captured}\t{}\t{interface}\n",
            record.wire_len
        )
    };
    records.iter().map(line).collect()
}

#[test]
fn tshark_reads_our_pcap_in_both_byte_orders() {
    for (endian, name) in [(Endian::Little, "le.pcap"), (Endian::Big, "be.pcap")] {
        let bytes = pcap(endian, &Interface::new(LinkType::ETHERNET), &frames());
        assert_eq!(as_tshark_reads(&bytes, name), lines(&frames(), false));
    }
}

#[test]
fn tshark_reads_our_pcapng_with_several_interfaces() {
    let interfaces = [9, 6, 0x80 | 30].map(|resolution| Interface {
        resolution: Resolution(resolution),
        name: Some(format!("if{resolution}")),
        ..Interface::new(LinkType::ETHERNET)
    });
    for (endian, name) in [(Endian::Little, "le.pcapng"), (Endian::Big, "be.pcapng")] {
        let mut records = frames();
        for (n, record) in records.iter_mut().enumerate() {
            record.interface = n as u32 % 3;
            record.utc_ns = Some(1_790_000_000_000_000_000 + n as u64 * 500_000_000);
            record.comments = vec![format!("the {n}th")];
        }
        let bytes = pcapng(endian, &interfaces, &records);
        assert_eq!(as_tshark_reads(&bytes, name), lines(&records, true));
    }
}

/// Wireshark's editcap writes each form; what is lost on the way is what the form has no room for.
#[test]
fn what_editcap_writes_is_read() {
    let path = scratch("from.pcapng");
    let from = pcapng(
        Endian::Big,
        &[Interface::new(LinkType::ETHERNET)],
        &frames(),
    );
    std::fs::write(&path, from).expect("a file");
    for (form, unit_ns) in [
        ("pcap", 1000),
        ("nsecpcap", 1),
        ("modpcap", 1000),
        ("pcapng", 1),
    ] {
        let to = scratch(form);
        let [from, to] = [&path, &to].map(|path| path.to_str().expect("text"));
        run("editcap", &["-F", form, from, to]);
        let told = whole(&std::fs::read(to).expect("a file"));
        let coarse = frames().into_iter().map(|record| Record {
            utc_ns: record.utc_ns.map(|ns| ns / unit_ns * unit_ns),
            ..record
        });
        assert_eq!(told.records, coarse.collect::<Vec<_>>(), "{form}");
        assert_eq!(told.interfaces[0].link, LinkType::ETHERNET, "{form}");
    }
}

#[test]
fn what_a_capture_has_come_to_is_written_as_it_is_read() {
    for endian in [Endian::Little, Endian::Big] {
        let section = Section::default();
        let mut writer = PcapngWriter::new(Vec::new(), endian, &section).expect("memory");
        let interface = Interface::new(LinkType::ETHERNET);
        writer.interface(&interface).expect("memory");
        writer
            .write(&Record::new(0, 1_000_000, vec![1; 60]))
            .expect("memory");
        let counted = Counted {
            from_ns: 500_000,
            to_ns: 1 << 50,
            received: 8,
            dropped: 7,
            written: 1,
        };
        writer.statistics(0, &counted).expect("memory");
        assert!(writer.statistics(1, &counted).is_err(), "no such interface");
        let path = scratch(&format!("counted{endian:?}"));
        let bytes = writer.into_inner();
        let mut reader = Reader::new(&bytes[..]).expect("a capture");
        assert_eq!(reader.by_ref().filter(Result::is_ok).count(), 1);
        let told = reader.statistics();
        assert_eq!((told.from_ns, told.dropped()), (Some(500_000), Some(7)));
        assert_eq!(told.to_ns.map(|ns| ns / 1000), Some((1 << 50) / 1000));
        std::fs::write(&path, &bytes).expect("write");
        // Foreign readers take the file whole.
        run("capinfos", &["-c", path.to_str().expect("text")]);
    }
}

/// What dumpcap writes behind the packets.
#[test]
fn statistics_of_an_interface_are_read_and_wrong_ones_passed_over() {
    let section = Section::default();
    let mut writer = PcapngWriter::new(Vec::new(), Endian::Little, &section).expect("memory");
    let interface = Interface::new(LinkType::ETHERNET);
    writer.interface(&interface).expect("memory");
    writer
        .write(&Record::new(0, 1_000, vec![1; 60]))
        .expect("memory");
    let bytes = writer.into_inner();
    let statistics = |interface: u32, options: &[(u16, u64)]| {
        let len = 12 + 12 + options.len() as u32 * 12;
        let mut out = [5, len, interface, 0, 0].map(u32::to_le_bytes).concat();
        for (code, value) in options {
            out.extend([code.to_le_bytes(), 8_u16.to_le_bytes()].concat());
            let halves = if *code < 4 {
                value.rotate_right(32)
            } else {
                *value
            };
            out.extend(halves.to_le_bytes());
        }
        out.extend(len.to_le_bytes());
        out
    };
    let read = |blocks: &[Vec<u8>]| {
        let all = [&bytes[..], &blocks.concat()].concat();
        let mut reader = Reader::new(&all[..]).expect("a capture");
        assert_eq!(reader.by_ref().filter(Result::is_ok).count(), 1);
        assert!(reader.ending().is_some());
        reader.statistics()
    };
    assert_eq!(read(&[]).dropped(), None);
    let told = read(&[statistics(0, &[(2, 500), (3, 9_000), (5, 7)])]);
    assert_eq!(
        (told.from_ns, told.to_ns, told.dropped()),
        (Some(500), Some(9_000), Some(7))
    );
    // It is told again as it grows, and of an interface that is none.
    let told = read(&[
        statistics(0, &[(5, 7)]),
        statistics(0, &[(5, 8), (7, 1)]),
        statistics(9, &[(5, 100)]),
    ]);
    assert_eq!(told.dropped(), Some(9));
}
