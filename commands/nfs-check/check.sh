#!/bin/bash
# Are the NFS mounts here that should be, and do they answer? Never waits for a mount: a probe of a
# hung one can outlive SIGKILL, and hold open whatever it was given. Needs no rights. Bash 4.2 (CentOS 7).
#
# Arguments: SECONDS, a regular expression for the file system type, then four for each mount:
#   AT      where it should be mounted          /mnt/koji
#   FROM    what should be mounted there        koji.example.org:/koji
#   MODE    rw, ro or any
#   OPTIONS comma list; !x must not be there    hard,!soft     (may be empty)
# Prints for each mount, in order, tab between: INDEX VERDICT name=value... and then END and their number.
# Without END the output is not whole.
#
# STEWARD_ROOT is where a test keeps proc/self/mountinfo and run/steward; a real host has no such variable.
# Nearly all of its cost is processes, so: one stat for all the mounts, and only if that says anything else than
# "all is well" at once, one for each.
set -u -f
export LC_ALL=C
tab=$'\t'

# Worst first. The first of these that holds is the verdict, the others become also=...
order=(hung io-error stale missing wrong-source wrong-type read-only wrong-options)

declare -a at from mode wanted bad facts pid key server port
declare -a tcp_of
declare -A index id parent times options fstype source super tcp

