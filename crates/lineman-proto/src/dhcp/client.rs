//! What firmware says of itself.

use std::fmt;

use super::Arch;
use super::message::HARDWARE_ADDRESS;
use super::message::Message;
use super::message::option;

/// A machine that wants to boot from the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its network card.
    pub hardware: HardwareAddress,
    /// Its UUID, if it says one.
    pub machine_id: Option<MachineId>,
    /// What it can run, what it likes best first.
    pub architectures: Vec<Arch>,
    /// How it wants to load.
    pub class: Class,
    /// Whether iPXE asks, which is to be told a script (RFC 3004: the user class `iPXE`).
    pub is_ipxe: bool,
}

/// How firmware wants to load: option 60 begins with this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// By TFTP.
    Pxe,
    /// By HTTP: it is to be told a URL (UEFI 2.5 §23.7).
    Http,
}

impl Class {
    /// The class as an answer names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pxe => "PXEClient",
            Self::Http => "HTTPClient",
        }
    }

    fn of(vendor_class: &[u8]) -> Option<Self> {
        let says = |class: &Self| {
            let rest = vendor_class.strip_prefix(class.name().as_bytes());
            rest.is_some_and(|rest| matches!(rest, [] | [b':', ..]))
        };
        [Self::Pxe, Self::Http].into_iter().find(says)
    }
}

impl Client {
    /// Reads what a message says of its sender. `None` if no firmware has sent it.
    pub fn of(message: &Message<'_>) -> Option<Self> {
        let vendor_class = message.option(option::VENDOR_CLASS)?;
        let class = Class::of(vendor_class)?;
        let listed = message.option(option::ARCHITECTURE).unwrap_or_default();
        let mut architectures: Vec<Arch> = listed
            .chunks_exact(2)
            .take(ARCHITECTURES)
            .map(|number| Arch(u16::from_be_bytes([number[0], number[1]])))
            .collect();
        if architectures.is_empty() {
            architectures.extend(architecture_of(vendor_class));
        }
        let user_class = message.option(option::USER_CLASS).unwrap_or_default();
        Some(Self {
            hardware: HardwareAddress::of(message),
            machine_id: message.option(option::MACHINE_ID).and_then(MachineId::of),
            architectures,
            class,
            is_ipxe: is_ipxe(user_class),
        })
    }
}

/// `PXEClient:Arch:00007:UNDI:003016` has the number too (PXE 2.1 §2.1.1).
fn architecture_of(vendor_class: &[u8]) -> Option<Arch> {
    let text = std::str::from_utf8(vendor_class).ok()?;
    let number = text.split_once(":Arch:")?.1.get(..5)?;
    number.parse().ok().map(Arch)
}

/// iPXE writes its name without the length before it that RFC 3004 has.
fn is_ipxe(user_class: &[u8]) -> bool {
    let with_lengths = |mut rest: &[u8]| {
        while let Some((&length, more)) = rest.split_first() {
            let Some((name, more)) = more.split_at_checked(length.into()) else {
                return false;
            };
            if name == IPXE {
                return true;
            }
            rest = more;
        }
        false
    };
    user_class == IPXE || with_lengths(user_class)
}

/// The address of a network card, as long as its kind of network has it (Ethernet: 6 bytes).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HardwareAddress {
    length: u8,
    bytes: [u8; HARDWARE_ADDRESS],
}

impl HardwareAddress {
    fn of(message: &Message<'_>) -> Self {
        let address = message.hardware_address();
        let mut bytes = [0; HARDWARE_ADDRESS];
        bytes[..address.len()].copy_from_slice(address);
        Self {
            length: address.len() as u8, // at most 16
            bytes,
        }
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length.into()]
    }
}

/// `52:54:00:12:34:56`
impl fmt::Display for HardwareAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, byte) in self.bytes().iter().enumerate() {
            let separator = if nth == 0 { "" } else { ":" };
            write!(f, "{separator}{byte:02x}")?;
        }
        Ok(())
    }
}

/// A machine's UUID as firmware has it from SMBIOS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MachineId([u8; 16]);

impl MachineId {
    /// Type 0 is the only one there is (RFC 4578 §2.3). All zeros or all ones are none (DSP0134 §7.2.1).
    fn of(option: &[u8]) -> Option<Self> {
        let uuid: [u8; 16] = option.strip_prefix(&[0])?.try_into().ok()?;
        (uuid != [0; 16] && uuid != [0xff; 16]).then_some(Self(uuid))
    }
}

/// As `dmidecode` shows it: SMBIOS has the first three fields with their least byte first (DSP0134 §7.2.1).
impl fmt::Display for MachineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
        for (nth, at) in order.into_iter().enumerate() {
            let separator = if [4, 6, 8, 10].contains(&nth) {
                "-"
            } else {
                ""
            };
            write!(f, "{separator}{:02x}", self.0[at])?;
        }
        Ok(())
    }
}

/// Both RFC 3004 and iPXE's own way know it by this name.
const IPXE: &[u8] = b"iPXE";
/// Firmware lists one; more than this of a list is not read.
const ARCHITECTURES: usize = 8;

/// That it reads what there is of a list is tested with whole packets.
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ipxe_is_known_with_and_without_a_length() {
        assert!(is_ipxe(b"iPXE"));
        assert!(is_ipxe(b"\x04iPXE"));
        assert!(is_ipxe(b"\x03abc\x04iPXE"));
        assert!(!is_ipxe(b""));
        assert!(!is_ipxe(b"iPXE2"));
        assert!(!is_ipxe(b"\x05iPXE"));
    }

    #[test]
    fn a_machine_without_a_uuid_has_none() {
        let id = |bytes: [u8; 16]| MachineId::of(&[&[0], &bytes[..]].concat());
        assert!(id([7; 16]).is_some());
        assert_eq!((id([0; 16]), id([0xff; 16])), (None, None));
        assert_eq!(MachineId::of(&[1; 17]), None, "of another type");
        assert_eq!(MachineId::of(&[0; 16]), None, "cut");
    }

    #[test]
    fn a_class_is_a_whole_word() {
        assert_eq!(Class::of(b"PXEClient"), Some(Class::Pxe));
        assert_eq!(Class::of(b"HTTPClient:Arch:00016"), Some(Class::Http));
        assert_eq!(Class::of(b"PXEClients"), None);
        assert_eq!(Class::of(b"PXE"), None);
        let class = b"PXEClient:Arch:00007:UNDI:003016";
        assert_eq!(architecture_of(class), Some(Arch::X64_UEFI));
        assert_eq!(architecture_of(b"PXEClient:Arch:x"), None);
    }
}
