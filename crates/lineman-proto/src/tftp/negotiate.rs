//! Agreeing on options (RFC 2347): what a server answers, what a client accepts.

use std::time::Duration;

use super::DEFAULT_BLKSIZE;
use super::Direction;
use super::MAX_BLKSIZE;
use super::MIN_BLKSIZE;
use super::Options;
use super::Rollover;
use super::Violation;
use super::options;

/// The parameters that hold for a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// Bytes in a block (RFC 2348).
    pub blksize: u16,
    /// Blocks before an ACK (RFC 7440).
    pub windowsize: u16,
    /// Where the window may change with each ACK (`msftwindow`): the most that an ACK may ask for.
    pub variable_window: Option<u16>,
    /// The time-out that was agreed (RFC 2349). Retransmission adapts to the round trip all the
    /// same; this only says how patient the peer is.
    pub timeout: Option<Duration>,
    /// The file's length as the other side announced it (RFC 2349). Nothing is sized by it.
    pub tsize: Option<u64>,
    /// What follows block 65535, where the client has asked for one of the two (`rollover`, which npm
    /// `tftp` and the crate `tftpd` know; no RFC does).
    pub rollover: Option<Rollover>,
}

impl Default for Agreed {
    /// RFC 1350 without options.
    fn default() -> Self {
        Self {
            blksize: DEFAULT_BLKSIZE,
            windowsize: 1,
            variable_window: None,
            timeout: None,
            tsize: None,
            rollover: None,
        }
    }
}

/// What a server is willing to agree to.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// The largest block: what the route carries, or what the operator said.
    pub max_blksize: u16,
    /// The largest window, in blocks.
    pub max_windowsize: u16,
    /// The largest window, in bytes: a window is what one peer can make us have in flight.
    pub max_window_bytes: u32,
}

/// What a server answers to a request's options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The parameters that hold if the client accepts.
    pub agreed: Agreed,
    /// The OACK, or `None` where no option was accepted: then DATA 1 or ACK 0 is the answer.
    pub oack: Option<Vec<u8>>,
}

/// Answers the options of a request. An option that is unknown or whose value is absurd is left
/// out, never fatal. Names are answered in the client's own spelling and order (GRUB compares them
/// letter by letter), `timeout` exactly or not at all (U-Boot and EDK2 refuse any other value).
///
/// `length` is the length of the file where it is known and the file goes to the client. A length
/// of 0 is not announced: curl takes it for an error.
pub fn answer(
    direction: Direction,
    asked: Options<'_>,
    policy: &Policy,
    length: Option<u64>,
) -> Offer {
    let asked = asked.first(MAX_OPTIONS);
    let agreed = Agreed {
        blksize: blksize(asked, policy).unwrap_or(DEFAULT_BLKSIZE),
        windowsize: 1,
        variable_window: None,
        timeout: timeout(asked),
        tsize: asked
            .number("tsize")
            .filter(|_| direction == Direction::Write),
        rollover: rollover(asked),
    };
    let agreed = Agreed {
        windowsize: windowsize(asked, policy, agreed.blksize).unwrap_or(1),
        variable_window: asks_variable_window(direction, asked)
            .then(|| largest_window(policy, agreed.blksize)),
        ..agreed
    };
    let mut fields = Vec::new();
    let mut answered: Vec<&[u8]> = Vec::new();
    for (name, value) in asked {
        // RFC 2347: an option may be given once; a repetition is not answered again.
        if answered.iter().any(|seen| seen.eq_ignore_ascii_case(name)) {
            continue;
        }
        answered.push(name);
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        let number = if is("blksize") {
            blksize(asked, policy).map(u64::from)
        } else if is("windowsize") {
            windowsize(asked, policy, agreed.blksize).map(u64::from)
        } else if is(MSFTWINDOW) {
            agreed.variable_window.map(|_| MSFTWINDOW_ANSWER)
        } else if is("tsize") {
            options::number(value).and_then(|value| match direction {
                Direction::Read => length.filter(|&length| length > 0),
                Direction::Write => Some(value),
            })
        } else if (is("timeout") && agreed.timeout.is_some() && whole_seconds(asked).is_some())
            || (is("utimeout") && microseconds(asked).is_some())
            || (is("rollover") && agreed.rollover.is_some())
        {
            options::number(value)
        } else {
            None
        };
        if let Some(number) = number {
            options::push(&mut fields, name, number.to_string().as_bytes());
        }
    }
    let oack = (!fields.is_empty()).then(|| [&[0, 6], &fields[..]].concat());
    Offer { agreed, oack }
}

