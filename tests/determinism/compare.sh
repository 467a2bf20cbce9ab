#!/bin/sh
# compare.sh FOLDER PROGRAM OTHER...: PROGRAM writes logs, and all apply them; they must print the same.
set -e
folder=$1
program=$2
shift 2
for seed in 1 2 3; do
  log=$folder/log-$seed
  "$program" make "$log" $seed 40000
  "$program" apply "$log" >"$log.expected"
  for other in "$@"; do
    "$other" apply "$log" >"$log.found"
    if ! cmp -s "$log.expected" "$log.found"; then
      echo "log $seed: $other comes to another state or other answers than $program:"
      diff "$log.expected" "$log.found" | head -n 4
      exit 1
    fi
  done
  rm -f "$log" "$log.expected" "$log.found"
done
echo "the same by $# other builds"
