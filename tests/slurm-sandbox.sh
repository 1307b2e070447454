#!/usr/bin/env bash
# A real SLURM on this one machine, for tests/test_slurm.py: munged, slurmctld and several slurmd, each a "node".
#
#   tests/slurm-sandbox.sh start    starts, waits for idle nodes
#   tests/slurm-sandbox.sh stop     cancels all jobs, ends what start has started
#
#   SLURM_SANDBOX_DIR      scratch folder, of at most 70 characters, because sockets lie in it
#   SLURM_SANDBOX_NODES    number of nodes, n1, n2, ...                         (default 2)
#   SLURM_SANDBOX_CPUS     cores that each node claims to have                  (default 4)
#   SLURM_SANDBOX_MEMORY   MB that each node claims to have                     (default 4000)
#   SLURM_SANDBOX_PORT     first of the 1 + NODES TCP ports                     (default 17300)
#
# Exit code 77: this machine cannot have it; the message says why. 1: something went wrong.
# Needs root, no systemd and no cgroups, and listens on 127.0.0.1 alone. Outside the scratch folder it makes only the
# link /etc/slurm/slurm.conf: the executor plugin keeps SLURM_CONF from the srun inside a job, which then looks there.
set -euo pipefail

DIR=$(realpath -m "${SLURM_SANDBOX_DIR:?names the scratch folder}")
NODES=${SLURM_SANDBOX_NODES:-2}
CPUS=${SLURM_SANDBOX_CPUS:-4}
MEMORY=${SLURM_SANDBOX_MEMORY:-4000}
PORT=${SLURM_SANDBOX_PORT:-17300}
LINK=/etc/slurm/slurm.conf
HOST=$(uname -n)
HOST=${HOST%%.*}
export SLURM_CONF=$DIR/slurm.conf PATH=/usr/sbin:/sbin:$PATH

die() {
    echo "slurm-sandbox: $*" >&2
    exit 1
}

cannot() {
    echo "slurm-sandbox: $*" >&2
    exit 77
}

# runs PID_FILE PROGRAM: the process of that number is that program, and not another that got the number since.
runs() {
    [[ -s $1 ]] || return 1
    local program
    program=$(readlink "/proc/$(tr -cd 0-9 <"$1")/exe" 2>/dev/null) || return 1
    [[ ${program##*/} == "$2" || ${program##*/} == "$2-wlm" ]]
}

# within SECONDS COMMAND...: repeats the command until it succeeds.
within() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < end)) || return 1
        sleep 0.2
    done
}

all_idle() { [[ $(timeout 5 sinfo --noheader --Node --states=idle --format=%N | sort -u | wc -l) -eq $NODES ]]; }
no_jobs() {
    local jobs
    jobs=$(timeout 5 squeue --noheader) && [[ -z $jobs ]]
}
not_running() { ! runs "$@"; }

require_programs() {
    local program
    for program in munged slurmctld slurmd sbatch; do
        command -v $program >/dev/null || cannot "$program is missing; .ci/install, run as root on Debian, installs SLURM"
    done
}

write_config() {
    cat >"$DIR/slurm.conf" <<CONF
ClusterName=sandbox
SlurmctldHost=$HOST(127.0.0.1)
SlurmctldPort=$PORT
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
# A job that was put back into the queue waits for cred_expire seconds.
AuthInfo=socket=$DIR/munge.socket,cred_expire=5
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation=$DIR/state
SlurmdSpoolDir=$DIR/spool/%n
SlurmctldPidFile=$DIR/slurmctld.pid
SlurmdPidFile=$DIR/slurmd.%n.pid
SlurmctldLogFile=$DIR/slurmctld.log
SlurmdLogFile=$DIR/slurmd.%n.log
# Without cgroups: processes are found by their parents, and memory is limited by looking every two seconds. Of a page
# that processes share each counts its part.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=2
JobAcctGatherParams=UsePss,OverMemoryKill
# No database; each job that ends is a line in this file.
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc=$DIR/jobcomp.log
# The nodes need not have what they claim to have.
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
ReturnToService=2
# Does at once what a cluster takes its time for; what a job was is known for five minutes after its end.
SchedulerType=sched/builtin
SchedulerParameters=batch_sched_delay=0,sched_interval=2
KillWait=2
MinJobAge=300
NodeName=n[1-$NODES] NodeHostname=$HOST NodeAddr=127.0.0.1 Port=[$((PORT + 1))-$((PORT + NODES))] CPUs=$CPUS RealMemory=$MEMORY
PartitionName=main Nodes=ALL Default=YES MaxTime=UNLIMITED
CONF
}

start() {
    require_programs
    ((EUID == 0)) || cannot "needs root"
    ((${#DIR} <= 70)) || cannot "$DIR is too long a name for the folder of a socket"
    [[ ! -e $LINK && ! -L $LINK ]] || cannot "$LINK exists: this machine has a SLURM"
    local i
    for ((i = PORT; i <= PORT + NODES; i++)); do
        ! (exec 3<>"/dev/tcp/127.0.0.1/$i") 2>/dev/null || die "port $i is taken; set SLURM_SANDBOX_PORT"
    done
    mkdir -p "$DIR"/{state,spool} "${LINK%/*}"
    trap stop EXIT
    write_config
    ln -s "$DIR/slurm.conf" "$LINK"
    (umask 077 && head -c 128 /dev/urandom >"$DIR/munge.key")
    # --force: the scratch folder may lie in one that others cannot enter.
    munged --force --key-file="$DIR/munge.key" --socket="$DIR/munge.socket" --pid-file="$DIR/munged.pid" \
        --log-file="$DIR/munged.log" --seed-file="$DIR/munged.seed" >"$DIR/munged.out" 2>&1 ||
        die "munged does not start: $(<"$DIR/munged.out")"
    slurmctld -f "$DIR/slurm.conf" || die "slurmctld does not start: $(tail -n 3 "$DIR/slurmctld.log")"
    for ((i = 1; i <= NODES; i++)); do
        slurmd -f "$DIR/slurm.conf" -N "n$i" || die "slurmd does not start: $(tail -n 3 "$DIR/slurmd.n$i.log")"
    done
    within 40 all_idle || die "the nodes are not idle: $(tail -n 3 "$DIR/slurmctld.log")"
    trap - EXIT
}

# end PID_FILE PROGRAM: TERM and, after ten seconds, KILL.
end() {
    runs "$@" || return 0
    local pid
    pid=$(<"$1")
    # A copy, because a program may remove its file before it has ended.
    echo "$pid" >"$1.ending"
    kill "$pid"
    within 10 not_running "$1.ending" "$2" || kill -9 "$pid"
}

stop() {
    local file
    if runs "$DIR/slurmctld.pid" slurmctld; then
        # By the controller, so that the processes of the jobs end too.
        timeout 10 scancel --user="$(id -un)" || true
        within 15 no_jobs || echo "slurm-sandbox: some jobs did not end" >&2
    fi
    for file in "$DIR"/slurmd.*.pid; do
        end "$file" slurmd
    done
    end "$DIR/slurmctld.pid" slurmctld
    end "$DIR/munged.pid" munged
    [[ $(readlink "$LINK") != "$DIR/slurm.conf" ]] || rm "$LINK"
}

case ${1:-} in
start) start ;;
stop) stop ;;
*) die "usage: $0 start|stop" ;;
esac
