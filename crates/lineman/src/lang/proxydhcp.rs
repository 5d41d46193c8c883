//! Sentences of `lineman tftp serve --proxydhcp`.

use super::messages;

messages! {
    /// Words about firmware that asks what to load.
    ProxyDhcp;
    Listening {} "proxy DHCP: firmware is told what to load (ports 67 and 4011); addresses come from the DHCP server" "代理 DHCP：告知固件加载什么（端口 67 和 4011）；地址由 DHCP 服务器分配"
    PortInUse { error } "{error}; a DHCP server runs on this machine: let it name the loader itself, or run lineman on another machine" "{error}；本机上运行着 DHCP 服务器：请由它指定加载程序，或在另一台机器上运行 lineman"
    OtherPort { ports } "firmware asks port 69 only, and TFTP is served at port {ports}: something must forward it" "固件只会访问端口 69，而 TFTP 服务位于端口 {ports}：必须有转发"
    NoIpv4 {} "--proxydhcp needs an IPv4 address to send firmware to: --listen names none" "--proxydhcp 需要一个 IPv4 地址供固件访问：--listen 中没有"
    Machine { address, uuid } "{address} (UUID {uuid})" "{address}（主机 UUID {uuid}）"
    Told { machine, arch, file, server } "{machine}, {arch}: told to load \"{file}\" from {server}" "{machine}，{arch}：告知从 {server} 加载 \"{file}\""
    ToldUrl { machine, arch, url } "{machine}, {arch}: told to load {url}" "{machine}，{arch}：告知加载 {url}"
    NotTold { machine, arch, why } "{machine}, {arch}: not answered: {why}" "{machine}，{arch}：未应答：{why}"
    Ipxe { arch } "iPXE on {arch}" "{arch} 上的 iPXE"
    UnknownArch {} "architecture unknown" "架构未知"
    NoArchitecture {} "it does not say its architecture (option 93)" "它没有说明架构（选项 93）"
    NoLoader { arch, looked } "there is no loader for {arch}: the directory has none of {looked}, and --proxydhcp-loader {arch}=NAME names none" "没有适用于 {arch} 的加载程序：目录中没有 {looked}，也没有用 --proxydhcp-loader {arch}=名称 指定"
    NoLoaderSet { arch } "there is no loader for {arch}: --proxydhcp-loader {arch}=NAME would name one" "没有适用于 {arch} 的加载程序：可用 --proxydhcp-loader {arch}=名称 指定"
    NoScript { looked } "there is no script for iPXE, and its loader again would never end: the directory has none of {looked}, and --proxydhcp-loader ipxe=NAME names none" "没有给 iPXE 的脚本，而再次给出加载程序将无休无止：目录中没有 {looked}，也没有用 --proxydhcp-loader ipxe=名称 指定"
    NotAllowed {} "outside --allow" "不在 --allow 之内"
    UnsoundRelay {} "it came by no relay that can be answered, nor by broadcast" "既不是经由可应答的中继到来，也不是广播"
    TooFast {} "asked too often" "请求过于频繁"
    Amplifies {} "the answer would be longer than the question" "应答将长于请求"
    Unsent { why } "this machine cannot send: {why}" "本机无法发送：{why}"
    Ended { answered, refused, untold } "proxy DHCP: {answered} answers, {refused} questions of firmware not answered, {untold} lines left out" "代理 DHCP：应答 {answered} 次，未应答固件的请求 {refused} 次，省略 {untold} 行"
}
