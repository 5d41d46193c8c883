//! Sentences of `lineman doctor`.

use super::messages;

messages! {
    /// Sentences of `lineman doctor`.
    Doctor;
    Ok {} "ok" "可用"
    Limited {} "limited" "受限"
    Missing {} "missing" "缺少"

    LowPorts {} "low ports" "低端口"
    PortFree {} "port 69 can be taken" "可以使用端口 69"
    PortTaken {} "port 69 may be taken, but another program has it (ss -lnup tells which)" "有权使用端口 69，但它已被其他程序占用（用 ss -lnup 查看）"
    PortRefused { why } "port 69: {why}; tftp serve takes 6969 instead" "端口 69：{why}；tftp serve 会改用 6969"
    PortRemedy { program, first } "sudo setcap cap_net_bind_service=+ep {program}, or for everybody: sudo sysctl net.ipv4.ip_unprivileged_port_start=69 (now {first})" "sudo setcap cap_net_bind_service=+ep {program}；或对所有人开放：sudo sysctl net.ipv4.ip_unprivileged_port_start=69（现为 {first}）"
    PortRemedyBlind { program } "sudo setcap cap_net_bind_service=+ep {program}" "执行 sudo setcap cap_net_bind_service=+ep {program}"

    Beneath {} "served directory" "目录边界"
    BeneathWorks {} "the kernel resolves names beneath it (openat2)" "由内核在目录之内解析文件名（openat2）"
    BeneathFails { why } "openat2: {why}; tftp serve cannot open files" "openat2：{why}；tftp serve 无法打开文件"
    BeneathRemedy {} "use Linux 5.6 or newer; in a container, a seccomp profile that allows openat2" "使用 Linux 5.6 或更新版本；在容器中，使用允许 openat2 的 seccomp 配置"

    Landlock {} "confinement" "限制访问"
    LandlockFull { abi } "Landlock {abi}: tftp serve reaches no file outside its directory" "Landlock {abi}：tftp serve 无法触及目录之外的任何文件"
    LandlockPartial { abi } "Landlock {abi}: tftp serve reaches no file outside its directory; TCP or devices are not limited" "Landlock {abi}：tftp serve 无法触及目录之外的文件；但 TCP 或设备不受限制"
    LandlockNewer {} "Linux 6.10 or newer limits these as well" "Linux 6.10 或更新版本会一并限制"
    LandlockNone {} "no Landlock: only lineman itself keeps tftp serve to its directory" "没有 Landlock：仅由 lineman 自身保证 tftp serve 不越出目录"
    LandlockRemedy {} "use Linux 5.13 or newer with landlock among lsm= of its command line, or the systemd unit in packaging/" "使用 Linux 5.13 或更新版本，并在内核命令行的 lsm= 中加入 landlock；或使用 packaging/ 中的 systemd 单元"
    LandlockFails { why } "Landlock is there and fails: {why}; tftp serve does not start" "有 Landlock，但执行失败：{why}；tftp serve 无法启动"
    LandlockOff {} "start it with --no-confine" "启动时加上 --no-confine"

    Ipv6 {} "IPv6" "IPv6 网络"
    Ipv6Works {} "works on this machine" "在本机可用"
    Ipv6Fails { why } "{why}; lineman uses IPv4 only" "{why}；lineman 只使用 IPv4"
    Ipv6Remedy {} "sudo sysctl net.ipv6.conf.all.disable_ipv6=0, and no ipv6.disable=1 on the kernel's command line" "执行 sudo sysctl net.ipv6.conf.all.disable_ipv6=0，且内核命令行中不得有 ipv6.disable=1"

    Segmentation {} "fast sending" "高速发送"
    SegmentationWorks {} "the kernel cuts one large send into datagrams (UDP GSO)" "内核可把一次大块发送切成多个数据报（UDP GSO）"
    SegmentationFails { why } "UDP GSO: {why}; sending costs more CPU" "UDP GSO：{why}；发送会占用更多 CPU"
    SegmentationRemedy {} "use Linux 4.18 or newer" "使用 Linux 4.18 或更新版本"

    Namespaces {} "private network" "私有网络"
    NamespacesWork {} "this user may make one (user and network namespaces)" "当前用户可以创建（用户与网络命名空间）"
    NamespacesFail { why } "user and network namespaces: {why}" "用户与网络命名空间：{why}"
    NamespacesLimit {} "their number is limited" "数量已达上限"
    NamespacesRemedy { switch, value } "sudo sysctl {switch}={value}" "执行 sudo sysctl {switch}={value}"
    NamespacesContainer {} "in a container, let it call unshare (its seccomp profile forbids it)" "在容器中，请允许调用 unshare（其 seccomp 配置禁止了它）"

    Capture {} "live capture" "实时抓包"
    CaptureWorks {} "packets of all programs can be seen" "可以看到所有程序的数据包"
    CaptureFails { why } "packet sockets: {why}" "数据包套接字：{why}"
    CaptureRemedy { program } "sudo setcap cap_net_raw,cap_net_bind_service=+ep {program} (the second is for low ports: setcap replaces what was set)" "执行 sudo setcap cap_net_raw,cap_net_bind_service=+ep {program}（后者用于低端口：setcap 会取代原有设置）"

    Strace {} "calls of programs" "程序的调用"
    StraceFound { path } "{path} can show the socket calls of any program" "{path} 可显示任何程序的套接字调用"
    StraceMissing {} "strace is not installed: socket calls of other programs cannot be shown" "没有安装 strace：无法显示其他程序的套接字调用"
    StraceRemedy {} "sudo apt install strace, or what your system calls it" "执行 sudo apt install strace，或所用系统的相应命令"
}