clean() { # one line, no tabs, not endless
  local text=${!1}
  text=${text//[[:cntrl:]]/?}
  printf -v "$1" '%s' "${text:0:200}"
}

fact() { # INDEX NAME VALUE
  local value=$3
  clean value
  facts[$1]+="$tab$2=$value"
}

uptime_cs() { # hundredths of a second, into $1
  local up
  read -r up _ </proc/uptime
  printf -v "$1" '%s' "$((10#${up/./}))"
}

# Nobody ever writes to this socket: reading it with a time limit is sleeping without a process.
{ exec 9<>/dev/udp/127.0.0.1/9; } 2>/dev/null || exec 9<&-
pause() {
  if [[ -e /dev/fd/9 ]]; then read -r -t "$1" -u 9; else sleep "$1"; fi
}

place_for_probes() { # tmpfs made by the bundle, or else our own directory in one that every host has
  dir=${STEWARD_ROOT-}/run/steward
  if [[ ! -d $dir || ! -O $dir ]]; then
    dir=/dev/shm/steward-$EUID
    [[ -d $dir ]] || mkdir -m 700 -- "$dir" 2>/dev/null
  fi
  [[ -d $dir && -O $dir && ! -L $dir && -w $dir ]]
}

read_mountinfo() { # the last line of a mount point is the mount that is seen there
  local file=${STEWARD_ROOT-}/proc/self/mountinfo number over point opts rest after
  [[ -r $file ]] || file=/proc/self/mountinfo
  while read -r number over _ _ point opts rest; do
    id[$point]=$number
    [[ -n ${index[$point]-} ]] || continue
    parent[$point]=$over
    times[$point]=$((${times[$point]-0} + 1))
    options[$point]=$opts
    rest=" $rest"
    after=${rest#* - }
    fstype[$point]=${after%% *}
    after=${after#* }
    source[$point]=${after%% *}
    super[$point]=${after#* }
  done <"$file"
}

escaped() { # as mountinfo writes a path
  local text=${!1}
  text=${text//\\/\\134}
  text=${text// /\\040}
  text=${text//$'\t'/\\011}
  text=${text//$'\n'/\\012}
  printf -v "$2" '%s' "$text"
}

unescaped() {
  local text=${!1}
  printf -v "$1" '%b' "${text//\\/\\0}"
}

server_of() { # INDEX SOURCE OPTIONS: the address in use, if the mount says it
  server[$1]=${2%%:/*}
  port[$1]=2049
  [[ $3 =~ (^|,)addr=([^,]+) ]] && server[$1]=${BASH_REMATCH[2]}
  [[ $3 =~ (^|,)port=([1-9][0-9]*) ]] && port[$1]=${BASH_REMATCH[2]}
  server[$1]=${server[$1]#[}
  server[$1]=${server[$1]%]}
}

look() { # INDEX POINT: what mountinfo alone can say
  local n=$1 point=$2 above option all src
  if [[ -z ${times[$point]-} ]]; then
    bad[n]+=' missing'
    server_of "$n" "${from[n]}" ''
    return
  fi
  above=${point%/*}
  while [[ -n $above && -z ${id[$above]-} ]]; do above=${above%/*}; done
  above=${above:-/}
  if [[ ${times[$point]} == 1 && -n ${id[$above]-} && ${id[$above]} != "${parent[$point]}" && $point != / ]]; then
    bad[n]+=' missing'
    unescaped above
    fact "$n" hidden-by "$above"
    server_of "$n" "${from[n]}" ''
    return
  fi
  src=${source[$point]}
  unescaped src
  all=${options[$point]},${super[$point]}
  server_of "$n" "$src" "$all"
  fact "$n" type "${fstype[$point]}"
  if [[ $src != "${from[n]}" && $src != "${from[n]%/}" && ${src%/} != "${from[n]}" ]]; then
    bad[n]+=' wrong-source'
    fact "$n" source "$src"
  fi
  [[ ${fstype[$point]} =~ $types ]] || bad[n]+=' wrong-type'
  if [[ ,$all, == *,ro,* ]]; then
    [[ ${mode[n]} == rw ]] && bad[n]+=' read-only'
  elif [[ ${mode[n]} == ro ]]; then
    bad[n]+=' wrong-options'
    fact "$n" option 'rw, should be ro'
  fi
  local IFS=,
  for option in ${wanted[n]}; do
    if [[ $option == !* ]]; then
      [[ ,$all, == *",${option#!},"* ]] || continue
      fact "$n" option "${option#!}, should not be"
    else
      [[ ,$all, == *",$option,"* ]] && continue
      fact "$n" option "not $option"
    fi
    bad[n]+=' wrong-options'
  done
}

process() { # PID: its state and start time, into $state and $start; fails when it is gone
  local line f
  { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
  line=${line##*) }
  # shellcheck disable=SC2206 # numbers and a letter, and globbing is off
  f=($line)
  state=${f[0]} start=${f[19]}
  [[ $state != Z && $state != X ]]
}

still_stuck() { # INDEX: is a probe of an earlier run still in there? Then another would only join it.
  local file=$dir/${key[$1]}.stuck p began since live=''
  [[ -s $file ]] || return 1
  while read -r p began since; do
    process "$p" || continue
    [[ $start == "$began" ]] || continue
    [[ -n $live ]] || { stuck_pid=$p stuck_since=$since stuck_state=$state; }
    live+="$p $began $since"$'\n'
  done <"$file"
  printf '%s' "$live" >"$file"
  [[ -n $live ]]
}

hung() { # INDEX PID STATE
  local where=''
  bad[$1]+=' hung'
  { read -r where <"/proc/$2/wchan"; } 2>/dev/null
  fact "$1" probe "$3${where:+ in $where}"
}

ask_server() { # INDEX: can a connection be made to its server? Once for each server.
  local name="tcp-${server[$1]//[^A-Za-z0-9.:-]/_}-${port[$1]}"
  tcp_of[$1]=$name
  [[ -z ${tcp[$name]-} ]] || return
  : >"$dir/$name"
  (if exec 8<>"/dev/tcp/${server[$1]}/${port[$1]}"; then echo yes; else echo no; fi >"$dir/$name") \
    </dev/null >/dev/null 2>&1 9>&- &
  tcp[$name]=$!
  disown 2>/dev/null
}

all_well() { # INDEX...: does one probe of them all answer soon, and without an error?
  local paths=() lines=() f n step
  for n in "$@"; do paths+=("${at[n]}"); done
  : >"$dir/all.out"
  : >"$dir/all.err"
  stat -f -c '%T %S %b %a' -- "${paths[@]}" </dev/null >"$dir/all.out" 2>"$dir/all.err" 9>&- &
  all_pid=$!
  disown 2>/dev/null
  for step in 0.002 0.003 0.005 0.01 0.02 0.05 0.1; do
    pause "$step"
    [[ ! -s $dir/all.err ]] || return 1
    mapfile -t lines <"$dir/all.out"
    if ((${#lines[@]} == $#)); then
      for n in "$@"; do
        # shellcheck disable=SC2206 # numbers, and globbing is off
        f=(${lines[0]})
        lines=("${lines[@]:1}")
        fact "$n" free "$((f[1] * f[3] / 1048576)) MB"
      done
      return 0
    fi
    kill -0 "$all_pid" 2>/dev/null || return 1
  done
  return 1
}

probe() { # INDEX
  : >"$dir/${key[$1]}.out"
  : >"$dir/${key[$1]}.err"
  stat -f -c '%T %S %b %a' -- "${at[$1]}" </dev/null >"$dir/${key[$1]}.out" 2>"$dir/${key[$1]}.err" 9>&- &
  pid[$1]=$!
  disown 2>/dev/null
}

answered() { # INDEX: has its probe ended? Then judge it.
  local n=$1 line f gone=''
  kill -0 "${pid[n]}" 2>/dev/null || gone=yes
  if read -r line <"$dir/${key[n]}.out"; then
    # shellcheck disable=SC2206 # numbers, and globbing is off
    f=($line)
    fact "$n" free "$((f[1] * f[3] / 1048576)) MB"
  elif read -r line <"$dir/${key[n]}.err"; then
    if [[ $line == *[Ss]tale* ]]; then bad[n]+=' stale'; else bad[n]+=' io-error'; fi
    fact "$n" error "${line##*: }"
  elif [[ -n $gone ]]; then
    bad[n]+=' io-error'
    fact "$n" error "the probe ended without an answer (is $dir full?)"
  else
    return 1
  fi
}

await_probes() { # until the deadline, and for the servers until theirs
  local now step=0.002 left later n which
  while :; do
    later=()
    for n in ${pending[@]+"${pending[@]}"}; do answered "$n" || later+=("$n"); done
    pending=(${later[@]+"${later[@]}"})
    uptime_cs now
    left=''
    if ((now < tcp_end)); then
      for which in ${tcp[@]+"${!tcp[@]}"}; do [[ -s $dir/$which ]] || left=yes; done
    fi
    ((${#pending[@]} > 0 && now < end)) || [[ -n $left ]] || return 0
    pause "$step"
    case $step in
      0.002) step=0.005 ;;
      0.005) step=0.02 ;;
      *)
        # Slow, so perhaps hung: what of its server?
        step=0.05
        for n in ${pending[@]+"${pending[@]}"}; do ask_server "$n"; done
        ;;
    esac
  done
}

give_up() { # on what is still in there; what survives SIGKILL is remembered
  local now n which
  for n in ${pending[@]+"${pending[@]}"}; do
    if process "${pid[n]}"; then hung "$n" "${pid[n]}" "$state"; else bad[n]+=' hung'; fi
  done
  for n in ${pending[@]+"${pending[@]}"}; do kill -KILL "${pid[n]}" 2>/dev/null; done
  [[ -z ${all_pid-} ]] || kill -KILL "$all_pid" 2>/dev/null
  for which in ${tcp[@]+"${!tcp[@]}"}; do
    [[ -s $dir/$which ]] || kill -KILL "${tcp[$which]}" 2>/dev/null
  done
  ((${#pending[@]} > 0)) || return 0
  pause 0.1
  printf -v now '%(%s)T' -1
  for n in "${pending[@]}"; do
    process "${pid[n]}" || continue
    fact "$n" since "$now"
    echo "${pid[n]} $start $now" >>"$dir/${key[n]}.stuck"
  done
}

report() { # INDEX
  local n=$1 verdict=ok also='' which answer=''
  for which in "${order[@]}"; do
    [[ "${bad[n]} " == *" $which "* ]] || continue
    if [[ $verdict == ok ]]; then verdict=$which; else also+=${also:+,}$which; fi
  done
  [[ -z $also ]] || fact "$n" also "$also"
  if [[ -n ${tcp_of[n]-} ]]; then
    read -r answer <"$dir/${tcp_of[n]}"
    fact "$n" server "${server[n]}:${port[n]}"
    fact "$n" reachable "${answer:-no}"
  fi
  printf '%s\t%s%s\n' "$n" "$verdict" "${facts[n]}"
}

main() {
  [[ $1 =~ ^[1-9][0-9]{0,2}$ ]] || exit 2
  local seconds=$1 types=$2 count=0 n point now end tcp_end dir todo=() pending=()
  local state start stuck_pid stuck_since stuck_state all_pid
  shift 2
  while (($# >= 4)); do
    at[count]=$1 from[count]=$2 mode[count]=$3 wanted[count]=$4 bad[count]='' facts[count]=''
    key[count]=${1//%/%25}
    key[count]=${key[count]//\//%2F}
    escaped "at[$count]" point
    index[$point]=$count
    count=$((count + 1))
    shift 4
  done
  if ! place_for_probes; then
    echo "no place for probes: /run/steward is missing, and $dir is not ours" >&2
    exit 3
  fi
  read_mountinfo
  uptime_cs now
  end=$((now + seconds * 100)) tcp_end=$((now + (seconds < 2 ? seconds * 100 : 150)))

  for ((n = 0; n < count; n++)); do
    escaped "at[$n]" point
    look "$n" "$point"
    if [[ ${bad[n]} == *missing* ]]; then
      ask_server "$n"
    elif still_stuck "$n"; then
      hung "$n" "$stuck_pid" "$stuck_state"
      fact "$n" since "$stuck_since"
      ask_server "$n"
    else
      todo+=("$n")
    fi
  done
  if ((${#todo[@]} > 0)) && ! all_well "${todo[@]}"; then
    for n in "${todo[@]}"; do probe "$n"; done
    pending=("${todo[@]}")
  fi
  await_probes
  give_up
  for ((n = 0; n < count; n++)); do report "$n"; done
  echo "END $count"
}

main "$@"
