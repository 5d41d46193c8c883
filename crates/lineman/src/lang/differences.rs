//! Where a simulated lab differs from Linux.

use lineman_lab::Difference;

use super::Lang;
use super::Message as _;
use super::messages;

messages! {
    /// What a simulated lab does otherwise than Linux.
    Differences;
    VirtualTime {} "Time is virtual: what takes seconds here was over in a moment." "时间是虚拟的：这里的几秒其实一瞬间就过去了。"
    ShortTimeWait {} "Simulated: TIME-WAIT lasts 10 s; on Linux it is 60 s." "模拟：TIME-WAIT 持续 10 秒；在 Linux 上是 60 秒。"
    LongTimeout {} "Simulated: lost bytes are retransmitted after 1 s or more; on Linux after 200 ms or more." "模拟：丢失的数据至少 1 秒后才重传；在 Linux 上至少 200 毫秒。"
    FinNeverRides {} "Simulated: a FIN is usually acknowledged in a segment of its own: a close then takes four segments where Linux, which may wait with that ACK, takes three." "模拟：FIN 通常会得到单独的确认，因此关闭往往是四次挥手；Linux 可能推迟这个 ACK，只要三次挥手。"
    NoCongestionControl {} "Simulated: there is no congestion control; only the receiver's window limits what is in flight." "模拟：没有拥塞控制，只有接收窗口限制在途的数据量。"
    FewOptions {} "Simulated: there are no TCP timestamps, which Linux uses." "模拟：没有 Linux 会使用的 TCP 时间戳。"
    FewSettings {} "Simulated: SACK and window scaling are offered, although the settings are a textbook's (on Linux these switch both off)." "模拟：虽然采用教科书式的设置（在 Linux 上会关闭 SACK 和窗口扩大），这里仍会提供它们。"
    PatientFinWait2 {} "Simulated: FIN-WAIT-2 lasts until the other end finishes; on Linux it ends after 60 s if the program has closed its socket." "模拟：FIN-WAIT-2 一直持续到对方结束；在 Linux 上，若程序已关闭套接字，60 秒后结束。"
    NoFragments {} "Simulated: a datagram that does not fit into a frame is refused (EMSGSIZE); Linux fragments it." "模拟：一个帧装不下的数据报会被拒绝（EMSGSIZE）；Linux 会分片发送。"
    CloseWakes {} "Simulated: a call that waits fails as soon as its descriptor is closed; on Linux it waits on." "模拟：描述符一关闭，正在等待的调用就失败；在 Linux 上它会继续等待。"
    NobodyThere {} "Simulated: an address that no host has is ETIMEDOUT; Linux says EHOSTUNREACH where addresses are resolved (ARP), which they are not in the lab, and there ETIMEDOUT too." "模拟：无人拥有的地址返回 ETIMEDOUT；Linux 在做地址解析（ARP）时返回 EHOSTUNREACH，而实验网络不做解析，因此同样是 ETIMEDOUT。"
    NoLoopback {} "Simulated: a host cannot reach its own sockets (ENETUNREACH); on Linux it can, without a packet on the wire." "模拟：主机无法访问自己的套接字（ENETUNREACH）；在 Linux 上可以，而且线路上没有报文。"
}

/// A difference as a sentence; none for one of a newer lineman-lab.
pub fn sentence(difference: Difference, lang: Lang) -> Option<String> {
    use Difference as D;
    let words = match difference {
        D::VirtualTime => Differences::VirtualTime {},
        D::ShortTimeWait => Differences::ShortTimeWait {},
        D::LongTimeout => Differences::LongTimeout {},
        D::FinNeverRides => Differences::FinNeverRides {},
        D::NoCongestionControl => Differences::NoCongestionControl {},
        D::FewOptions => Differences::FewOptions {},
        D::FewSettings => Differences::FewSettings {},
        D::PatientFinWait2 => Differences::PatientFinWait2 {},
        D::NoFragments => Differences::NoFragments {},
        D::CloseWakes => Differences::CloseWakes {},
        D::NobodyThere => Differences::NobodyThere {},
        D::NoLoopback => Differences::NoLoopback {},
        _ => return None,
    };
    Some(words.render(lang))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_difference_has_a_sentence_and_is_found_by_its_name() {
        for it in Difference::ALL {
            for lang in [Lang::En, Lang::Zh] {
                assert!(sentence(it, lang).is_some(), "{it:?}");
            }
            assert_eq!(Difference::find(it.id()), Some(it));
        }
    }
}
