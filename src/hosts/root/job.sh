#!/bin/bash
# Starts a long job that outlives the connection, tells how it is, and stops it. Runs as root, through sudo.
#
#   job.sh start NAME RUN SCRIPT SHA256 [ARG...]   says STARTED; ATTACHED: this run was begun before; or BUSY and by which
#   job.sh poll NAME RUN OFFSET MOST               says STATE CODE SIZE BEGAN ENDED NOW, then a line with at most MOST bytes
#                                                  of the log from OFFSET on, in base64
#   job.sh stop NAME RUN TERM|KILL                 signals all that the run started; says STOPPED, or RUNNING: not yet
#
# STATE: running; done, CODE says how; lost: it ended and nobody knows how (a reboot, a kill); none: it never began.
# Times are seconds of this host's clock; what is not known is a dash. Of one NAME one run goes at a time.
#
# Only a script that the bundle lists in /etc/steward/jobs, with the digest given, is started; never by an argument's path.
# All of a run lies in /var/lib/steward-jobs/NAME/runs/RUN: script, log, began (process, time), code (exit code, time).
# Whoever upgrades this script must leave those as they are: a run may be older than the upgrade.
# Bash 4.2, util-linux 2.23, coreutils 8.22 (CentOS 7).
set -u -f
export LC_ALL=C
umask 077

base=/var/lib/steward-jobs
list=/etc/steward/jobs
most_log=1073741824
most_runs=5
most_names=20

die() {
  printf '%s\n' "$1" >&2
  exit 1
}

