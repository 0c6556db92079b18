#!/bin/sh
# One island on each machine of a list, by ssh and GNU parallel, then one report: parallel.sh LIST SHARE TIME OUT. LIST has a line
# user@host for each, or : for this one. The checkout is at the same path on all of them.
[ $# -eq 4 ] || { echo "usage: parallel.sh LIST SHARE TIME OUT: see fuzz/SCALE.md" >&2; exit 2; }
list=$(realpath -e -- "$1") || exit 2
cd "$(dirname "$0")/../.." || exit 2
parallel --nonall --tag --line-buffer --sshloginfile "$list" "cd $PWD && ./fuzz/campaign --quiet --host \$(uname -n) --share '$2' --time $3 --out '$4/island'"
exec ./fuzz/campaign --merge "$2" --out "$4/united"
