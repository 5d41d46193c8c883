//! `lineman tftp serve --proxydhcp`: what may be typed.

use clap::Args;
use lineman_proto::dhcp::Loader;

use super::parse;

/// Proxy DHCP beside the server.
#[derive(Debug, Args)]
pub struct ProxyDhcp {
    /// Tell firmware what to load, beside a DHCP server that only gives addresses (ports 67 and 4011)
    #[arg(long)]
    pub proxydhcp: bool,
    /// What firmware of an architecture is told to load, or iPXE, may be repeated: x64-uefi=NAME, 7=NAME,
    /// ipxe=SCRIPT, x64-http=URL (default: the first of the usual names that exists)
    #[arg(long, value_name = "ARCH=NAME", value_parser = parse::loader, requires = "proxydhcp")]
    pub proxydhcp_loader: Vec<Loader>,
}
