#!/bin/bash
# A Slurm cluster of two nodes on this machine, started and ended here. usage: PROGRAM=depixelate slurm.sh (as root)
# shellcheck source=farm/tests/common.sh
. "$(dirname "$0")/common.sh"
submit=$(cd "$(dirname "$0")/.." && pwd)/slurm/submit.sh
need slurm-wlm munge
prepare
cd "$WORK"

say "two nodes on the loopback address"
mkdir munge state spoolnode0 spoolnode1
chmod 700 munge
dd if=/dev/urandom of=munge/key bs=1024 count=1 status=none
chmod 600 munge/key
host=$(hostname -s)
cat >slurm.conf <<EOF
ClusterName=depixelate
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=16817
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$WORK/munge/socket
StateSaveLocation=$WORK/state
SlurmdSpoolDir=$WORK/spool%n
SlurmdLogFile=$WORK/slurmd%n.log
SlurmdPidFile=$WORK/slurmd%n.pid
SlurmctldPidFile=$WORK/slurmctld.pid
SlurmctldLogFile=$WORK/slurmctld.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
SlurmdTimeout=30
SchedulerParameters=sched_interval=2,bf_interval=2
NodeName=node0 NodeHostname=$host NodeAddr=127.0.0.1 Port=16820 CPUs=1 State=UNKNOWN
NodeName=node1 NodeHostname=$host NodeAddr=127.0.0.1 Port=16821 CPUs=1 State=UNKNOWN
PartitionName=all Nodes=node0,node1 Default=YES MaxTime=INFINITE State=UP
EOF
export SLURM_CONF="$WORK/slurm.conf"
started=
ended() {
    # shellcheck disable=SC2086 # a number each
    kill $started 2>/dev/null || true
    wait 2>/dev/null || true
}
trap ended EXIT
start() {
    "$@" >>"$WORK/daemons.log" 2>&1 &
    started="$started $!"
}
start munged --foreground --force --socket="$WORK/munge/socket" --key-file="$WORK/munge/key" \
    --pid-file="$WORK/munge/pid" --seed-file="$WORK/munge/seed" --log-file="$WORK/munge/log" --num-threads=2
for _ in $(seq 50); do [ -S munge/socket ] && break; sleep 0.2; done
start slurmctld -D
start slurmd -D -N node0
start slurmd -D -N node1
for _ in $(seq 100); do
    [ "$(sinfo -h -N -t idle -o %N 2>/dev/null | wc -l)" = 2 ] && break
    sleep 0.3
done
sinfo -h -N | grep -c idle | grep -q 2 || { cat slurmctld.log daemons.log; fail "the nodes do not come up"; }

# Wait for job $1, whatever becomes of it.
ended_job() {
    for _ in $(seq 600); do
        [ -z "$(squeue -h -j "$1" 2>/dev/null)" ] && return
        sleep 0.5
    done
    squeue
    fail "job $1 does not end"
}

say "a film in six tasks"
# shellcheck disable=SC2086 # a word each
join=$(DEPIXELATE=$PROGRAM "$submit" --tasks 6 --sbatch --ntasks=1 in.mkv out.mp4 $options --quiet)
ended_job "$join"
[ -e out.mp4 ] || { cat slurm-*.out; fail "no film came out"; }
same out.mp4

say "the same, and a task is killed in the middle"
rm -r out.mp4*
# shellcheck disable=SC2086 # a word each
join=$(DEPIXELATE=$PROGRAM "$submit" --tasks 6 --sbatch --ntasks=1 in.mkv out.mp4 $options --quiet)
for _ in $(seq 200); do
    running=$(pgrep -f "$PROGRAM segment" | head -1 || true)
    [ -n "$running" ] && break
    sleep 0.1
done
[ -n "$running" ] || fail "no task ran"
kill -9 "$running"
ended_job "$join"
if [ ! -e out.mp4 ]; then
    # A task that was killed counts as failed: what depends on it is cancelled, and the same again makes what is missing.
    say "the task that was killed is asked for again"
    # shellcheck disable=SC2086 # a word each
    join=$(DEPIXELATE=$PROGRAM "$submit" --tasks 6 --sbatch --ntasks=1 in.mkv out.mp4 $options --quiet)
    ended_job "$join"
fi
[ -e out.mp4 ] || { cat slurm-*.out; fail "no film came out"; }
same out.mp4
ended
trap - EXIT
rm -r "$WORK"
