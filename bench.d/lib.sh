# shellcheck shell=bash
# What benchmarks share: processes that end with the script, awake processors, medians.

work=$(mktemp -d)
pids=()     # everything that was started here
spinners=() # of them, those that keep the processors awake

finish() {
    ((${#pids[@]} == 0)) || kill "${pids[@]}" 2> /dev/null || true
    wait 2> /dev/null || true
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

# background COMMAND…: runs it until the script ends; its id is in $!.
background() {
    "$@" > /dev/null 2>&1 &
    pids+=($!)
}

# An idle virtual machine halts its processors, and a lockstep round then measures how long it takes
# to wake one: everything falls to a tenth, with any sender. Spinners of the idle class keep them awake
# and give way to everything else.
stay_awake() {
    local core
    for ((core = 0; core < $(nproc); core++)); do
        background taskset -c "$core" chrt --idle 0 bash -c 'while :; do :; done'
        spinners+=($!)
    done
}

fall_asleep() {
    ((${#spinners[@]} == 0)) || kill "${spinners[@]}" 2> /dev/null || true
    spinners=()
}

# The median of the numbers on stdin; of an even count the lower one.
median() { sort -g | awk '{ v[NR] = $1 } END { if (NR) print v[int((NR + 1) / 2)] }'; }

# field NAME: the number of this name in the line of JSON on stdin.
field() { sed -n "s/.*\"$1\":\([0-9.e+-]*\).*/\1/p"; }

# calc EXPRESSION: of awk.
calc() { awk "BEGIN { printf \"%.6g\", $1 }"; }

# processor PID: the seconds of processor that a process has used by itself.
processor() {
    awk -v hertz="$(getconf CLK_TCK)" \
        '{ sub(/.*\) /, ""); print ($12 + $13) / hertz }' "/proc/$1/stat" 2> /dev/null || echo 0
}

# processor_during PID COMMAND…: what a process and its children use while the command runs; its
# output is in $work/output. Children are looked at as long as they live: a parent that does not
# wait for them never learns what they used.
processor_during() {
    local pid=$1 before child running
    declare -A used=()
    shift
    before=$(processor "$pid")
    "$@" > "$work/output" &
    running=$!
    while kill -0 "$running" 2> /dev/null; do
        for child in $(cat "/proc/$pid/task/$pid/children"); do used[$child]=$(processor "$child"); done
        sleep 0.02
    done
    calc "$(processor "$pid") - $before $(printf '+ %s ' 0 "${used[@]}")"
}

# peak_memory PID: its largest resident set so far, in MiB.
peak_memory() { awk '/^VmHWM/ { printf "%.1f", $2 / 1024 }' "/proc/$1/status" 2> /dev/null || echo -; }
