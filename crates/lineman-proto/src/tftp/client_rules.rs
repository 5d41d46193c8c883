//! Clients that are served otherwise than the rest.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use super::MAX_BLKSIZE;
use super::MIN_BLKSIZE;
use super::Options;
use super::Policy;
use super::Rollover;
use super::guard::Prefix;
use super::guard::PrefixError;

/// One rule: for whom it holds, and what holds for them.
///
/// As text it is its parts with commas between: `from=192.0.2.0/24`, `asks=blksize+tsize`,
/// `no-options`, `blksize=BYTES`, `windowsize=BLOCKS`, `rollover=0` or `rollover=1`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientRule {
    /// Clients with these addresses; `None` is any.
    pub from: Option<Prefix>,
    /// Requests with exactly these options in this order, in any case; `None` is any.
    pub asks: Option<Vec<String>>,
    /// No option is answered, as by a server of RFC 1350.
    pub no_options: bool,
    /// The largest block to agree to.
    pub blksize: Option<u16>,
    /// The largest window to agree to.
    pub windowsize: Option<u16>,
    /// What follows block 65535.
    pub rollover: Option<Rollover>,
}

impl ClientRule {
    /// The first of `rules` that holds for a request with these options from `ip`.
    pub fn find<'a>(rules: &'a [Self], ip: IpAddr, options: Options<'_>) -> Option<&'a Self> {
        rules.iter().find(|rule| rule.holds(ip, options))
    }

    fn holds(&self, ip: IpAddr, options: Options<'_>) -> bool {
        let from = self.from.is_none_or(|range| range.contains(ip));
        from && self
            .asks
            .as_ref()
            .is_none_or(|names| options.are_named(names))
    }

    /// The options to answer: those asked, or none.
    pub fn options<'a>(&self, asked: Options<'a>) -> Options<'a> {
        if self.no_options {
            Options::default()
        } else {
            asked
        }
    }

    /// `policy` with what this rule forbids to a client that asks these options. No rule allows more
    /// than the policy does. Where this one says nothing of windows, what is known of the client's
    /// program holds: U-Boot's virtio driver has 32 buffers, and a burst that fills them leaves it deaf
    /// for good, so it gets no more than half of that.
    #[must_use]
    pub fn limit(&self, policy: Policy, asked: Options<'_>) -> Policy {
        let least = |rule: Option<u16>, general: u16| rule.unwrap_or(general).min(general);
        let windowsize = self.windowsize.or_else(|| known_windowsize(asked));
        Policy {
            max_blksize: least(self.blksize, policy.max_blksize),
            max_windowsize: least(windowsize, policy.max_windowsize),
            ..policy
        }
    }

    fn set(&mut self, part: &str) -> Result<(), ClientRuleError> {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        match key {
            "from" => self.from = Some(value.parse().map_err(ClientRuleError::From)?),
            "asks" => self.asks = Some(names(value)?),
            "no-options" if part == key => self.no_options = true,
            "blksize" => {
                self.blksize = Some(number(
                    value,
                    MIN_BLKSIZE,
                    MAX_BLKSIZE,
                    ClientRuleError::Blksize,
                )?);
            }
            "windowsize" => {
                self.windowsize = Some(number(value, 1, u16::MAX, ClientRuleError::Windowsize)?);
            }
            "rollover" => {
                self.rollover = Some(match value {
                    "0" => Rollover::ToZero,
                    "1" => Rollover::ToOne,
                    _ => return Err(ClientRuleError::Rollover),
                });
            }
            _ => return Err(ClientRuleError::Key(part.to_owned())),
        }
        Ok(())
    }
}

/// The largest window that the program which asks in this way can take, where that is known.
fn known_windowsize(asked: Options<'_>) -> Option<u16> {
    UBOOT_ASKS
        .iter()
        .any(|names| asked.are_named(names))
        .then_some(UBOOT_WINDOWSIZE)
}

/// No other program that is known begins with `timeout` of its own accord: atftp does where it is told to
/// ask for it and not for `tsize`.
const UBOOT_ASKS: [&[&str]; 2] = [
    &["timeout", "tsize", "blksize", "windowsize"],
    &["timeout", "blksize", "windowsize"],
];
/// In blocks: half of the 32 buffers of its virtio driver, so that a window that is repeated while the first
/// still lies there fits as well.
const UBOOT_WINDOWSIZE: u16 = 16;

fn names(value: &str) -> Result<Vec<String>, ClientRuleError> {
    let names: Vec<String> = value.split('+').map(str::to_owned).collect();
    if names.iter().any(String::is_empty) {
        return Err(ClientRuleError::Asks);
    }
    Ok(names)
}

fn number(
    value: &str,
    least: u16,
    most: u16,
    error: ClientRuleError,
) -> Result<u16, ClientRuleError> {
    let number = value.parse().ok();
    number
        .filter(|number| (least..=most).contains(number))
        .ok_or(error)
}

impl FromStr for ClientRule {
    type Err = ClientRuleError;

    fn from_str(text: &str) -> Result<Self, ClientRuleError> {
        let mut rule = Self::default();
        for part in text.split(',') {
            rule.set(part)?;
        }
        let whom = Self {
            from: rule.from,
            asks: rule.asks.clone(),
            ..Self::default()
        };
        if whom == Self::default() {
            return Err(ClientRuleError::Everybody);
        }
        if rule == whom {
            return Err(ClientRuleError::Nothing);
        }
        Ok(rule)
    }
}