# Nobody but who runs this may have a say in what it does.
ours() { # FILE
  local mode
  if [[ -O $1 && ! -L $1 ]] && mode=$(stat -c %a -- "$1") && (((8#$mode & 8#022) == 0)); then return 0; fi
  die "$1 can be written by others than root, so it is not used"
}

enter() { # the directory of NAME
  # A disk that others need is not to be filled by ever new names.
  if [[ ! -d $base/$name && $(find "$base" -mindepth 1 -maxdepth 1 2>/dev/null | wc -l) -ge $most_names ]]; then
    die "there are $most_names names of jobs in $base already, and no bundle has so many: root looks at what is there, and takes away what is not needed"
  fi
  mkdir -p -- "$base/$name/runs" || die "$base/$name cannot be made"
  ours "$base"
  ours "$base/$name"
  cd -- "$base/$name" || exit 1
}

# Does anything of a run still go? Of its group, with its name in the environment, and started by whoever runs this: numbers
# are given out again, and anybody on this host can take one, with the name too, and so hold up every job that comes later.
goes_on() { # RUN
  local group stat
  [[ -e runs/$1/began ]] && read -r group _ <"runs/$1/began" || return 1
  set +f
  for stat in /proc/[0-9]*/stat; do
    in_group "$stat" "$group" && grep -qzxF "STEWARD_JOB=$name/$1" "${stat%stat}environ" 2>/dev/null &&
      grep -q "^Uid:[[:space:]]${EUID}[[:space:]]" "${stat%stat}status" 2>/dev/null && break
  done
  local found=$?
  set -f
  return "$found"
}

in_group() { # /proc/N/stat GROUP
  local line
  IFS= read -r line <"$1" || return 1
  # pid (command) state parent group; a command may have blanks and parentheses.
  read -r _ _ line _ <<<"${line##*) }"
  [[ $line == "$2" ]]
} 2>/dev/null

# Sets state, code, began and ended. The lock is looked at first: a run that ends in between has left its code by then.
look() {
  local held='' current=''
  state=none code=- began=- ended=-
  [[ -d runs/$run ]] || return 0
  exec 9>>lock
  flock -n -s 9 || held=yes
  exec 9>&-
  if [[ -e runs/$run/began ]]; then read -r _ began <"runs/$run/began"; fi
  if [[ -e runs/$run/code ]]; then
    state='done'
    read -r code ended <"runs/$run/code"
    return 0
  fi
  if [[ -e current ]]; then current=$(<current); fi
  if [[ -n $held && $current == "$run" ]] || goes_on "$run"; then
    state=running
  elif [[ $began != - ]]; then
    state=lost
  fi
}

start() { # SCRIPT SHA256 ARG...
  local script=$1 sum=$2 other='' path='' line
  shift 2
  [[ $script =~ ^[a-z0-9][a-z0-9.-]*\.job\.sh$ && $sum =~ ^[0-9a-f]{64}$ ]] || die 'not the name and digest of a job'
  [[ -e $list ]] || die "there is no $list on this host: install the bundle of steward host bundle"
  ours "$list"
  while IFS= read -r line || [[ -n $line ]]; do
    [[ $line != "$sum  "*"/$script" ]] || path=${line#"$sum  "}
  done <"$list"
  [[ -n $path ]] || die "$list does not allow this version of $script: install the bundle of steward host bundle"

  exec 8>>gate
  if ! flock -w 20 8; then
    echo 'BUSY unknown'
    return 0
  fi
  look
  if [[ $state != none ]]; then
    echo ATTACHED
    return 0
  fi
  exec 9>>lock
  if [[ -e current ]]; then other=$(<current); fi
  # A poll holds it for a moment.
  if ! flock -w 1 9; then
    if [[ $other == "$run" ]]; then echo ATTACHED; else echo "BUSY ${other:-unknown}"; fi
    return 0
  fi
  if [[ -n $other ]] && goes_on "$other"; then
    # Its watcher was killed, and it goes on all the same.
    echo "BUSY $other"
    return 0
  fi
  # What is left of a start that was killed: without a file "began" it surely did nothing.
  rm -rf -- "runs/$run"
  prune
  if ! mkdir -- "runs/$run" || ! cat -- "$path" >"runs/$run/script"; then die "$PWD/runs/$run cannot be written"; fi
  line=$(sha256sum -- "runs/$run/script")
  if [[ ${line%% *} != "$sum" ]]; then
    rm -rf -- "runs/$run"
    die "$path is not the version that was approved: install the bundle of steward host bundle"
  fi
  if ! printf '%s\n' "$run" >current.new || ! mv -f -- current.new current; then die "$PWD cannot be written"; fi

  export STEWARD_JOB=$name/$run
  setsid bash -c "$(declare -f watch keep_log); watch \"\$@\"" job "$base/$name/runs/$run" "$most_log" "$@" \
    </dev/null >/dev/null 2>&1 8>&- &
  exec 9>&-
  for ((line = 0; line < 200; line++)); do
    if [[ -e runs/$run/began ]]; then
      echo STARTED
      return 0
    fi
    kill -0 $! 2>/dev/null || break
    sleep 0.05
  done
  # What is said to have failed must not begin after all.
  kill -KILL -- "-$!" 2>/dev/null
  [[ -e runs/$run/began ]] || die "the job could not be begun: is the disk of $base full?"
  echo STARTED
}

# Keeps the newest runs, and those only as long as their logs together are no longer than one may be.
prune() {
  local one size total=0 count=0
  while IFS= read -r one; do
    [[ -n $one ]] || continue
    size=$(stat -c %s -- "runs/$one/log" 2>/dev/null) || size=0
    ((total += size, count++))
    if ((count >= most_runs || total > most_log)); then rm -rf -- "runs/$one"; fi
  done <<<"$(ls -1t -- runs)"
}

# The process that stays, in a session of its own; its lock is the sign that the run goes on.
watch() { # DIRECTORY MOST ARG...
  local dir=$1 most=$2 code reader wait
  shift 2
  trap '' HUP
  # For the whole group; the job gets it too, and this waits for what the job makes of it.
  trap : TERM INT
  cd -- "$dir" || exit 1
  : >log
  mkfifo pipe || exit 1
  exec 6<>pipe
  exec 5<pipe
  exec 4>pipe 6>&-
  rm -f pipe
  # Room for the code is taken now, so that a disk that is full by then does not lose it.
  printf '%-40s\n' '' >code.new || exit 1
  if ! printf '%s %(%s)T\n' $$ -1 >began.new || ! mv -f began.new began; then exit 1; fi
  keep_log "$most" &
  reader=$!
  exec 5<&-
  (cd / && exec bash "$dir/script" "$@") </dev/null >&4 2>&1 4>&- 9>&-
  code=$?
  exec 4>&-
  # What it said last comes before its code; but what it left behind may hold the pipe open for ever.
  for ((wait = 0; wait < 20; wait++)); do
    kill -0 "$reader" 2>/dev/null || break
    sleep 0.1
  done
  for ((wait = 0; wait < 720; wait++)); do
    # Somebody took it all away: nobody asks any more.
    [[ -d $dir ]] || break
    exec 7<>code.new
    printf '%-40s\n' "$code $(printf '%(%s)T' -1)" >&7 && mv -f code.new code && break
    sleep 5
  done
}

# From the pipe into the log, at once, up to the limit. Signals are for the job, so that its last words are still written.
keep_log() { # MOST
  trap '' TERM INT XFSZ
  exec 4>&- 9>&-
  until (ulimit -f $(($1 / 1024)) && exec cat <&5 >>log); do
    if (($(stat -c %s log) >= $1 / 1024 * 1024)); then
      printf '\n[the log has reached its limit and is cut off here]\n' >>log
      exec cat <&5 >/dev/null
    fi
    # A full disk, most likely: what comes meanwhile is lost, and the job is not held up by it.
    timeout -s KILL 1 cat <&5 >/dev/null
    printf '\n[here a part could not be written]\n' >>log
  done
} 2>/dev/null

poll() { # OFFSET MOST
  local offset=$1 most=$2 size=0
  [[ $offset =~ ^[0-9]{1,15}$ && $most =~ ^[0-9]{1,6}$ ]] || die 'not an offset and a number of bytes'
  offset=$((10#$offset)) most=$((10#$most))
  look
  # After the state: the last words of a run that has ended are all there.
  if [[ -e runs/$run/log ]]; then size=$(stat -c %s -- "runs/$run/log"); fi
  printf '%s %s %s %s %s %(%s)T\n' "$state" "$code" "$size" "$began" "$ended" -1
  ((size > offset)) || return 0
  # Seeks, so the bytes before are not read again.
  dd if="runs/$run/log" bs=65536 iflag=skip_bytes,count_bytes skip="$offset" count="$most" 2>/dev/null |
    base64 -w 0
}

stop() { # TERM|KILL
  local signal=$1 group wait
  [[ $signal == TERM || $signal == KILL ]] || die 'TERM or KILL'
  look
  if [[ $state == running ]] && goes_on "$run"; then
    read -r group _ <"runs/$run/began"
    kill -s "$signal" -- "-$group"
    for ((wait = 0; wait < 50; wait++)); do
      look
      [[ $state == running ]] || break
      sleep 0.1
    done
  fi
  if [[ $state == running ]]; then echo RUNNING; else echo STOPPED; fi
}

verb=${1-} name=${2-} run=${3-}
[[ $name =~ ^[a-z0-9][a-z0-9-]{0,31}$ && $run =~ ^[a-z0-9][a-z0-9-]{0,63}$ ]] || die 'not the name of a job and a run'
shift 3
case $verb in
  start) (($# >= 2)) || die 'which script?' ;;
  poll) (($# == 2)) || die 'from where, and how much?' ;;
  stop) (($# == 1)) || die 'how?' ;;
  *) die 'start, poll or stop' ;;
esac
# A poll of what never was here makes nothing.
if [[ $verb != start && ! -d $base/$name/runs ]]; then
  case $verb in
    poll) printf 'none - 0 - - %(%s)T\n' -1 ;;
    *) echo STOPPED ;;
  esac
  exit 0
fi
enter
"$verb" "$@"
