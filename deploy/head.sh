#!/bin/bash
# The head of a cluster without `moments up`, and beside it the worker that takes runs for all nodes:
# `head.sh ray start --head --num-cpus=0 --block …`.
set -u

: "${RAY_ADDRESS:?is not set: HOST:6379 of the head}"
worker=

stop() {
    trap '' TERM INT
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
