//! Why what was typed is no address.

use super::messages;

messages! {
    /// Why what was typed is no address.
    Address;
    Empty {} "an empty address; write HOST, HOST:PORT or :PORT" "地址为空；请写成 HOST、HOST:PORT 或 :PORT"
    ColonsWithoutBrackets { text } "`{text}` is not an address; an IPv6 address with a port is written [2001:db8::7]:8888" "“{text}”不是地址；带端口的 IPv6 地址应写成 [2001:db8::7]:8888"
    BadHost { host, bad } "`{host}` is not a host: a name cannot contain `{bad}`" "“{host}”不是主机：主机名不能包含“{bad}”"
    OpenBracket { text } "`{text}` has no closing bracket" "“{text}”缺少右方括号"
    NotV6 { text } "`{text}` between the brackets is not an IPv6 address" "方括号中的“{text}”不是 IPv6 地址"
    AfterBracket { text } "`{text}` after the bracket is not a port" "方括号后面的“{text}”不是端口"
    PortMissing { text } "`{text}` ends where a port should follow" "“{text}”的冒号后面缺少端口"
    PortNotNumber { text } "`{text}` is not a port number" "“{text}”不是端口号"
    ReadWithoutPort { text, meant } "`{text}` is an IPv6 address without a port; with a port it is written {meant}" "“{text}”是不带端口的 IPv6 地址；带端口应写成 {meant}"
    NeedsInterface { address, example, names } "{address} is a link-local address: name the interface that leads to it, as in {address}%{example}; there are: {names}" "{address} 是链路本地地址：请指明通往它的接口，例如 {address}%{example}；现有接口：{names}"
    UnknownInterface { wanted, names } "no interface has the name or number {wanted}; there are: {names}" "没有名称或编号为 {wanted} 的接口；现有接口：{names}"
    TwoPorts { text, port } "`{text}` has a port already; which one, that or {port}?" "“{text}”已经带有端口；用它还是 {port}？"
    PortTooLarge { text } "there is no port {text}; 65535 is the largest" "没有 {text} 号端口；最大的端口是 65535"
}
