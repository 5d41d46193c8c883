//! `lineman watch --interfaces`.

use lineman_net::capture::Device;
use lineman_net::capture::devices;
use serde_json::json;

use crate::commands::capture::ANY;
use crate::console::Console;
use crate::failure::Failure;
use crate::lang::Message as _;
use crate::lang::watch::Watch as Words;
use crate::views::text::pad;
use crate::views::text::width;

/// A line for each, and one for all of them together.
///
/// # Errors
/// When stdout cannot be written.
pub fn list(console: Console) -> Result<(), Failure> {
    let all = devices();
    if console.json {
        return all.iter().try_for_each(|device| tell(device, console));
    }
    let state = |device: &Device| match device.up {
        true => Words::Up {}.render(console.lang),
        false => Words::Down {}.render(console.lang),
    };
    let names = all.iter().map(|device| width(&device.name)).max();
    let states = all.iter().map(|device| width(&state(device))).max();
    let (names, states) = (names.unwrap_or(0).max(width(ANY)), states.unwrap_or(0));
    let mut out = String::new();
    for device in &all {
        let addresses = device.addresses.iter().map(ToString::to_string);
        let addresses = addresses.collect::<Vec<_>>().join(" ");
        let line = format!(
            "{}  {}  {addresses}",
            pad(&device.name, names),
            pad(&state(device), states)
        );
        out += &format!("{}\n", line.trim_end());
    }
    let any = Words::AnyInterface {}.render(console.lang);
    out += &format!("{}  {any}\n", pad(ANY, names));
    console.print(out)
}

fn tell(device: &Device, console: Console) -> Result<(), Failure> {
    let fields = json!({
        "name": device.name,
        "index": device.index,
        "up": device.up,
        "loopback": device.loopback,
        "mtu": device.mtu,
        "addresses": device.addresses,
    });
    console.tell("interface", fields)
}