fn blksize(asked: Options<'_>, policy: &Policy) -> Option<u16> {
    let value = asked.number("blksize")?;
    let value = u16::try_from(value)
        .ok()
        .filter(|value| (MIN_BLKSIZE..=MAX_BLKSIZE).contains(value))?;
    Some(value.min(policy.max_blksize.max(MIN_BLKSIZE)))
}

fn windowsize(asked: Options<'_>, policy: &Policy, blksize: u16) -> Option<u16> {
    let value = u16::try_from(asked.number("windowsize")?)
        .ok()
        .filter(|&value| value > 0)?;
    Some(value.min(largest_window(policy, blksize)))
}

/// The largest window that the policy allows, in blocks of this size.
fn largest_window(policy: &Policy, blksize: u16) -> u16 {
    let fits = (policy.max_window_bytes / u32::from(blksize)).clamp(1, u32::from(u16::MAX)) as u16;
    policy.max_windowsize.max(1).min(fits)
}

/// Whether a client asks to say with each ACK how large the next window shall be. The Windows boot
/// manager does, when it reads; no RFC knows of it.
fn asks_variable_window(direction: Direction, asked: Options<'_>) -> bool {
    direction == Direction::Read && asked.number(MSFTWINDOW) == Some(MSFTWINDOW_QUESTION)
}

fn timeout(asked: Options<'_>) -> Option<Duration> {
    microseconds(asked).or_else(|| whole_seconds(asked))
}

/// RFC 2349: 1 to 255 seconds.
fn whole_seconds(asked: Options<'_>) -> Option<Duration> {
    let value = asked
        .number("timeout")
        .filter(|value| (1..=255).contains(value))?;
    Some(Duration::from_secs(value))
}

/// `utimeout` of tftp-hpa: the same in microseconds, from 10 ms.
fn microseconds(asked: Options<'_>) -> Option<Duration> {
    let value = asked
        .number("utimeout")
        .filter(|value| (10_000..=255_000_000).contains(value))?;
    Some(Duration::from_micros(value))
}

fn rollover(asked: Options<'_>) -> Option<Rollover> {
    match asked.number("rollover")? {
        0 => Some(Rollover::ToZero),
        1 => Some(Rollover::ToOne),
        _ => None,
    }
}

const MSFTWINDOW: &str = "msftwindow";
/// The value by which a client asks for `msftwindow`, and the one by which a server agrees.
const MSFTWINDOW_QUESTION: u64 = 31416;
const MSFTWINDOW_ANSWER: u64 = 27182;
/// More than any client asks; the rest of a request made to waste our time is not looked at.
const MAX_OPTIONS: usize = 32;

/// What a client asks of a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// Ask for this block size.
    pub blksize: Option<u16>,
    /// Ask for this window.
    pub windowsize: Option<u16>,
    /// Ask for this time-out, in seconds.
    pub timeout: Option<u8>,
    /// Ask for the file's length (0 when reading), or announce it (when writing).
    pub tsize: Option<u64>,
}

impl Wish {
    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The option fields of a request.
    pub(super) fn fields(&self) -> Vec<u8> {
        let mut fields = Vec::new();
        for (name, value) in self.pairs() {
            if let Some(value) = value {
                options::push(&mut fields, name.as_bytes(), value.to_string().as_bytes());
            }
        }
        fields
    }

