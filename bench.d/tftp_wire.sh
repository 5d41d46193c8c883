# shellcheck shell=bash
# The rows of ./bench tftp that are measured on a wire between two namespaces, with a generator that
# is nobody's own (neutral.c). Transfers under way are measured: they neither begin nor end within it.

# neutral_read SERVER KEY=VALUE…: one measurement, added to $work/lines.SERVER.
neutral_read() {
    local at=${address[$1]} name=${neutral_file:-huge} line
    line=$(timeout 90 "${client_side[@]}" "$neutral" read "${at%:*}" "${at##*:}" "$name" "$root/$name" \
        "${process[$1]}" "${@:2}") || {
        [[ $1 != lineman ]] || our_failures=$((our_failures + 1))
        echo "$1: ${line:-no result} ($*)" >&2
    }
    printf '%s\n' "$line" >> "$work/lines.$1"
    sleep 0.2 # the transfers' ends
}

# neutral_rounds COUNT KEY=VALUE…: interleaved rounds of all servers; the rows are printed by what follows.
neutral_rounds() {
    rm -f "$work"/lines.* "$work"/last.*
    beside=${beside-null} for_each "" "$1" neutral_read "${@:2}"
}

# column FIELD: of the last measurements, as the case of a row.
column() {
    local server
    rm -f "$work"/case.*
    for server in "${servers[@]}" null; do
        [[ ! -f $work/lines.$server ]] || while read -r line; do
            line=$(field "$1" <<< "$line")
            echo "${line:-0}"
        done < "$work/lines.$server" > "$work/case.$server"
    done
}

# wire_row NAME FIELD [less]; wire_count NAME FIELD
wire_row() { column "$2" && row "$1" "${3:-more}"; }
wire_count() { column "$2" && count_row "  $1"; }

turnaround() {
    local wait name
    heading "wire, processors awake; ACK in to DATA out at the server, blksize 512, microseconds"
    for wait in 0 2000; do
        name="answers at once"
        ((wait == 0)) || name="waits 2 ms before each ACK"
        neutral_rounds "$rounds" stamps=1 "wait=$wait" "seconds=$whole"
        wire_row "$name: p50" turnaround_p50 less
        wire_row "  p99" turnaround_p99 less
        wire_row "  server's CPU per block" us_per_block less
        wire_count "most blocks sent twice" duplicates
    done
}

cpu() {
    heading "wire, processors awake; server's CPU: microseconds per block, seconds per GB"
    neutral_rounds "$storms" wait=2000 "seconds=$((whole * 2))"
    wire_row "2 ms before each ACK: a block" us_per_block less
    neutral_rounds "$storms" clients=50 "seconds=$((whole * 2))"
    wire_row "50 clients x 1, 512: a block" us_per_block less
    wire_count "most blocks sent twice" duplicates
    neutral_rounds "$storms" clients=1000 blksize=1428 "seconds=$((whole * 2))"
    wire_row "1,000 clients x 1: a GB" s_per_gb less
    wire_count "most blocks sent twice" duplicates
}

storm() {
    local clients window
    heading "wire, processors awake; all requests at one moment, blksize 1428; MB/s when all have begun"
    for window in 1 8; do
        for clients in 100 1000; do
            neutral_rounds "$storms" "clients=$clients" "windowsize=$window" blksize=1428 "seconds=$((whole * 2))"
            wire_row "$clients clients x $window: MB/s" megabytes
            wire_row "  server's CPU, s per GB" s_per_gb less
            wire_row "  last first block, ms" last_first less
            wire_count "most clients that asked again" repeated_requests
            wire_count "most never served" unserved
            wire_count "most 1 s timers fired" timers
            wire_count "most UdpRcvbufErrors" overflows
            wire_count "most blocks sent twice" duplicates
        done
    done
}

# More than the way to the clients can carry: each reads 256 KiB. A client repeats after 1 s, and gives up
# after six times without progress, as the less patient boot programs do.
overload() {
    local window neutral_file=quarter beside= # a source that repeats nothing is no measure here
    heading "relay of 200 Mbit/s, 2,000 requests at one moment, blksize 1428"
    for window in 1 8 64; do
        neutral_rounds "$storms" clients=2000 whole=1 seconds=60 "windowsize=$window" blksize=1428
        wire_row "2,000 clients x $window: MB/s" megabytes
        wire_row "  p50 of who got it, ms" p50_ms less
        wire_row "  p99, ms" p99_ms less
        wire_count "  most that gave up" failed
        wire_count "  most 1 s timers fired" timers
        wire_count "  most blocks received twice" duplicates
    done
}
