//! Any bytes as a capture file: they are packets up to a place where the file ends or is wrong, no more
//! memory is taken than there are bytes, each packet is taken apart as what its interface's frames begin with, and
//! what was read is read again as it was written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lineman_proto::wire::Frame;
use lineman_trace::files::Endian;
use lineman_trace::files::Interface;
use lineman_trace::files::PcapngWriter;
use lineman_trace::files::Reader;
use lineman_trace::files::Record;
use lineman_trace::files::Resolution;
use lineman_trace::files::Section;

fuzz_target!(|bytes: &[u8]| {
    let Ok(mut reader) = Reader::new(bytes) else {
        return;
    };
    let mut records = Vec::new();
    let mut failed = false;
    for record in &mut reader {
        match record {
            Ok(record) => records.push(record),
            Err(error) => {
                assert!(error.at <= bytes.len() as u64);
                failed = true;
            }
        }
    }
    assert_eq!(failed, reader.ending().is_none());
    let held: usize = records.iter().map(|record| record.bytes.len()).sum();
    assert!(held <= bytes.len());
    for record in &records {
        let link = reader.interfaces()[record.interface as usize].link;
        let frame = Frame::captured(link, &record.bytes, record.wire_len as usize);
        assert!(frame.payload().range().end <= record.bytes.len());
        assert_eq!(frame.wire_len(), record.wire_len as usize);
    }
    again(reader.interfaces(), records);
});

fn again(interfaces: &[Interface], records: Vec<Record>) {
    let mut writer =
        PcapngWriter::new(Vec::new(), Endian::Big, &Section::default()).expect("memory");
    for interface in interfaces {
        let precise = Interface {
            resolution: Resolution::NANOSECONDS,
            offset_s: 0,
            ..interface.clone()
        };
        writer.interface(&precise).expect("memory");
    }
    let timed = |record: &Record| record.utc_ns.is_some();
    let mut records: Vec<Record> = records.into_iter().filter(timed).collect();
    for record in &mut records {
        record.comments.retain(|comment| !comment.is_empty());
        // What is no UTF-8 grows when it is read.
        record.comments.truncate(2);
        record.comments.retain(|comment| comment.len() < 60_000);
        writer.write(record).expect("memory");
    }
    let bytes = writer.into_inner();
    let read: Result<Vec<Record>, _> = Reader::new(&*bytes).expect("our own").collect();
    assert_eq!(read.expect("our own"), records);
}