/// Why a text is no [`ClientRule`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientRuleError {
    /// `from` is no range of addresses.
    From(PrefixError),
    /// `asks` is no list of names.
    Asks,
    /// `blksize` is not a number from 8 to 65464.
    Blksize,
    /// `windowsize` is not a number from 1 to 65535.
    Windowsize,
    /// `rollover` is neither 0 nor 1.
    Rollover,
    /// There is no such part.
    Key(String),
    /// It says neither `from` nor `asks`: that would be no exception.
    Everybody,
    /// It says nothing about those for whom it holds.
    Nothing,
}

impl fmt::Display for ClientRuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::From(_) => "`from` is no range of addresses",
            Self::Asks => "`asks` is no list of option names",
            Self::Blksize => "`blksize` is not a number from 8 to 65464",
            Self::Windowsize => "`windowsize` is not a number from 1 to 65535",
            Self::Rollover => "`rollover` is neither 0 nor 1",
            Self::Key(part) => return write!(f, "unknown part `{part}`"),
            Self::Everybody => "neither `from` nor `asks`",
            Self::Nothing => "nothing to do for them",
        })
    }
}

impl std::error::Error for ClientRuleError {}

#[cfg(test)]
mod tests {
    use super::*;

    const UBOOT: &[u8] = b"timeout\x005\0tsize\x000\0blksize\x001468\0";
    const POLICY: Policy = Policy {
        max_blksize: 1468,
        max_windowsize: 64,
        max_window_bytes: 1 << 20,
    };

    fn rules(texts: &[&str]) -> Vec<ClientRule> {
        texts.iter().map(|text| text.parse().expect(text)).collect()
    }

    fn found(rules: &[ClientRule], ip: &str, options: &[u8]) -> Option<usize> {
        let rule = ClientRule::find(rules, ip.parse().expect(ip), Options::new(options))?;
        rules.iter().position(|other| std::ptr::eq(other, rule))
    }

    #[test]
    fn the_first_rule_that_matches_holds() {
        let rules = rules(&[
            "from=192.0.2.7,no-options",
            "from=192.0.2.0/24,asks=Timeout+TSIZE+blksize,windowsize=4",
            "asks=timeout+tsize+blksize,rollover=1",
            "from=2001:db8::/32,blksize=1024",
        ]);
        assert_eq!(found(&rules, "192.0.2.7", UBOOT), Some(0));
        assert_eq!(found(&rules, "192.0.2.8", UBOOT), Some(1));
        assert_eq!(found(&rules, "198.51.100.1", UBOOT), Some(2));
        assert_eq!(found(&rules, "2001:db8::1", b""), Some(3));
        assert_eq!(found(&rules, "192.0.2.8", b"tsize\x000\0"), None);
        assert_eq!(found(&rules, "192.0.2.8", &UBOOT[..18]), None);
    }

    #[test]
    fn a_rule_forbids_and_never_allows_more() {
        let rule = &rules(&["from=::/0,blksize=9000,windowsize=4"])[0];
        let limited = rule.limit(POLICY, Options::default());
        assert_eq!((limited.max_blksize, limited.max_windowsize), (1468, 4));
        let rule = &rules(&["from=::/0,blksize=512"])[0];
        let limited = rule.limit(POLICY, Options::default());
        assert_eq!((limited.max_blksize, limited.max_windowsize), (512, 64));
    }

    /// U-Boot over virtio asked for 32, got them, and heard nothing ever after.
    #[test]
    fn uboot_gets_windows_that_do_not_fill_its_ring_unless_a_rule_says_otherwise() {
        let window = |rule: &ClientRule, fields: &[u8]| {
            rule.limit(POLICY, Options::new(fields)).max_windowsize
        };
        const ASKED: &[u8] = b"timeout\x005\0blksize\x001468\0windowsize\x0032\0";
        let none = ClientRule::default();
        assert_eq!(window(&none, ASKED), 16);
        let with_tsize = [UBOOT, b"windowsize\x0032\0"].concat();
        assert_eq!(window(&none, &with_tsize), 16);
        // Our own client, and npm `tftp`.
        let own = b"tsize\x000\0blksize\x001468\0windowsize\x0032\0timeout\x005\0";
        assert_eq!(window(&none, own), 64);
        let npm = b"blksize\x001468\0timeout\x003\0windowsize\x0032\0rollover\x000\0tsize\x000\0";
        assert_eq!(window(&none, npm), 64);

        let rules = rules(&["from=::/0,windowsize=40", "from=::/0,rollover=1"]);
        assert_eq!(window(&rules[0], ASKED), 40, "the operator knows better");
        assert_eq!(window(&rules[1], ASKED), 16, "and here says nothing of it");
    }

    #[test]
    fn no_options_is_rfc_1350() {
        let rule = &rules(&["asks=timeout+tsize+blksize,no-options"])[0];
        assert_eq!(rule.options(Options::new(UBOOT)).iter().count(), 0);
    }

    #[test]
    fn a_mistake_is_refused_not_guessed_at() {
        let error = |text: &str| text.parse::<ClientRule>().expect_err(text);
        assert!(matches!(
            error("from=10.0.0.1/8,no-options"),
            ClientRuleError::From(_)
        ));
        assert_eq!(error("asks=a++b,no-options"), ClientRuleError::Asks);
        assert_eq!(error("from=::/0,blksize=7"), ClientRuleError::Blksize);
        assert_eq!(error("from=::/0,windowsize=0"), ClientRuleError::Windowsize);
        assert_eq!(error("from=::/0,rollover=2"), ClientRuleError::Rollover);
        assert_eq!(
            error("from=::/0,colour"),
            ClientRuleError::Key("colour".to_owned())
        );
        assert_eq!(
            error("from=::/0,no-options=yes"),
            ClientRuleError::Key("no-options=yes".to_owned())
        );
        assert_eq!(error("no-options"), ClientRuleError::Everybody);
        assert_eq!(error("from=::/0"), ClientRuleError::Nothing);
    }
}