    /// Checks an OACK: it may hold only what was asked, with no larger value.
    ///
    /// # Errors
    /// With what the server did wrong. A `blksize` or `windowsize` of 0 counts as not answered, a
    /// `timeout` that differs as well: some firmware sends them, and nothing depends on it.
    pub(super) fn accept(&self, oack: Options<'_>) -> Result<Agreed, Violation> {
        if oack.iter().any(|(name, _)| !self.asked(name)) {
            return Err(Violation::OptionNotAsked);
        }
        let defaults = Agreed::default();
        Ok(Agreed {
            blksize: no_larger(oack, "blksize", self.blksize, MIN_BLKSIZE)?
                .unwrap_or(defaults.blksize),
            windowsize: no_larger(oack, "windowsize", self.windowsize, 1)?.unwrap_or(1),
            variable_window: None, // never asked for
            timeout: whole_seconds(oack).filter(|&found| {
                Some(found) == self.timeout.map(|s| Duration::from_secs(s.into()))
            }),
            tsize: oack.number("tsize"),
            rollover: None, // never asked for
        })
    }

    fn asked(&self, name: &[u8]) -> bool {
        self.pairs()
            .iter()
            .any(|(known, value)| value.is_some() && name.eq_ignore_ascii_case(known.as_bytes()))
    }

