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

    Namespaces {} "lab" "实验环境"
    NamespacesWork {} "works: two hosts with the kernel's own TCP, and every packet (it was started, and ended)" "可用：两台主机使用内核自己的 TCP，可见每个报文（已试着启动并结束）"
    NamespacesFail { what, why } "the system refuses {what}: {why}" "系统拒绝了{what}：{why}"
    NamespacesRemedy { switch, value } "sudo sysctl {switch}={value}" "执行 sudo sysctl {switch}={value}"
    NamespacesContainer {} "in a container, let it call unshare (its seccomp profile forbids it)" "在容器中，请允许调用 unshare（其 seccomp 配置禁止了它）"
    NamespacesBroken { why } "its process fails: {why}" "其进程失败：{why}"
    NamespacesReport {} "this is a fault of lineman; please report it with this output" "这是 lineman 的缺陷；请附上此输出报告"
    SettingsRemedy {} "in a container, let /proc/sys be written there (it is mounted read-only)" "在容器中，请允许写入 /proc/sys（它被只读挂载）"
    KernelRemedy {} "use a kernel with packet sockets, veth and inet_diag, as those of all distributions have" "使用带有数据包套接字、veth 和 inet_diag 的内核，各发行版的内核都有"
    AppArmorRemedy { profile } "put this into /etc/apparmor.d/lineman (packaging/apparmor/ has it), then sudo apparmor_parser -r /etc/apparmor.d/lineman:\n{profile}" "将以下内容写入 /etc/apparmor.d/lineman（packaging/apparmor/ 中有此文件），然后执行 sudo apparmor_parser -r /etc/apparmor.d/lineman：\n{profile}"

    Dumpcap {} "capture helper" "抓包助手"
    DumpcapWorks { path } "{path} may capture for this user: lineman watch uses it where live capture is refused" "{path} 可为当前用户抓包：实时抓包被拒绝时，lineman watch 使用它"
    DumpcapFails { path } "{path} may not capture for this user" "{path} 不能为当前用户抓包"
    DumpcapRemedy {} "sudo dpkg-reconfigure wireshark-common, then join its group: sudo usermod -aG wireshark $USER" "执行 sudo dpkg-reconfigure wireshark-common，然后加入其用户组：sudo usermod -aG wireshark $USER"
    DumpcapMissing {} "dumpcap is not installed" "没有安装 dumpcap"
    DumpcapInstall {} "sudo apt install wireshark-common, or what your system calls it" "执行 sudo apt install wireshark-common，或所用系统的相应命令"

    OwnSockets {} "own sockets" "自身套接字"
    OwnSocketsWork {} "the kernel tells state and figures of lineman's own connections (inet_diag, TCP_INFO)" "内核可告知 lineman 自身连接的状态与数据（inet_diag、TCP_INFO）"
    OwnSocketsFail { why } "the kernel does not tell of lineman's own connections: {why}" "内核不告知 lineman 自身连接的情况：{why}"
    OwnSocketsRemedy {} "use a kernel with inet_diag; in a container, a seccomp profile that allows netlink" "使用带有 inet_diag 的内核；在容器中，使用允许 netlink 的 seccomp 配置"

    Simulated {} "simulated hosts" "模拟主机"
    SimulatedWorks {} "always possible: two TCPs in this program, labelled as simulated" "总是可行：本程序内的两个 TCP，标明为模拟"

    Capture {} "live capture" "实时抓包"
    CaptureWorks {} "lineman watch sees the packets of all programs, by a socket of its own" "lineman watch 用自己的套接字可看到所有程序的报文"
    CaptureFails { why } "packet sockets: {why}" "数据包套接字：{why}"
    CaptureRemedy { program } "sudo setcap cap_net_raw,cap_net_bind_service=+ep {program} (the second is for low ports: setcap replaces what was set)" "执行 sudo setcap cap_net_raw,cap_net_bind_service=+ep {program}（后者用于低端口：setcap 会取代原有设置）"

    Strace {} "calls of programs" "程序的调用"
    StraceFound { path } "{path} can show the socket calls of any program" "{path} 可显示任何程序的套接字调用"
    StraceFails { path, why } "{path} may not trace here: {why}; lab run shows packets and states, but no socket calls of programs" "{path} 在此无法跟踪程序：{why}；lab run 只显示报文和状态，不显示程序的套接字调用"
    StraceContainer {} "in a container, let ptrace be called (docker run --cap-add SYS_PTRACE, or a seccomp profile that allows it)" "在容器中，请允许调用 ptrace（docker run --cap-add SYS_PTRACE，或使用允许它的 seccomp 配置）"
    StraceScope { scope } "sudo sysctl kernel.yama.ptrace_scope=1 (now {scope}; 3 stays until the next boot)" "执行 sudo sysctl kernel.yama.ptrace_scope=1（现为 {scope}；若为 3，须重新启动才能改变）"
    StraceMissing {} "strace is not installed: socket calls of other programs cannot be shown" "没有安装 strace：无法显示其他程序的套接字调用"
    StraceRemedy {} "sudo apt install strace, or what your system calls it" "执行 sudo apt install strace，或所用系统的相应命令"
}
