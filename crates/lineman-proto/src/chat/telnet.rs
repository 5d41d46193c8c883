//! Telnet, as far as a chat must know it: what to strip and how to refuse.

/// "Interpret as command" (RFC 854, "TELNET command structure"). The byte never occurs in UTF-8,
/// so in a text chat it can only be telnet's.
const IAC: u8 = 255;
const DONT: u8 = 254;
const DO: u8 = 253;
const WONT: u8 = 252;
const WILL: u8 = 251;
const SB: u8 = 250;
const SE: u8 = 240;
/// The lowest command: EOF of RFC 1184. Below it, a byte after IAC is no command.
const FIRST_COMMAND: u8 = 236;

/// Takes telnet's commands out of a byte stream and refuses every option that is asked for.
///
/// Each `DO` is answered `WONT` and each `WILL` `DONT`, once for an option; `DONT` and `WONT` ask
/// for what is the case already and get no answer. This cannot loop (RFC 1143, section 3) and it
/// bounds what a peer can make us say. Nothing is ever offered, so a peer that is no telnet never
/// sees a byte of it.
#[derive(Debug, Default)]
pub struct Telnet {
    state: State,
    refused_do: OptionSet,
    refused_will: OptionSet,
    detected: bool,
}

/// Where in a command the stream is; a read may end in any of these.
#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Data,
    Iac,
    Negotiation(u8),
    Subnegotiation,
    SubnegotiationIac,
}

impl Telnet {
    /// Takes the next bytes: what is text goes to `data`, what must be answered to `replies`.
    pub fn strip(&mut self, bytes: &[u8], data: &mut Vec<u8>, replies: &mut Vec<u8>) {
        for &byte in bytes {
            self.state = match (self.state, byte) {
                (State::Data, IAC) => State::Iac,
                (State::Data, _) => {
                    data.push(byte);
                    State::Data
                }
                (State::Iac, _) => self.command(byte, data),
                (State::Negotiation(verb), option) => {
                    self.refuse(verb, option, replies);
                    State::Data
                }
                (State::Subnegotiation, IAC) => State::SubnegotiationIac,
                (State::SubnegotiationIac, SE) => State::Data,
                (State::Subnegotiation | State::SubnegotiationIac, _) => State::Subnegotiation,
            };
        }
    }

    /// Whether the peer has shown that it speaks telnet.
    pub fn is_detected(&self) -> bool {
        self.detected
    }

    fn command(&mut self, byte: u8, data: &mut Vec<u8>) -> State {
        match byte {
            IAC => data.push(IAC), // a data byte 255 travels doubled
            SB | WILL..=DONT => {
                self.detected = true;
                return if byte == SB {
                    State::Subnegotiation
                } else {
                    State::Negotiation(byte)
                };
            }
            FIRST_COMMAND.. => self.detected = true,
            _ => data.extend([IAC, byte]), // no telnet: leave it to be shown as what it is
        }
        State::Data
    }

    fn refuse(&mut self, verb: u8, option: u8, replies: &mut Vec<u8>) {
        let (refused, answer) = match verb {
            DO => (&mut self.refused_do, WONT),
            WILL => (&mut self.refused_will, DONT),
            _ => return,
        };
        if refused.insert(option) {
            replies.extend([IAC, answer, option]);
        }
    }
}

/// A set of telnet options.
#[derive(Debug, Default)]
struct OptionSet([u128; 2]);

impl OptionSet {
    /// Adds an option; whether it was new.
    fn insert(&mut self, option: u8) -> bool {
        let word = &mut self.0[usize::from(option >> 7)];
        let bit = 1 << (option & 127);
        let new = *word & bit == 0;
        *word |= bit;
        new
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn strip(reads: &[&[u8]]) -> (Vec<u8>, Vec<u8>, bool) {
        let mut telnet = Telnet::default();
        let (mut data, mut replies) = (Vec::new(), Vec::new());
        for read in reads {
            telnet.strip(read, &mut data, &mut replies);
        }
        (data, replies, telnet.is_detected())
    }

    #[test]
    fn what_is_asked_for_is_refused_once() {
        let (data, replies, detected) = strip(&[b"a\xff\xfd\x01\xff\xfb\x03b\xff\xfd\x01c"]);
        assert_eq!(data, b"abc");
        assert_eq!(replies, b"\xff\xfc\x01\xff\xfe\x03");
        assert!(detected);
    }

    #[test]
    fn a_refusal_is_not_answered() {
        let (data, replies, _) = strip(&[b"\xff\xfc\x01\xff\xfe\x01x"]);
        assert_eq!((&data[..], &replies[..]), (&b"x"[..], &b""[..]));
    }

    #[test]
    fn a_subnegotiation_is_swallowed_whole() {
        let (data, replies, _) = strip(&[b"a\xff\xfa\x22\x03\xff\xff", b"\x01\xff", b"\xf0b"]);
        assert_eq!((&data[..], &replies[..]), (&b"ab"[..], &b""[..]));
    }

    #[test]
    fn a_doubled_255_is_one_and_no_sign_of_telnet() {
        assert_eq!(
            strip(&[b"a\xff", b"\xffb"]),
            (b"a\xffb".to_vec(), vec![], false)
        );
        assert_eq!(strip(&[b"\xffA"]), (b"\xffA".to_vec(), vec![], false));
    }

    #[test]
    fn commands_without_an_option_are_dropped() {
        assert_eq!(
            strip(&[b"a\xff\xf4\xff\xf2\xff\xedb"]),
            (b"ab".to_vec(), vec![], true)
        );
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same(
            bytes in proptest::collection::vec(
                prop_oneof![2 => Just(255u8), 2 => 236u8..=254, 1 => any::<u8>()], 0..100),
            cut in any::<proptest::sample::Index>(),
        ) {
            let (one, two) = bytes.split_at(cut.index(bytes.len() + 1));
            let (data, replies, detected) = strip(&[&bytes]);
            prop_assert!(replies.len() <= 3 * 512);
            prop_assert_eq!(strip(&[one, two]), (data, replies, detected));
        }
    }
}
