//! Words of `lineman lab`.

use super::messages;

messages! {
    /// Words of the lab.
    Lab;
    Opening {} "How a connection begins" "连接如何建立"
    Closing {} "How it ends" "连接如何关闭"
    Data {} "What happens in between" "数据传输"
    Messages {} "Messages in a stream of bytes" "字节流中的消息（粘包）"
    Waiting {} "Calls that wait, and calls that do not" "阻塞与非阻塞的调用"
    Datagrams {} "Datagrams" "数据报"
    Files {} "TFTP" "TFTP 文件传输"
    HowToPlay {} "Play one with: lineman lab NAME" "播放其中一个：lineman lab 名称"
    NoScenario { name } "there is no scenario {name}; lineman lab list names them" "没有名为 {name} 的场景；lineman lab list 列出全部"
    DidYouMean { name, near } "there is no scenario {name}; did you mean {near}? (lineman lab list names all)" "没有名为 {name} 的场景；是不是 {near}？（lineman lab list 列出全部）"
    RuleUnknown { rules, token, choices } "rule {rules}: “{token}” means nothing here; possible: {choices}" "规则 {rules}：“{token}”在这里没有意义；可以是：{choices}"
    RuleExtra { rules, token } "rule {rules}: nothing may follow here, but “{token}” does; a semicolon begins another rule" "规则 {rules}：此处不应再有内容，却出现了“{token}”；用分号开始另一条规则"
    RuleMissing { rules, token, choices } "rule {rules}: something is missing behind “{token}”; possible: {choices}" "规则 {rules}：“{token}”后面缺少内容；可以是：{choices}"
    RuleValue { rules, token, choices } "rule {rules}: “{token}” is not a value for this; write it like {choices}" "规则 {rules}：“{token}”不是这里可用的值；写法如 {choices}"
    RuleTwice { rules, token } "rule {rules}: “{token}” is said twice" "规则 {rules}：“{token}”重复了"
    NotBuilt { why } "the lab cannot be built: {why}; lineman doctor says what would help" "无法搭建实验环境：{why}；lineman doctor 会说明如何解决"
    Refused { what, said } "the system refuses {what} ({said})" "系统拒绝了{what}（{said}）"
    Instead { why } "simulated: {why}, so both hosts are simulated in this program; lineman doctor says what would help" "模拟：{why}，因此两台主机由本程序模拟；lineman doctor 会说明如何解决"
    NotSimulated { name } "{name} cannot be simulated: it shows what only the Linux kernel does; lineman lab list marks what can" "{name} 无法模拟：它展示的是只有 Linux 内核才有的行为；lineman lab list 标出了可以模拟的场景"
    Neither { why, name } "{why}, and {name} cannot be simulated: it shows what only the Linux kernel does; lineman doctor says what would help" "{why}，而 {name} 无法模拟：它展示的是只有 Linux 内核才有的行为；lineman doctor 会说明如何解决"
    Marked {} "* only with this machine's kernel; all others can be simulated too (--simulated)" "* 只能使用本机内核；其余场景也可以模拟（--simulated）"
    NumberLimited {} "their number is limited" "数量已达上限"
    Unshare {} "a network namespace of its own" "独立的网络命名空间"
    UserMap {} "being root in a user namespace" "在用户命名空间中成为 root"
    ChildNamespace {} "a network namespace for each host" "每台主机的网络命名空间"
    Veth {} "network cables between namespaces" "命名空间之间的虚拟网线"
    Configure {} "addresses for the hosts" "为主机配置地址"
    Offload {} "interfaces that do their own checksums" "由软件计算校验和的接口"
    Settings {} "settings of TCP" "TCP 的设置"
    PacketSocket {} "packet sockets on the wire" "线路上的数据包套接字"
    Diagnosis {} "looking at the state of sockets" "查询套接字的状态"
    Resources {} "threads or memory" "线程或内存"
    NotStarted { why } "its process cannot be started: {why}" "无法启动实验进程：{why}"
    Ended {} "the lab has ended before the scenario" "实验在场景结束之前就终止了"
    CallFailed { call, outcome } "the scenario cannot go on: {call}() returned {outcome}" "场景无法继续：{call}() 返回 {outcome}"
    Late { what } "the scenario cannot go on: it waited in vain for {what}" "场景无法继续：没有等到 {what}"
}
