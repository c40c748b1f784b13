#!/bin/bash
# A media node: `node.sh ray start --address=HEAD:6379 --block …`, with an orderly end.
#
# Told to stop, by whatever takes the machine away, it has the cluster place nothing here any more, lets what runs here
# end for MOMENTS_WORKER__DRAIN_SECONDS, and ends Ray: the worker, which is elsewhere, sees at once which stages ended
# with it, and has them done on other nodes at no cost to their tries. Ray ends a drained node itself once it is idle.
# A spot machine has 25 seconds in all: MOMENTS_WORKER__DRAIN_SECONDS=15 there.
set -u

: "${RAY_ADDRESS:?is not set: HOST:6379 of the head}"

# Ray ends a process a second after its work. Kept for a minute, it is there for the next run, which need not import
# Ray Data again.
export RAY_idle_worker_killing_time_threshold_ms="${RAY_idle_worker_killing_time_threshold_ms:-60000}"

# The raylet below a process: what was started may be a shell, and a machine may have other clusters.
raylet() {
    local child
    for child in $(pgrep -P "$1"); do
        if [ "$(ps -o comm= -p "$child")" = raylet ]; then echo "$child"; else raylet "$child"; fi
    done
}

# The node's id, as `ray drain-node` wants it, from the raylet's own command line.
node_id() {
    tr "\0" "\n" < "/proc/$1/cmdline" 2> /dev/null | sed -n "s/^--node[_-]id=//p" | head -n 1
}

stop() {
    trap '' TERM INT
    local pid seconds=${MOMENTS_WORKER__DRAIN_SECONDS:-20}
    seconds=${seconds%.*} # a shell counts whole ones
    pid=$(raylet "$ray")
    [ -n "$pid" ] && ray drain-node --address "$RAY_ADDRESS" --node-id "$(node_id "$pid")" \
        --reason DRAIN_NODE_REASON_PREEMPTION --reason-message "the node was told to stop" \
        --deadline-remaining-seconds "$seconds" > /dev/null &
    while [ "$seconds" -gt 0 ] && kill -0 "$ray" 2> /dev/null; do
        sleep 1
        seconds=$((seconds - 1))
    done
    kill -TERM "$ray" 2> /dev/null
    for _ in 1 2 3 4 5; do
        kill -0 "$ray" 2> /dev/null || break
        sleep 1
    done
    # Ray waits for its processes longer than a notice lasts; with their raylet they end at once.
    [ -n "$pid" ] && kill -KILL "$pid" 2> /dev/null
    wait "$ray"
    exit 0
}

"$@" &
ray=$!
trap stop TERM INT
wait "$ray"