    fn pairs(&self) -> [(&'static str, Option<u64>); 4] {
        [
            ("tsize", self.tsize),
            ("blksize", self.blksize.map(u64::from)),
            ("windowsize", self.windowsize.map(u64::from)),
            ("timeout", self.timeout.map(u64::from)),
        ]
    }
}

fn no_larger(
    oack: Options<'_>,
    name: &str,
    asked: Option<u16>,
    least: u16,
) -> Result<Option<u16>, Violation> {
    let Some(text) = oack.value(name) else {
        return Ok(None);
    };
    let value = options::number(text).ok_or(Violation::OptionValue)?;
    if value == 0 {
        return Ok(None);
    }
    u16::try_from(value)
        .ok()
        .filter(|value| (least..=asked.unwrap_or(0)).contains(value))
        .map(Some)
        .ok_or(Violation::OptionValue)
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: Policy = Policy {
        max_blksize: 1468,
        max_windowsize: 64,
        max_window_bytes: 65536,
    };

    fn oack(direction: Direction, asked: &[u8], length: Option<u64>) -> Option<String> {
        answer(direction, Options::new(asked), &POLICY, length)
            .oack
            .map(|oack| {
                String::from_utf8_lossy(&oack[2..])
                    .replace('\0', " ")
                    .trim_end()
                    .to_owned()
            })
    }

    fn read(asked: &str) -> Option<String> {
        oack(
            Direction::Read,
            asked.replace(' ', "\0").as_bytes(),
            Some(700),
        )
    }

    #[test]
    fn answers_in_the_clients_spelling_and_order_and_only_what_was_asked() {
        assert_eq!(
            read("TSize 0 BLKSIZE 1024 ").as_deref(),
            Some("TSize 700 BLKSIZE 1024")
        );
        assert_eq!(read("multicast  tsize 0 ").as_deref(), Some("tsize 700"));
        assert_eq!(read("unknown 1 "), None);
        assert_eq!(
            read("blksize 512 blksize 1024 ").as_deref(),
            Some("blksize 512")
        );
    }

    #[test]
    fn clamps_what_may_be_smaller_and_never_the_timeout() {
        assert_eq!(read("blksize 9000 ").as_deref(), Some("blksize 1468"));
        assert_eq!(read("windowsize 65535 ").as_deref(), Some("windowsize 64"));
        assert_eq!(
            read("blksize 1468 windowsize 64 ").as_deref(),
            Some("blksize 1468 windowsize 44")
        );
        assert_eq!(read("timeout 255 ").as_deref(), Some("timeout 255"));
        assert_eq!(read("timeout 256 "), None);
        assert_eq!(read("utimeout 20000 ").as_deref(), Some("utimeout 20000"));
    }

    #[test]
    fn a_window_that_varies_is_agreed_to_where_it_is_asked_for_and_stays_within_bounds() {
        let agreed = |direction, asked: &str| {
            let asked = asked.replace(' ', "\0");
            answer(direction, Options::new(asked.as_bytes()), &POLICY, None).agreed
        };
        let asked = "blksize 1456 windowsize 4 msftwindow 31416 ";
        assert_eq!(
            read(asked).as_deref(),
            Some("blksize 1456 windowsize 4 msftwindow 27182")
        );
        let reading = agreed(Direction::Read, asked);
        assert_eq!((reading.windowsize, reading.variable_window), (4, Some(45)));
        assert_eq!(agreed(Direction::Write, asked).variable_window, None);
        assert_eq!(read("msftwindow 31415 "), None);
        assert_eq!(
            agreed(Direction::Read, "windowsize 4 ").variable_window,
            None
        );
        assert_eq!(
            read("MsftWindow 31416 ").as_deref(),
            Some("MsftWindow 27182")
        );
    }

    #[test]
    fn absurd_values_are_left_out_of_the_oack() {
        for absurd in [
            "blksize 0 ",
            "blksize 7 ",
            "blksize 65465 ",
            "blksize +512 ",
            "blksize -1 ",
            "blksize x ",
            "windowsize 0 ",
            "windowsize 65536 ",
            "timeout 0 ",
            "utimeout 1 ",
            "tsize x ",
            "blksize  ",
        ] {
            assert_eq!(read(absurd), None, "{absurd}");
        }
    }

    #[test]
    fn an_option_too_far_behind_to_be_answered_does_not_hold_either() {
        let asked = format!("{}blksize 1024 ", "x 1 ".repeat(MAX_OPTIONS)).replace(' ', "\0");
        let offer = answer(
            Direction::Read,
            Options::new(asked.as_bytes()),
            &POLICY,
            None,
        );
        assert_eq!((offer.agreed, offer.oack), (Agreed::default(), None));
    }

    #[test]
    fn what_follows_block_65535_is_answered_where_it_is_asked_for() {
        let asked = |value: &str| {
            let asked = format!("rollover\0{value}\0");
            let offer = answer(
                Direction::Read,
                Options::new(asked.as_bytes()),
                &POLICY,
                None,
            );
            (offer.agreed.rollover, offer.oack)
        };
        let oack = |value: &str| Some([&b"\0\x06rollover\0"[..], value.as_bytes(), b"\0"].concat());
        assert_eq!(asked("0"), (Some(Rollover::ToZero), oack("0")));
        assert_eq!(asked("1"), (Some(Rollover::ToOne), oack("1")));
        for other in ["2", "-1", "", "none"] {
            assert_eq!(asked(other), (None, None), "{other:?}");
        }
    }

    #[test]
    fn the_length_is_announced_only_where_it_is_known_and_not_zero() {
        assert_eq!(oack(Direction::Read, b"tsize\x000\0", None), None);
        assert_eq!(oack(Direction::Read, b"tsize\x000\0", Some(0)), None);
        assert_eq!(
            oack(Direction::Read, b"tsize\x0042\0", Some(7)).as_deref(),
            Some("tsize 7")
        );
        assert_eq!(
            oack(Direction::Write, b"tsize\x0042\0", None).as_deref(),
            Some("tsize 42")
        );
    }

    #[test]
    fn a_client_accepts_less_than_it_asked_and_nothing_more() {
        let wish = Wish {
            blksize: Some(1428),
            windowsize: Some(16),
            ..Wish::default()
        };
        let accept = |oack: &str| wish.accept(Options::new(oack.replace(' ', "\0").as_bytes()));
        assert_eq!(
            accept("blksize 512 ").map(|agreed| (agreed.blksize, agreed.windowsize)),
            Ok((512, 1))
        );
        assert_eq!(
            accept("WindowSize 8 ").map(|agreed| agreed.windowsize),
            Ok(8)
        );
        assert_eq!(accept("blksize 0 ").map(|agreed| agreed.blksize), Ok(512));
        assert_eq!(accept("blksize 1429 "), Err(Violation::OptionValue));
        assert_eq!(accept("blksize x "), Err(Violation::OptionValue));
        assert_eq!(accept("tsize 5 "), Err(Violation::OptionNotAsked));
    }
}
