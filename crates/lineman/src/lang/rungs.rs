//! What a lab asks of the system.

use super::messages;

messages! {
    /// What a lab asks of the system.
    Rungs;
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
}
