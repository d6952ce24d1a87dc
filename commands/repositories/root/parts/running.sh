# shellcheck shell=bash disable=SC2015,SC2034,SC2154
# Programs that run for hours: heard, watched, stopped; and how things stand when they did not end well.
# Part of koji-mirror.job.sh; what is installed on a host is one file, with this in it.

# Runs a program so that a signal is heard at once. What it prints goes to the log, and is kept. Sets $code.
run() { # COMMAND...
  local copying n
  rm -f -- "$work/pipe" && mkfifo -- "$work/pipe" || die "$work cannot be written"
  # dnf says which checksum a file has instead of the right one. Upstream, which can lead it to any file or server inside,
  # must not learn that: with the right one the next sync would bring that file here, for all to read.
  sed -uE 's/(Calculated: )[0-9a-f]+/\1not shown /g' <"$work/pipe" 8>&- | tee -a -- "$work/out" 8>&- &
  copying=$!
  "$@" </dev/null >"$work/pipe" 2>&1 &
  child=$!
  wait "$child"
  code=$?
  child=
  # What it left behind may hold the pipe open for ever.
  for ((n = 0; n < 50; n++)); do
    kill -0 "$copying" 2>/dev/null || break
    sleep 0.1
  done
  kill "$copying" 2>/dev/null
  wait "$copying" 2>/dev/null
}

# Says what has arrived, at first each second, then less and less often: what mrepo runs prints nothing of that. A mirror has
# hundreds of thousands of files, and its disk has other work: a directory in which nothing came or went is counted anew
# each tenth time only (one file may grow in it), and all of it takes a twentieth of the time at most.
watch() {
  local i line pause=1 sleeping round=0 at_begin
  declare -A last=()
  trap 'kill "$sleeping" 2>/dev/null; exit 0' TERM
  while :; do
    sleep "$pause" &
    sleeping=$!
    wait "$sleeping"
    round=$((round + 1)) at_begin=$SECONDS
    for i in "${!at[@]}"; do
      if [[ -n ${last[$i]-} ]] && ((round % 10 != 0)) &&
        [[ -z $(find -H "${in[i]}" -type d -newer "$work/counted.$i" -print -quit 2>/dev/null) ]]; then
        continue
      fi
      : >"$work/counted.$i"
      line=$(on_disk "${in[i]}" | amount)
      if [[ $line != "${last[$i]-}" ]]; then say "have ${at[i]}: $line"; fi
      last[$i]=$line
    done
    if ((pause < 15)); then pause=$((pause * 2)); fi
    if ((pause < 20 * (SECONDS - at_begin))); then pause=$((20 * (SECONDS - at_begin))); fi
  done
}

unwatch() {
  if [[ -z ${watching-} ]]; then return; fi
  kill "$watching" 2>/dev/null
  wait "$watching" 2>/dev/null
  watching=
}

# How things stand when it did not end well.
standing() {
  local i md
  for i in "${!at[@]}"; do
    md=${www[i]}/repodata/repomd.xml
    if [[ -f $md ]]; then md="metadata of $(TZ=UTC0 stat -L -c %y -- "$md" | cut -c 1-16) UTC"; else md='no metadata'; fi
    say "stands ${at[i]}: $(on_disk "${in[i]}" | amount), $md"
  done
}

failed() { # WORDS
  standing
  # Not every program says so in its words.
  if (($(free) < 10000000)) || grep -Eiqs 'no space left|disk quota exceeded|file too large' -- "$work/out"; then
    die "the disk of $base filled up ($(human "$(free)") free now); what has arrived stays: make room, then sync again"
  fi
  die "$1"
}

# shellcheck disable=SC2317 # called by the trap
stopped() {
  trap '' TERM INT
  local n
  if [[ -n ${child-} ]]; then
    kill "$child" 2>/dev/null
    for ((n = 0; n < 50; n++)); do kill -0 "$child" 2>/dev/null || break; sleep 0.1; done
  fi
  bring_back
  standing
  finish 143 stopped "stopped while it did: $phase. What has arrived stays, and the next sync goes on from there"
}

# shellcheck disable=SC2317 # called by the trap
leave() {
  unwatch
  rm -rf -- "$work"
}

begin() { # PHASE
  phase=$1 beside='so nothing was synced'
  if [[ $phase == check ]]; then beside='so what has arrived could not be compared with it'; fi
  say "phase $1"
}
