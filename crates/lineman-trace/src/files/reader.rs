//! Reads either form.

use std::io::Read;

use super::BadFile;
use super::Interface;
use super::Reason;
use super::Record;
use super::Statistics;
use super::bytes::Input;
use super::bytes::Stop;
use super::pcap;
use super::pcapng;

/// The packets of a capture, in the order of the file. After an error there are no more.
#[derive(Debug)]
pub struct Reader<R> {
    input: Input<R>,
    records: Records,
    interfaces: Vec<Interface>,
    ending: Option<Ending>,
    failed: bool,
}

/// The form of a capture file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Classic pcap: one interface.
    Pcap,
    /// pcapng.
    Pcapng,
}

/// How a file ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Behind a packet or block.
    Complete,
    /// In the middle of one.
    Cut {
        /// Where that begins, in bytes from the start of the file.
        at: u64,
    },
}

#[derive(Debug)]
enum Records {
    Pcap(pcap::Records),
    Pcapng(pcapng::Blocks),
}

impl<R: Read> Reader<R> {
    /// Reads the beginning of a file. It reads in portions, and takes of each what there is.
    ///
    /// # Errors
    /// When the input cannot be read, or does not begin as a capture does.
    pub fn new(input: R) -> Result<Self, BadFile> {
        let mut input = Input::new(input);
        let mut interfaces = Vec::new();
        let records = begin(&mut input, &mut interfaces).map_err(|stop| BadFile {
            at: 0,
            reason: match stop {
                Stop::Cut => Reason::TooShort,
                Stop::Bad(reason) => reason,
            },
        })?;
        Ok(Self {
            input,
            records,
            interfaces,
            ending: None,
            failed: false,
        })
    }

    /// Which form it has.
    pub fn form(&self) -> Form {
        match self.records {
            Records::Pcap(_) => Form::Pcap,
            Records::Pcapng(_) => Form::Pcapng,
        }
    }

    /// The interfaces that were described so far; one that a [`Record`] names is among them.
    pub fn interfaces(&self) -> &[Interface] {
        &self.interfaces
    }

    /// How the file ended; `None` until the iterator has, or when it ended with an error.
    pub fn ending(&self) -> Option<Ending> {
        self.ending
    }

    /// What the file says of the capturing itself, as far as it was read: of pcap, nothing.
    pub fn statistics(&self) -> Statistics {
        match &self.records {
            Records::Pcap(_) => Statistics::default(),
            Records::Pcapng(blocks) => blocks.statistics.clone(),
        }
    }

    /// What it reads from.
    pub fn input(&self) -> &R {
        self.input.get()
    }

    /// Reads the next packet into `record`, whose memory is used again: a caller that reads many packets one after the
    /// other takes no memory for each. `None` when there are no more.
    ///
    /// # Errors
    /// When the file cannot be read on; there are no more packets then.
    pub fn read_into(&mut self, record: &mut Record) -> Option<Result<(), BadFile>> {
        if self.failed || self.ending.is_some() {
            return None;
        }
        record.comments.clear();
        record.outbound = None;
        let read = match &mut self.records {
            Records::Pcap(records) => records.next(&mut self.input, record),
            Records::Pcapng(blocks) => blocks.next(&mut self.input, &mut self.interfaces, record),
        };
        let at = self.begun();
        match read {
            Ok(true) => return Some(Ok(())),
            Ok(false) => self.ending = Some(Ending::Complete),
            Err(Stop::Cut) => self.ending = Some(Ending::Cut { at }),
            Err(Stop::Bad(reason)) => {
                self.failed = true;
                return Some(Err(BadFile { at, reason }));
            }
        }
        None
    }

    /// Whether the next packet was read already: [`read_into`](Self::read_into) does not wait for the input.
    pub fn is_at_hand(&self) -> bool {
        let bytes = self.input.at_hand();
        match &self.records {
            Records::Pcap(records) => records.is_in(bytes),
            Records::Pcapng(blocks) => blocks.is_in(bytes),
        }
    }

    /// Where what is being read begins.
    fn begun(&self) -> u64 {
        match &self.records {
            Records::Pcap(records) => records.begun,
            Records::Pcapng(blocks) => blocks.begun,
        }
    }
}

fn begin<R: Read>(input: &mut Input<R>, interfaces: &mut Vec<Interface>) -> Result<Records, Stop> {
    let magic: [u8; 4] = input.array()?;
    if magic == pcapng::SECTION {
        return Ok(Records::Pcapng(pcapng::Blocks::begin(input)?));
    }
    if let Some((records, interface)) = pcap::Records::begin(magic, input)? {
        interfaces.push(interface);
        return Ok(Records::Pcap(records));
    }
    Err(Reason::NotACapture(magic).into())
}

impl<R: Read> Iterator for Reader<R> {
    type Item = Result<Record, BadFile>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut record = Record::new(0, 0, Vec::new());
        Some(self.read_into(&mut record)?.map(|()| record))
    }
}
