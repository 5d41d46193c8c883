//! Which firmware asks: option 93, "Client System Architecture" (RFC 4578 §2.1).

use std::fmt;

/// A number of IANA's registry "Processor Architecture Types". The table of RFC 4578 has x64 UEFI as 9 and EBC as 7;
/// its erratum and the registry have them the other way round, as firmware does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Arch(pub u16);

impl Arch {
    /// PC BIOS.
    pub const X86_BIOS: Self = Self(0);
    /// UEFI for x86 of 32 bits.
    pub const X86_UEFI: Self = Self(6);
    /// UEFI for x86 of 64 bits.
    pub const X64_UEFI: Self = Self(7);
    /// EFI byte code; some firmware for x64 says this, which the RFC's table calls x64.
    pub const EBC: Self = Self(9);
    /// UEFI for Arm of 32 bits.
    pub const ARM_UEFI: Self = Self(10);
    /// UEFI for Arm of 64 bits.
    pub const ARM64_UEFI: Self = Self(11);

    /// The architecture with this name, or this number.
    pub fn find(text: &str) -> Option<Self> {
        let named = NAMES.iter().find(|row| row.name == text);
        let number = || text.parse().ok().map(Self);
        named.map(|row| Self(row.number)).or_else(number)
    }

    /// Its name here, which the registry's name is made of; `None` for a number that has none.
    pub fn name(self) -> Option<&'static str> {
        let row = NAMES.iter().find(|row| row.number == self.0);
        row.map(|row| row.name)
    }

    /// Whether this firmware loads by HTTP and is told a URL (UEFI 2.5, §23.7).
    pub fn loads_by_http(self) -> bool {
        self.name().is_some_and(|name| name.ends_with("-http"))
    }

    /// Whether it reads the PXE options of option 43. UEFI firmware takes them for the offer of a menu or of
    /// multicast, in ways that differ; without them all of it takes server and file of the packet.
    pub fn reads_pxe_options(self) -> bool {
        self == Self::X86_BIOS
    }

    /// All names, in the order of their numbers.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|row| row.name)
    }
}

/// The name with the number, or the number alone.
impl fmt::Display for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => self.0.fmt(f),
        }
    }
}

struct Row {
    number: u16,
    name: &'static str,
}

const fn row(number: u16, name: &'static str) -> Row {
    Row { number, name }
}

const NAMES: &[Row] = &[
    row(0, "x86-bios"),
    row(6, "x86-uefi"),
    row(7, "x64-uefi"),
    row(9, "ebc"),
    row(10, "arm-uefi"),
    row(11, "arm64-uefi"),
    row(15, "x86-http"),
    row(16, "x64-http"),
    row(17, "ebc-http"),
    row(18, "arm-http"),
    row(19, "arm64-http"),
    row(25, "riscv32-uefi"),
    row(26, "riscv32-http"),
    row(27, "riscv64-uefi"),
    row(28, "riscv64-http"),
    row(37, "loongarch32-uefi"),
    row(38, "loongarch32-http"),
    row(39, "loongarch64-uefi"),
    row(40, "loongarch64-http"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_the_registry_s() {
        assert_eq!(Arch::find("x64-uefi"), Some(Arch(7)));
        assert_eq!(Arch::find("7"), Some(Arch(7)));
        assert_eq!(Arch::find("4660"), Some(Arch(4660)));
        assert_eq!(Arch::find("vax"), None);
        assert_eq!(Arch::find("-1"), None);
        assert_eq!(Arch(11).to_string(), "arm64-uefi");
        assert_eq!(Arch(8).to_string(), "8");
        for name in Arch::names() {
            assert_eq!(Arch::find(name).and_then(Arch::name), Some(name));
        }
        assert!(Arch(16).loads_by_http() && !Arch(7).loads_by_http());
    }
}
