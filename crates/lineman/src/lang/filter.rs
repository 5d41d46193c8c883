//! What is wrong with a filter.

use super::messages;

messages! {
    /// What is wrong with a filter.
    Filter;
    Wrong { text, mark, why } "the filter cannot be understood:\n  {text}\n  {mark}\n{why}" "无法理解过滤表达式：\n  {text}\n  {mark}\n{why}"
    Unknown { word, choices } "“{word}” is no word of filters; possible here: {choices}" "“{word}”不是过滤表达式的词；此处可以是：{choices}"
    DidYouMean { word, near } "“{word}” is no word of filters; did you mean {near}?" "“{word}”不是过滤表达式的词；是不是 {near}？"
    Extra { word } "“{word}” has nothing before it that it could close" "“{word}”前面没有可与之配对的括号"
    Misplaced { word, choices } "“{word}” cannot stand here; possible: {choices}" "“{word}”不能出现在这里；可以是：{choices}"
    Ends { choices } "something is missing at the end: {choices}" "末尾缺少内容：{choices}"
    Value { word, choices } "“{word}” is not a value for this; write it like {choices}" "“{word}”不是这里可用的值；写法如 {choices}"
    Bare { word } "say what “{word}” is: port {word}, host {word} or net {word}" "请说明“{word}”是什么：port {word}、host {word} 或 net {word}"
    HostName { word } "“{word}” is a name, and filters take addresses only: looking it up would itself make packets (getent hosts {word} tells the address)" "“{word}”是名称，而过滤表达式只接受地址：查询名称本身就会产生报文（可用 getent hosts {word} 得到地址）"
    ServiceName { word, port } "“{word}” is the name of a service; write the number: port {port}" "“{word}”是服务名称；请写端口号：port {port}"
    UnknownService { word } "“{word}” is no port; write its number (getent services {word} tells it)" "“{word}”不是端口号；请写数字（可用 getent services {word} 查到）"
    PrefixOfHost { word } "a host has a single address; for a network write net {word}/…" "host 只能是一个地址；若是网络，请写 net {word}/…"
    HostBits { network } "the address has bits beyond the prefix; the network is {network}" "地址在前缀之外还有非零位；该网络应写作 {network}"
    Modifier { word, of } "“{word}” cannot be joined with {of}; write {word} and {of} …" "“{word}”不能与 {of} 连写；请写 {word} and {of} …"
    OtherFamily { word } "“{word}” is an address of the other version of IP than the word before it" "“{word}”与前面的词不是同一版本的 IP"
    NotOnLink { word } "“{word}” asks for something that only Ethernet frames have; name an Ethernet interface (-i)" "“{word}”询问的内容只有以太网帧才有；请用 -i 指定一个以太网接口"
    ZeroDivisor {} "division by zero" "除数为零"
    Shift {} "a shift takes a number from 0 to 31" "移位的位数须是 0 到 31 之间的数"
    TooDeep {} "the parentheses are nested too deeply" "括号嵌套过深"
    TooLong {} "the filter is longer than the kernel takes (4096 instructions)" "过滤表达式超过了内核的限度（4096 条指令）"
    UnknownLink {} "the frames of this interface are of a kind that filters are not made for" "这个接口的帧类型不支持过滤表达式"
}
