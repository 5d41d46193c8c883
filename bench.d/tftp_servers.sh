# shellcheck shell=bash
# The servers that ./bench tftp measures, and the files that they serve.

lineman=target/release/lineman
examples=target/release/examples
peers=target/peers/usr/sbin
crate=target/peers-cargo/bin/tftpd
neutral=$work/neutral
root=$work/root
me=$(id -un)
peer_names=(tftpd-hpa atftpd dnsmasq crate-tftpd)
declare -A process=() deaths=() broken=() address=()
servers=()                    # those that serve
server_side=() client_side=() # what a command is started with at that end; on loopback nothing

prepare() {
    [[ -x $peers/in.tftpd && -x $peers/dnsmasq ]] || ./test install
    cargo build --release --quiet -p lineman
    cargo build --release --quiet -p lineman-net --examples
    cc -O2 -o "$neutral" bench.d/neutral.c
    # A directory of its own for the build: two minutes, once. A peer that does not build is left out.
    [[ -x $crate ]] ||
        cargo install --quiet --locked --root target/peers-cargo --target-dir target/peers-cargo/build tftpd ||
        echo "the crate tftpd does not build here and is left out" >&2
    mkdir -p "$root" "$work/got"
    head -c $((size << 20)) /dev/urandom > "$root/big"
    head -c $((1 << 20)) /dev/urandom > "$root/mib"
    head -c $((1 << 18)) /dev/urandom > "$root/quarter"
    head -c $((1 << 28)) /dev/urandom > "$root/huge"
    chmod 755 "$work"
    chmod 777 "$root"
    chmod 644 "$root"/*
}

# on_loopback, on_wire: where the cases that follow are measured; the servers are started there.
on_loopback() {
    [[ ${where:-} != loopback ]] || return 0
    where=loopback server_side=() client_side=()
    # dnsmasq has port 69 or none, so it gets a loopback address to itself.
    address=(
        [lineman]=127.0.0.1:17001 [tftpd-hpa]=127.0.0.1:17002 [atftpd]=127.0.0.1:17003
        [dnsmasq]=127.0.0.4:69 [crate-tftpd]=127.0.0.1:17005 [no-sync]=127.0.0.1:17006
    )
    start_servers "${peer_names[@]}"
}

# Two namespaces and a wire between them: at the server's end its packets can be stamped, and what
# its sockets lose is counted apart from what ours lose.
on_wire() {
    [[ ${where:-} != wire ]] || return 0
    where=wire
    address=(
        [lineman]=10.77.0.1:17001 [tftpd-hpa]=10.77.0.1:17002 [atftpd]=10.77.0.1:17003
        [dnsmasq]=10.77.0.1:69 [crate-tftpd]=10.77.0.1:17005 [null]=10.77.0.1:17009
    )
    lay_wire
    start_servers "${peer_names[@]}" null
}

# The same with a machine between them that forwards 200 Mbit/s each way and holds 1 MB of what comes
# faster: less than many clients together can have on their way.
on_relay() {
    [[ ${where:-} != relay ]] || return 0
    where=relay
    address=(
        [lineman]=10.77.0.1:17001 [tftpd-hpa]=10.77.0.1:17002 [atftpd]=10.77.0.1:17003
        [dnsmasq]=10.77.0.1:69 [crate-tftpd]=10.77.0.1:17005 [uncontrolled]=10.77.0.1:17006
    )
    lay_relay
    start_servers uncontrolled "${peer_names[@]}"
}

# namespace: a new one; what a command is started with there is in $inside.
namespace() {
    background unshare --net sleep infinity
    local pid=$!
    inside=(nsenter --net="/proc/$pid/ns/net")
    namespace_pid=$pid
    until [[ $(readlink "/proc/$pid/ns/net") != $(readlink /proc/self/ns/net) ]] &&
        "${inside[@]}" ip link set lo up; do
        kill -0 "$pid" || { echo "these rows need root, for namespaces" >&2 && exit 1; }
        sleep 0.05
    done
}

lay_wire() {
    local client
    namespace
    server_side=("${inside[@]}")
    namespace
    client_side=("${inside[@]}")
    client=$namespace_pid
    "${server_side[@]}" ip link add wire type veth peer name wire netns "$client"
    "${server_side[@]}" ip addr add 10.77.0.1/24 dev wire
    "${server_side[@]}" ip link set wire up
    "${client_side[@]}" ip addr add 10.77.0.2/24 dev wire
    "${client_side[@]}" ip link set wire up
    # The clients' addresses, behind one neighbour.
    "${client_side[@]}" ip route add local 10.78.0.0/16 dev lo
    "${server_side[@]}" ip route add 10.78.0.0/16 via 10.77.0.2
}

lay_relay() {
    local relay relay_side side
    namespace
    server_side=("${inside[@]}")
    namespace
    client_side=("${inside[@]}")
    namespace
    relay_side=("${inside[@]}") relay=$namespace_pid
    "${server_side[@]}" ip link add wire type veth peer name west netns "$relay"
    "${client_side[@]}" ip link add wire type veth peer name east netns "$relay"
    "${server_side[@]}" ip addr add 10.77.0.1/24 dev wire
    "${relay_side[@]}" ip addr add 10.77.0.2/24 dev west
    "${relay_side[@]}" ip addr add 10.77.1.1/24 dev east
    "${client_side[@]}" ip addr add 10.77.1.2/24 dev wire
    "${server_side[@]}" ip link set wire up
    "${client_side[@]}" ip link set wire up
    for side in west east; do
        "${relay_side[@]}" ip link set "$side" up
        "${relay_side[@]}" tc qdisc add dev "$side" root tbf rate 200mbit burst 32kb limit 1000000
    done
    "${relay_side[@]}" sysctl -q net.ipv4.ip_forward=1
    "${client_side[@]}" ip route add local 10.78.0.0/16 dev lo
    "${client_side[@]}" ip route add default via 10.77.1.1
    "${relay_side[@]}" ip route add 10.78.0.0/16 via 10.77.1.2
    "${server_side[@]}" ip route add default via 10.77.0.2
}

# Each server's command, as a function that becomes it.
run_lineman() {
    exec "${server_side[@]}" "$lineman" -q tftp serve "$root" --listen "${address[lineman]}" --write overwrite
}
# As all others do: each window leaves when it is due, however much the way to the clients carries.
run_uncontrolled() {
    exec "${server_side[@]}" "$lineman" -q tftp serve "$root" --listen "${address[uncontrolled]}" --no-congestion-control
}
# As the others do: what has arrived is acknowledged before it is on the disk.
run_no-sync() {
    exec "$lineman" -q tftp serve "$root" --listen "${address[no-sync]}" --write overwrite --no-sync
}
run_tftpd-hpa() {
    exec "${server_side[@]}" "$peers/in.tftpd" -L -c -u "$me" -a "${address[tftpd-hpa]}" -s "$root"
}
run_atftpd() {
    local at=${address[atftpd]}
    exec "${server_side[@]}" "$peers/atftpd" --daemon --no-fork --user "$me" --maxthread 2000 \
        --port "${at##*:}" --bind-address "${at%:*}" "$root"
}
run_dnsmasq() {
    exec "${server_side[@]}" "$peers/dnsmasq" --keep-in-foreground --conf-file=/dev/null --pid-file= \
        --port=0 --user="$me" --enable-tftp --tftp-root="$root" --tftp-max=4000 \
        --listen-address="${address[dnsmasq]%:*}" --bind-interfaces
}
run_crate-tftpd() {
    local at=${address[crate-tftpd]}
    exec "${server_side[@]}" "$crate" -i "${at%:*}" -p "${at##*:}" -d "$root" --overwrite
}
# What the generator can take: a loop that answers, and knows nothing of transfers.
run_null() {
    local at=${address[null]}
    exec "${server_side[@]}" "$neutral" answer "${at%:*}" "${at##*:}" "$root/huge"
}

# start NAME: until it serves a file right.
start() {
    background "run_$1"
    process[$1]=$!
    for _ in {1..30}; do
        sleep 0.1
        # It has one file, which is large.
        [[ $1 != null ]] || return 0
        timeout 2 "${client_side[@]}" curl -s -o "$work/got/mib" "tftp://${address[$1]}/mib" &&
            fetched mib && return
    done
    return 1
}

# start_servers NAME…: these and ours, in place of those that run.
start_servers() {
    local server
    ((${#process[@]} == 0)) || kill "${process[@]}" 2> /dev/null || true
    process=() servers=()
    for server in lineman "$@"; do
        if ! start "$server"; then
            echo "$server does not serve at ${address[$server]} and is left out" >&2
        elif [[ $server != null ]]; then
            servers+=("$server")
        fi
    done
}

# revive NAME: some servers do not live through every case.
revive() {
    [[ ${process[$1]:-} ]] || return 0
    kill -0 "${process[$1]}" 2> /dev/null && return
    deaths[$1]=$((${deaths[$1]:-0} + 1))
    start "$1" || true
}

# fetched FILE: what a client left there is what was served.
fetched() {
    local right=0
    cmp -s "$root/$1" "$work/got/$1" || right=1
    rm -f "$work/got/$1"
    return "$right"
}
