#!/bin/bash
# A node of the cluster, with a worker on it: `node.sh ray start --address=HEAD:6379 --block …`.
#
# Told to stop, by whatever takes the machine away, it goes in the order that costs least: the cluster is told to place
# nothing here any more, the worker lets stages end for MOMENTS_WORKER__DRAIN_SECONDS and hands its runs back, Ray stops.
# A spot machine has 25 seconds in all: MOMENTS_WORKER__DRAIN_SECONDS=8 there.
set -u

: "${RAY_ADDRESS:?is not set: HOST:6379 of the head}"
worker=

# The node's id, as `ray drain-node` wants it, from the raylet's own command line.
node_id() {
    tr "\0" "\n" < "/proc/$1/cmdline" 2> /dev/null | sed -n "s/^--node[_-]id=//p" | head -n 1
}

# The raylet below a process: what was started may be a shell, and a machine may have other clusters.
raylet() {
    local child
    for child in $(pgrep -P "$1"); do
        if [ "$(ps -o comm= -p "$child")" = raylet ]; then echo "$child"; else raylet "$child"; fi
    done
}

stop() {
    trap '' TERM INT
    local pid
    pid=$(raylet "$ray")
    [ -n "$pid" ] && ray drain-node --address "$RAY_ADDRESS" --node-id "$(node_id "$pid")" \
        --reason DRAIN_NODE_REASON_PREEMPTION --reason-message "the node was told to stop" \
        --deadline-remaining-seconds 25 > /dev/null &
    [ -n "$worker" ] && kill -TERM "$worker" 2> /dev/null && wait "$worker"
    kill -TERM "$ray" 2> /dev/null
    wait "$ray"
    exit 0
}

"$@" &
ray=$!
trap stop TERM INT

# A worker that ends by itself lost Ray, PostgreSQL or Redis, or is too early: it is started again as long as Ray lives.
while kill -0 "$ray" 2> /dev/null; do
    moments worker &
    worker=$!
    wait "$worker"
    worker=
    sleep 3 &
    wait $!
done
wait "$ray"
