//! Which program asks, deduced from the options of its request.

use crate::tftp::Options;

/// A program that machines boot by. It is deduced: two programs may ask alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Firmware {
    /// EDK2 and its kin: `tsize`, `blksize`, `windowsize` 4.
    Edk2,
    /// iPXE: `blksize` 1432 (what its link carries), `tsize`.
    Ipxe,
    /// GRUB: `blksize` 1024, `tsize`.
    Grub,
    /// PXELINUX: `tsize`, `blksize` 1408.
    Pxelinux,
    /// U-Boot: `timeout` first.
    UBoot,
    /// Windows' boot manager: `msftwindow`.
    Windows,
    /// Any other, or one that asks for no options (boot ROMs, shim).
    Unknown,
}

impl Firmware {
    /// Deduces it from a request's options, their order and the block size.
    pub fn of(options: Options<'_>) -> Self {
        if options.value("msftwindow").is_some() {
            return Self::Windows;
        }
        let blksize = options.number("blksize");
        let begins = |names: &[&str]| {
            let mut asked = options.iter().map(|(name, _)| name);
            names.iter().all(|name| {
                asked
                    .next()
                    .is_some_and(|it| it.eq_ignore_ascii_case(name.as_bytes()))
            })
        };
        let is_all = |names: &[&str]| options.are_named(names);
        if is_all(&["blksize", "tsize"]) && blksize == Some(1024) {
            Self::Grub
        } else if is_all(&["blksize", "tsize"]) || is_all(&["blksize", "tsize", "multicast"]) {
            Self::Ipxe
        } else if is_all(&["tsize", "blksize"]) && blksize == Some(1408) {
            Self::Pxelinux
        } else if options.number("windowsize") == Some(4)
            && (is_all(&["tsize", "blksize", "windowsize"]) || is_all(&["blksize", "windowsize"]))
        {
            Self::Edk2
        } else if begins(&["timeout"]) && blksize.is_some() {
            Self::UBoot
        } else {
            Self::Unknown
        }
    }

    /// By the `User-Agent` of an HTTP request (RFC 9110 §10.1.5): it is what the program says.
    pub fn of_user_agent(agent: &[u8]) -> Self {
        let known = [
            (&b"UefiHttpBoot/"[..], Self::Edk2), // EDK2's HttpBootDxe
            (b"iPXE/", Self::Ipxe),
            (b"GRUB", Self::Grub),
            (b"U-Boot", Self::UBoot),
            (b"Syslinux/", Self::Pxelinux),
        ];
        let is_of = |begin: &[u8]| agent.starts_with(begin);
        let found = known.into_iter().find(|(begin, _)| is_of(begin));
        found.map_or(Self::Unknown, |(_, firmware)| firmware)
    }

    /// Its name; `None` for an unknown one.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Edk2 => Some("EDK2"),
            Self::Ipxe => Some("iPXE"),
            Self::Grub => Some("GRUB"),
            Self::Pxelinux => Some("PXELINUX"),
            Self::UBoot => Some("U-Boot"),
            Self::Windows => Some("Windows"),
            Self::Unknown => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_told_apart_by_what_they_ask() {
        let of = |fields: &[u8]| Firmware::of(Options::new(fields));
        assert_eq!(
            of(b"tsize\x000\0blksize\x001468\0windowsize\x004\0"),
            Firmware::Edk2
        );
        assert_eq!(of(b"blksize\x001432\0tsize\x000\0"), Firmware::Ipxe);
        assert_eq!(
            of(b"blksize\x001432\0tsize\x000\0multicast\0\0"),
            Firmware::Ipxe
        );
        assert_eq!(of(b"blksize\x001024\0tsize\x000\0"), Firmware::Grub);
        assert_eq!(of(b"tsize\x000\0blksize\x001408\0"), Firmware::Pxelinux);
        assert_eq!(
            of(b"timeout\x005\0tsize\x000\0blksize\x001468\0"),
            Firmware::UBoot
        );
        let windows = b"tsize\x000\0blksize\x001456\0windowsize\x004\0msftwindow\x0031416\0";
        assert_eq!(of(windows), Firmware::Windows);
        let get = b"tsize\x000\0blksize\x001468\0windowsize\x0016\0"; // our own client
        for other in [
            &b""[..],
            get,
            b"timeout\x006\0",
            b"tsize\x000\0",
            b"blksize",
        ] {
            assert_eq!(of(other), Firmware::Unknown);
        }
    }
}
