# shellcheck shell=bash
# The rows of ./bench tftp: a column for each server, then `null`, then the ratio.

failures=0 our_failures=0

heading() {
    local server
    echo
    echo "$1; medians; ratio of lineman to the best peer"
    printf '%-30s' case
    for server in "${servers[@]}" null; do printf '%12s' "$server"; done
    printf '%9s\n' ratio
}

# for_each NAME COUNT FUNCTION ARGUMENT…: interleaved rounds of all servers, and a row of the table.
for_each() {
    local name=$1 count=$2 all=("${servers[@]}") server
    shift 2
    [[ ! ${beside:-} ]] || all+=("$beside")
    rm -f "$work"/case.*
    for ((round = 1; round <= count; round++)); do
        for server in "${all[@]}"; do
            revive "$server"
            "$1" "$server" "${@:2}" > "$work/one" || true
            [[ -s $work/one ]] || echo 0 > "$work/one"
            tr -d '\n' < "$work/one" >> "$work/case.$server"
            echo >> "$work/case.$server"
            count_failures "$server"
        done
    done
    [[ ! $name ]] || row "$name"
}

count_failures() {
    local failed
    [[ -s $work/last.$1 ]] || return 0
    failed=$(field failed < "$work/last.$1")
    rm -f "$work/one"
    case $1 in
        lineman) our_failures=$((our_failures + ${failed:-0})) ;;
        *) failures=$((failures + ${failed:-0})) ;;
    esac
}

# row NAME [less]: with `less`, the best is the one with the least.
row() {
    local server value
    printf '%-30s' "$1"
    for server in "${servers[@]}" null; do
        value=-
        [[ ! -f $work/case.$server ]] || value=$(median < "$work/case.$server")
        case $value in
            - | 0 | 0.00 | 0.000 | 0.0000 | '') printf '%12s' - ;;
            *) printf '%12.2f' "$value" ;;
        esac
    done
    printf '%9s\n' "$(ratio lineman "${2:-more}")"
}

# count_row NAME: of things that should not happen, the most of all rounds.
count_row() {
    local server
    printf '%-30s' "$1"
    for server in "${servers[@]}" null; do
        if [[ -s $work/case.$server ]]; then
            printf '%12g' "$(sort -g "$work/case.$server" | tail -1)"
        else
            printf '%12s' -
        fi
    done
    echo
}

# ratio OURS [less]: the median, over the rounds, of ours to the best peer's, which is the one with
# the best median.
ratio() {
    local server best='' extreme=0 value
    for server in "${servers[@]}"; do
        [[ $server != lineman && $server != uncontrolled && -f $work/case.$server ]] || continue
        value=$(median < "$work/case.$server")
        better "${2:-more}" "$value" "$extreme" && best=$server extreme=$value
    done
    [[ $best ]] || return 0
    paste "$work/case.$1" "$work/case.$best" |
        awk '$2 > 0 { print $1 / $2 }' | median | awk '{ printf "%.2f", $1 }'
}

# better more|less VALUE SO_FAR: 0 is nothing measured.
better() {
    case $1 in
        more) awk "BEGIN { exit !($2 > $3) }" ;;
        less) awk "BEGIN { exit !($2 > 0 && ($3 == 0 || $2 < $3)) }" ;;
    esac
}

note() { printf '%-30s%s\n' "" "$*"; }
