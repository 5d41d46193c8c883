//! What the user typed as a multicast group, and what that means.

use std::net::IpAddr;

use lineman_net::udp::Group;
use lineman_net::udp::interfaces;
use lineman_net::udp::zone;

use crate::failure::Failure;
use crate::lang::Lang;
use crate::lang::udp::Udp;

/// A group and its interface, which may be named behind the group's `%` or by an option.
pub fn group(text: &str, interface: Option<&str>, lang: Lang) -> Result<Group, Failure> {
    let (address, named) = match text.split_once('%') {
        Some((address, named)) => (address, Some(named)),
        None => (text, None),
    };
    let parsed: Option<IpAddr> = address.parse().ok();
    let parsed = parsed
        .filter(IpAddr::is_multicast)
        .ok_or_else(|| Failure::usage(&Udp::NotMulticast { group: &address }, lang))?;
    let found = match (named, interface) {
        (Some(named), _) => zone(named).map_err(|error| super::unknown_interface(&error, lang))?,
        (None, Some(wanted)) => super::interface(wanted, lang)?,
        (None, None) => {
            let (group, names) = (&address, &interfaces().join(", "));
            return Err(Failure::usage(&Udp::GroupInterface { group, names }, lang));
        }
    };
    if let (Some(named), Some(wanted)) = (named, interface)
        && super::interface(wanted, lang)?.index != found.index
    {
        let (one, other) = (&named, &wanted);
        return Err(Failure::usage(&Udp::TwoInterfaces { one, other }, lang));
    }
    Ok(Group {
        address: parsed,
        interface: found,
    })
}
