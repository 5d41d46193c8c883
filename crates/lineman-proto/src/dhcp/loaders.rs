//! What each kind of firmware is told to load.

use std::str::FromStr;

use super::Arch;
use super::Class;
use super::Client;
use super::Refused;
use super::message::FILE;

/// What was set, beside what is found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loaders(Vec<Loader>);

/// One setting: for whom, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loader {
    key: LoaderKey,
    name: String,
}

/// Whom a setting is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoaderKey {
    /// Firmware for this architecture.
    Arch(Arch),
    /// iPXE, whatever it runs on.
    Ipxe,
}

/// Why a text is no setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoaderError {
    /// It is not of the form `ARCH=NAME`.
    NoPair,
    /// No architecture has this name, and it is no number.
    UnknownArch,
    /// The name is empty, has a control character, or more than 127 bytes: that is the room in a packet.
    BadName,
    /// Firmware that loads by HTTP needs a URL.
    NeedsUrl,
    /// Firmware that loads by TFTP cannot use a URL.
    TakesNoUrl,
}

impl FromStr for Loader {
    type Err = LoaderError;

    /// `x64-uefi=ipxe.efi`, `7=ipxe.efi`, `ipxe=boot.ipxe`, `x64-http=http://192.0.2.7/ipxe.efi`
    fn from_str(text: &str) -> Result<Self, LoaderError> {
        let (key, name) = text.split_once('=').ok_or(LoaderError::NoPair)?;
        let key = match key {
            "ipxe" => LoaderKey::Ipxe,
            other => LoaderKey::Arch(Arch::find(other).ok_or(LoaderError::UnknownArch)?),
        };
        if name.is_empty() || name.len() >= FILE || name.chars().any(char::is_control) {
            return Err(LoaderError::BadName);
        }
        let is_url = ["http://", "https://"]
            .iter()
            .any(|way| name.starts_with(way));
        match key {
            LoaderKey::Arch(arch) if arch.loads_by_http() && !is_url => Err(LoaderError::NeedsUrl),
            LoaderKey::Arch(arch) if !arch.loads_by_http() && is_url => {
                Err(LoaderError::TakesNoUrl)
            }
            _ => Ok(Self {
                key,
                name: name.to_owned(),
            }),
        }
    }
}

impl Loaders {
    /// Of two settings for the same firmware the last one holds.
    pub fn new(set: Vec<Loader>) -> Self {
        Self(set)
    }

    /// What this machine is told: what was set for it, else the first of the usual names that `exists`.
    ///
    /// # Errors
    /// When there is nothing; the error says what was looked for.
    pub(super) fn choose(
        &self,
        client: &Client,
        exists: &dyn Fn(&str) -> bool,
    ) -> Result<String, Refused> {
        let of = |key| {
            let set = self.0.iter().rfind(|loader| loader.key == key);
            let usual = || usual(key).iter().copied().find(|name| exists(name));
            set.map(|loader| loader.name.as_str())
                .or_else(usual)
                .map(str::to_owned)
        };
        if client.is_ipxe && client.class == Class::Pxe {
            return of(LoaderKey::Ipxe).ok_or(Refused::NoScript);
        }
        let fits = |arch: &&Arch| arch.loads_by_http() == (client.class == Class::Http);
        let mut architectures = client.architectures.iter().filter(fits);
        let first = *client
            .architectures
            .first()
            .ok_or(Refused::NoArchitecture)?;
        let found = architectures.find_map(|&arch| of(LoaderKey::Arch(arch)));
        found.ok_or(Refused::NoLoader(first))
    }

    /// The names that are looked for where nothing was set, in this order.
    pub fn usual(key: LoaderKey) -> &'static [&'static str] {
        usual(key)
    }
}

/// iPXE first, whose script can do everything; then what distributions and UEFI call their loaders.
fn usual(key: LoaderKey) -> &'static [&'static str] {
    match key {
        LoaderKey::Ipxe => &["boot.ipxe", "autoexec.ipxe"],
        LoaderKey::Arch(Arch::X86_BIOS) => &["undionly.kpxe", "pxelinux.0", "lpxelinux.0"],
        LoaderKey::Arch(Arch::X86_UEFI) => &["ipxe-i386.efi", "bootia32.efi", "BOOTIA32.EFI"],
        // Firmware that calls itself by the number that the RFC's table has for x64.
        LoaderKey::Arch(Arch::X64_UEFI | Arch::EBC) => &[
            "ipxe.efi",
            "snponly.efi",
            "bootx64.efi",
            "BOOTX64.EFI",
            "grubx64.efi",
        ],
        LoaderKey::Arch(Arch::ARM_UEFI) => &["ipxe-arm32.efi", "bootarm.efi", "BOOTARM.EFI"],
        LoaderKey::Arch(Arch::ARM64_UEFI) => &[
            "ipxe-arm64.efi",
            "bootaa64.efi",
            "BOOTAA64.EFI",
            "grubaa64.efi",
        ],
        LoaderKey::Arch(Arch(27)) => &["ipxe-riscv64.efi", "bootriscv64.efi", "BOOTRISCV64.EFI"],
        LoaderKey::Arch(Arch(39)) => &[
            "ipxe-loong64.efi",
            "bootloongarch64.efi",
            "BOOTLOONGARCH64.EFI",
        ],
        LoaderKey::Arch(_) => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_as_people_write_them() {
        let parsed = |text: &str| text.parse::<Loader>();
        assert_eq!(
            parsed("7=a.efi").map(|it| it.key),
            Ok(LoaderKey::Arch(Arch(7)))
        );
        assert_eq!(
            parsed("x64-uefi=a=b").map(|it| it.name),
            Ok("a=b".to_owned())
        );
        assert_eq!(
            parsed("ipxe=http://h/x").map(|it| it.key),
            Ok(LoaderKey::Ipxe)
        );
        assert!(parsed("16=https://h/x.efi").is_ok());
        assert_eq!(parsed("x64-uefi"), Err(LoaderError::NoPair));
        assert_eq!(parsed("vax=a"), Err(LoaderError::UnknownArch));
        assert_eq!(parsed("70000=a"), Err(LoaderError::UnknownArch));
        assert_eq!(parsed("7="), Err(LoaderError::BadName));
        assert_eq!(parsed("7=a\nb"), Err(LoaderError::BadName));
        assert_eq!(
            parsed(&format!("7={}", "x".repeat(128))),
            Err(LoaderError::BadName)
        );
        assert!(parsed(&format!("7={}", "x".repeat(127))).is_ok());
        assert_eq!(parsed("16=ipxe.efi"), Err(LoaderError::NeedsUrl));
        assert_eq!(parsed("7=http://h/ipxe.efi"), Err(LoaderError::TakesNoUrl));
    }
}
