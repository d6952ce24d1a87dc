#!/bin/bash
# shellcheck disable=SC2015 # what stands behind || ends the script
# Syncs one label of the mirror of external repositories, and checks what came of it. Runs as root, detached.
#
#   koji-mirror.job.sh sync BACKEND LABEL ARCHES REPOS MAX-DELETES
#   koji-mirror.job.sh look LABEL            needs no rights and changes nothing: what is configured, and how the last run ended
#
# BACKEND is mrepo or reposync; ARCHES and REPOS are words with commas between. MAX-DELETES is how many packages may go
# because upstream has them no more: `312`, or `100,5`, which is 100 and not more than 5 in a hundred.
#
# It works only on a host where root made /etc/steward/mirror.conf, one line a name: `srcdir=/mnt/koji/external-repos/src`.
# Where things are no argument says. Bash 4.2, awk, curl, rsync; mrepo, or dnf with reposync and createrepo_c.
#
# Its lines in the log begin with `== ` and the time. It ends with 0 when everything was checked and is good, with 75
# when more would be deleted than was said yes to (nothing was changed), otherwise its last line says what is wrong.
set -u -f
export LC_ALL=C
umask 022

backend=mrepo
config=/etc/mrepo.conf
confdir=/etc/mrepo.conf.d
srcdir=     # mrepo: packages, LABEL-ARCH/REPO
wwwdir=     # mrepo: what is served, LABEL-ARCH/RPMS.REPO
repos_dir=  # reposync: LABEL.repo, in it [LABEL-REPO-ARCH] with a baseurl
mirror_dir= # reposync: packages and what is served, LABEL-ARCH/RPMS.REPO
mrepo=/usr/bin/mrepo
reload= # a unit that is to read the new metadata
state=/var/lib/steward-mirror # not below /var/lib/steward, which belongs to an account without rights
conf=/etc/steward/mirror.conf

say() {
  local TZ=UTC0
  printf '== %(%Y-%m-%dT%H:%M:%SZ)T %s\n' -1 "$1"
}

finish() { # CODE RESULT WORDS
  # Upstream's names may be in them.
  local words=${3//[^ -~]/?}
  if [[ $verb == look ]]; then
    printf 'wrong=%s\nEND\n' "$words"
    exit 0
  fi
  unwatch
  write_state "$2" "$words"
  say "$words"
  exit "$1"
}

die() { finish 1 failed "$1"; }

# Nobody but who runs this may have a say in what it does.
ours() {
  local mode
  [[ -O $1 ]] && mode=$(stat -L -c %a -- "$1") && (((8#$mode & 8#022) == 0)) ||
    die "$1 can be written by others than root, so nothing was synced: chown root and chmod go-w it"
}

# A directory that root writes into by names that are known before: whoever can change it, or one above it, could put a
# link in the way, and root would write where that leads.
ours_whole() { # DIRECTORY
  local top one owner mode
  for top in "$1" "$(realpath -- "$1")"; do
    one=$top
    while :; do
      # In a sticky one above it, as /tmp is, nobody moves what is another's.
      read -r owner mode < <(stat -L -c '%u %a' -- "${one:-/}") && [[ $owner == 0 || $owner == "$EUID" ]] &&
        (((8#$mode & 8#022) == 0)) || [[ -k ${one:-/} && $one != "$top" && ${owner-} == 0 ]] ||
        die "${one:-/} can be changed by others than root, and root writes below it, so nothing was synced: chown root and chmod go-w it"
      [[ -n $one ]] || break
      one=${one%/*}
    done
  done
}

read_conf() {
  local name value
  [[ -r $conf ]] || die "there is no $conf on this host, so nothing is synced here; docs/running.md says what goes into it"
  while IFS='=' read -r name value || [[ -n $name ]]; do
    case $name in '' | '#'*) continue ;; esac
    [[ $name =~ ^(backend|config|confdir|srcdir|wwwdir|repos_dir|mirror_dir|mrepo|reload|state)$ ]] || continue
    [[ -z $value || $value =~ ^[A-Za-z0-9/][A-Za-z0-9._/@-]*$ && $value != *..* ]] || die "$conf: $name is no plain path"
    printf -v "$name" %s "$value"
  done <"$conf"
}

# What the reading half shows of the last run. `max` is what it was allowed; `would_delete` waits for somebody's yes.
write_state() { # RESULT WORDS
  [[ $verb == sync && -n ${locked-} ]] || return 0
  printf '%s\n' "result=$1" "says=$2" "started=$began" "ended=$(printf '%(%s)T' -1)" "max=${most-}" "would_delete=${would-}" \
    "of=${of-}" "deleted=${deleted-}" >"$state/$label.new" && mv -f -- "$state/$label.new" "$state/$label"
}

# Prints FILE, SECTION, KEY, VALUE as Python 2's ConfigParser reads them, tab between; `?` for what it would not read.
ini() { # FILES
  awk '
    function flush() { if (key != "") { gsub(/\t/, " ", value); print file "\t" section "\t" key "\t" value } key = "" }
    FNR == 1 { flush(); section = ""; file = FILENAME }
    { sub(/\r$/, "") }
    /^[#;]/ || /^[ \t]*$/ || /^[rR][eE][mM]([ \t]|$)/ { next }
    /^[ \t]/ && key != "" { sub(/^[ \t]+/, ""); sub(/[ \t]+$/, ""); value = value " " $0; next }
    /^\[[^]]+\]/ { flush(); section = substr($0, 2); sub(/\].*/, "", section); print file "\t" section "\t\t"; next }
    section != "" && match($0, /[:=]/) && RSTART > 1 && !/^[ \t]/ {
      flush()
      key = tolower(substr($0, 1, RSTART - 1))
      value = substr($0, RSTART + 1)
      at = index(value, ";")
      if (at > 1 && substr(value, at - 1, 1) ~ /[ \t]/) value = substr(value, 1, at - 1)
      sub(/[ \t]+$/, "", key); sub(/^[ \t]+/, "", value); sub(/[ \t]+$/, "", value)
      next
    }
    { flush(); print file "\t?\t\t" }
    END { flush() }' "$@"
}

# Sets main[], vars[], keys[] (of the label), found (the file that has it), files[] and their sum.
read_config() {
  local file section key value one
  declare -gA main=() vars=() keys=()
  files=() found=
  if [[ $backend == mrepo ]]; then
    files=("$config")
    set +f
    if [[ -n $confdir ]]; then for one in "$confdir"/*.conf; do if [[ -e $one ]]; then files+=("$one"); fi; done; fi
    set -f
  else
    files=("$repos_dir/$label.repo")
  fi
  for one in "${files[@]}"; do
    if [[ ! -r $one && $backend == reposync ]]; then return; fi
    [[ -r $one ]] || die "$one is not there or cannot be read; $conf says where the configuration of $backend is"
  done
  config_sum=$(cat -- "${files[@]}" | sha256sum)
  while IFS=$'\t' read -r file section key value; do
    case $section in
      '?') die "$file has a line that mrepo cannot read, and then it does nothing at all: mend that first" ;;
      main) if [[ -n $key ]]; then main[$key]=$value; fi ;;
      vars | variables) if [[ -n $key ]]; then vars[$key]=$value; fi ;;
      DEFAULT) if [[ -n $key ]]; then vars[$key]=$value keys[$key]=$value; fi ;;
      *)
        if [[ $backend == reposync && $section == "$label"-* ]]; then
          found=$file
          if [[ -n $key ]]; then keys[$section $key]=$value; fi
        elif [[ $section == "$label" ]]; then
          if [[ -n $found && $found != "$file" ]]; then die "[$label] is in $found and in $file: take one of them away"; fi
          found=$file
          if [[ -n $key ]]; then keys[$key]=$value; fi
        elif [[ $section =~ ^"$label"-(x86_64|i[3-6]86|aarch64|ppc64le|ppc64|s390x|noarch|none)$ ]]; then
          die "$file has [$section] beside [$label], and mrepo would sync both; only one of the two can be synced by Steward"
        fi
        ;;
    esac
  done < <(ini "${files[@]}")
}

# Sets arches[] and repos[] as they are configured.
read_label() {
  local one
  arches=() repos=()
  if [[ $backend == reposync ]]; then
    # [LABEL-REPO-ARCH]; an arch has no dash.
    while read -r one; do
      one=${one#"$label-"}
      arches+=("${one##*-}") repos+=("${one%-*}")
    done < <(printf '%s\n' "${!keys[@]}" | sed -n 's/ baseurl$//p')
  else
    for one in "${!keys[@]}"; do
      case $one in
        iso | name | release | repo | rhnrelease | arch | dist | disabled | fuseiso | unionfs | metadata | promoteepoch | systemid) ;;
        *) repos+=("$one") ;;
      esac
    done
    case $label in
      *-x86_64 | *-i[3-6]86 | *-aarch64 | *-ppc64le | *-ppc64 | *-s390x) arches=("${label##*-}") ;;
      *) read -r -a arches <<<"${keys[arch]-${main[arch]-i386}}" ;;
    esac
  fi
  # shellcheck disable=SC2207 # words without blanks, and globbing is off
  arches=($(printf '%s\n' ${arches[@]+"${arches[@]}"} | sort -u)) repos=($(printf '%s\n' ${repos[@]+"${repos[@]}"} | sort -u))
}

nick() { # ARCH
  if [[ $label == *-"$1" ]]; then printf %s "$label"; else printf %s "$label-$1"; fi
}

# One address as mrepo would make it of what the file says. Whatever is not plain never gets near a program: mrepo
# gives its addresses to a shell.
address() { # ARCH REPO: sets $url
  local text=${keys[$2]-} name value n
  if [[ $backend == reposync ]]; then text=${keys[$label-$2-$1 baseurl]-}; fi
  for ((n = 0; n < 20; n++)); do
    [[ $text =~ \$\{?([A-Za-z0-9_]+)\}? ]] || break
    name=${BASH_REMATCH[1]}
    case $name in
      arch) value=$1 ;; repo) value=$2 ;; dist) value=${label%-"$1"} ;; nick) value=$(nick "$1") ;;
      release | rhnrelease) value=${keys[$name]-} ;;
      *) value=${vars[$name]-} ;;
    esac
    text=${text/"${BASH_REMATCH[0]}"/$value}
  done
  [[ -n $text ]] || die "$2 of [$label] has no address in $found"
  [[ $text != *' '* ]] || die "$2 of [$label] has more than one address: each would delete what the other brought, so nothing was synced"
  [[ $text =~ ^(https?|rsync)://([A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9a-f:.]+\])(:[0-9]{1,5})?/[A-Za-z0-9._~:/+=-]*$ ]] ||
    die "the address of $2 of [$label] is not one that Steward syncs (http, https or rsync, plain characters, no name or password), so nothing was synced: correct it in $found"
  url=$text
}

# Sets the places: at[i] what it is called, from[i] its address, in[i] its packages, www[i] its metadata.
lay_out() { # ARCHES REPOS
  local arch repo
  at=() from=() in=() www=()
  for arch in $1; do
    for repo in $2; do
      address "$arch" "$repo"
      at+=("$label $repo $arch") from+=("$url")
      if [[ $backend == mrepo ]]; then
        in+=("$srcdir/$(nick "$arch")/$repo") www+=("$wwwdir/$(nick "$arch")/RPMS.$repo")
      else
        in+=("$mirror_dir/$(nick "$arch")/RPMS.$repo") www+=("$mirror_dir/$(nick "$arch")/RPMS.$repo")
      fi
    done
  done
}

# Upstream says how long its files are, packed and unpacked; nothing real comes near these.
most_fetched=2000000000
most_unpacked=8000000000
most_repomd=10000000
most_packages=3000000

# One tag on each line, and none so long that it fills the memory.
tags() { tr '\n>' ' \n' | cut -b 1-8192; }

# Prints the packages of metadata on this disk, PATH and SIZE with a tab between, sorted. Fails with a reason on stderr.
packages_of() { # DIRECTORY, which has repodata/
  local kind sum file href want
  while IFS=$'\t' read -r kind sum want href; do
    [[ $kind == primary ]] || continue
    file=$1/$href
    [[ $href == repodata/* && $href != *..* && -f $file ]] || { echo "it has no ${href:-primary}" >&2; return 1; }
    checked "$sum" "$want" "$file" || { echo "the checksum of $href is wrong" >&2; return 1; }
    unpacked "$file" | tags | awk -v most="$most_packages" '
      function attribute(name) {
        if (!match($0, "[ ]" name "=[\"'"'"'][^\"'"'"']*")) return ""
        return substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 3)
      }
      / *<package / { path = ""; size = 0 }
      / *<size / { size = attribute("package"); if (size !~ /^[0-9]+$/ || length(size) > 15) size = 0 }
      / *<location / { path = attribute("href"); gsub(/&amp;/, "\\&", path) }
      / *<\/package$/ { if (path != "") { print path "\t" size; if (++n > most) exit } }
      / *<metadata / { said = attribute("packages") }
      / *<\/metadata$/ { whole = 1 }
      END { if (!whole || (said != "" && said + 0 != n + 0)) { exit 1 } }' | sort -T "${work:-/tmp}"
    [[ ${PIPESTATUS[*]} == '0 0 0 0' ]] || { echo "$href is cut off or not what it should be" >&2; return 1; }
    return 0
  done < <(entries_of "$1/repodata/repomd.xml")
  echo 'it has no list of packages (primary)' >&2
  return 1
}

# Prints what a repomd.xml names: TYPE, KIND-OF-CHECKSUM, CHECKSUM, HREF.
entries_of() { # FILE
  head -c "$most_repomd" -- "$1" | tags | awk '
    function attribute(name) {
      if (!match($0, "[ ]" name "=[\"'"'"'][^\"'"'"']*")) return ""
      return substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 3)
    }
    / *<data / { type = attribute("type"); sum = kind = href = "" }
    { if (next_is_sum) { sum = $0; sub(/<.*/, "", sum); gsub(/ /, "", sum); next_is_sum = 0 } }
    / *<checksum / { kind = attribute("type"); next_is_sum = 1 }
    / *<location / { href = attribute("href") }
    / *<\/data$/ { print type "\t" kind "\t" sum "\t" href }'
}

checked() { # KIND CHECKSUM FILE
  local kind=$1
  if [[ $kind == sha ]]; then kind=sha1; fi
  [[ $kind =~ ^(md5|sha(1|224|256|384|512))$ && $2 =~ ^[0-9a-f]+$ && $("${kind}sum" <"$3") == "$2 "* ]]
}

unpacked() ( # FILE
  set -o pipefail
  case $1 in
    *.gz) gzip -dc <"$1" ;;
    *.xz) xz -dc --memlimit=1GiB <"$1" ;;
    *.zst) zstd -dcq <"$1" ;;
    *.bz2) bzip2 -dc <"$1" ;;
    *) cat <"$1" ;;
  esac | head -c "$most_unpacked"
)

fetch() { # URL FILE MOST
  # An answer need not say how long it is, and the shell's limit counts all the same.
  (ulimit -f $(($3 / 1024)) && exec curl -q -g -sS -f -L --proto =http,https --proto-redir =http,https --max-redirs 5 --connect-timeout 20 \
    --speed-limit 1000 --speed-time 60 --max-time 1800 --retry 2 --max-filesize "$3" -o "$2" -- "$1" 2>"$work/why")
}

# Writes what upstream has into a file, as `packages_of` prints it. No address gets near a shell here.
list_upstream() { # NAME URL FILE
  local dir=$work/upstream url=${2%/} kind sum want href
  if [[ $2 == rsync://* ]]; then
    timeout 3600 rsync -rL --list-only --no-h --no-motd --timeout=300 --include='*/' --include='*.rpm' --exclude='*' -- "$2" </dev/null 2>"$work/why" |
      sed -nE 's/^-[^ ]* +([0-9,]+) +[^ ]+ +[^ ]+ (.*)$/\2\t\1/p' | head -n "$most_packages" | sort -T "$work" >"$3"
    [[ ${PIPESTATUS[0]} == 0 ]] || die "$1: the list of $2 did not arrive, $beside: $(why)"
    return
  fi
  rm -rf -- "$dir" && mkdir -p -- "$dir/repodata" || die "$work cannot be written"
  fetch "$url/repodata/repomd.xml" "$dir/repodata/repomd.xml" "$most_repomd" ||
    die "$1: there is no repodata/repomd.xml at $2, $beside: $(why)"
  grep -q '<repomd' "$dir/repodata/repomd.xml" ||
    die "$1: what $2 answers is no repository (its repomd.xml is something else), $beside"
  while IFS=$'\t' read -r kind sum want href; do
    [[ $kind == primary && $href =~ ^repodata/[A-Za-z0-9._-]+$ ]] || continue
    fetch "$url/$href" "$dir/$href" "$most_fetched" || die "$1: $href of $2 did not arrive, $beside: $(why)"
    break
  done < <(entries_of "$dir/repodata/repomd.xml")
  packages_of "$dir" >"$3" 2>"$work/why" ||
    die "$1: the metadata of $2 is broken, $beside: $(why). It may be changing at this moment; try again in an hour"
}

why() { tail -n 1 -- "$work/why" | tr -cd ' -~' | cut -c 1-200; }

on_disk() { # DIRECTORY: PATH and SIZE of each package
  if [[ -d $1 ]]; then find -H "$1" -name .repodata -prune -o -name '*.rpm' -type f -printf '%P\t%s\n' | sort; fi
}

# What a list comes to, for people and for progress.
amount() { awk -F '\t' '{ n++; b += $2 } END { printf "%d packages, %.0f bytes", n, b }' "$@"; }

# mrepo leaves these out unless it is told otherwise.
wanted() { # FILE
  if [[ $backend == mrepo ]]; then grep -vE '(^|/)[^/	]*(\.src\.rpm|-debuginfo-[^/	]*\.rpm)	|^(SRPMS|debug)/' -- "$1"; else cat -- "$1"; fi
}

free() { # bytes, where packages go
  local one
  one=$(stat -f -c '%S %a' -- "$base") && printf %s $((${one% *} * ${one#* }))
}

# The first phase: what there is, what would come and what would go. Changes nothing.
count() {
  local i gone need room
  of=0 would=0 need=0
  for i in "${!at[@]}"; do
    list_upstream "${at[i]}" "${from[i]}" "$work/$i.upstream"
    on_disk "${in[i]}" >"$work/$i.before"
    say "expect ${at[i]}: $(wanted "$work/$i.upstream" | amount)"
    say "have ${at[i]}: $(amount "$work/$i.before")"
    gone=$(comm -23 <(cut -f 1 "$work/$i.before") <(cut -f 1 "$work/$i.upstream") | wc -l)
    of=$((of + $(wc -l <"$work/$i.before"))) would=$((would + gone))
    if ((gone > 0)); then say "would delete ${at[i]}: $gone packages that upstream has no more"; fi
    need=$((need + $(comm -13 "$work/$i.before" <(wanted "$work/$i.upstream") | awk -F '\t' '{ b += $2 } END { printf "%.0f", b }')))
  done
  is_too_many "$would" "$of" && ask 'nothing was changed'
  room=$(free)
  say "free: $room bytes, and $need are to come"
  if ((need > room)); then
    die "$(human "$need") are to come and only $(human "$room") are free in $base, so nothing was synced: make room, then try again"
  fi
}

human() { # BYTES: 1.5 GB
  awk -v b="$1" 'BEGIN { split("bytes kB MB GB TB", unit, " "); for (i = 1; b >= 1000 && i < 5; i++) b /= 1000; printf "%.3g %s", b, unit[i] }'
}

is_too_many() { # DELETES OF
  local limit=$((10#${most%,*})) percent=100
  if [[ $most == *,* ]]; then percent=$((10#${most#*,})); fi
  (($1 > limit || $1 * 100 > percent * $2))
}

ask() { # WHAT-WAS-DONE
  say "WOULD-DELETE $would of $of"
  finish 75 would-delete "upstream has $would of the $of packages here no more, and deleting so many was not said yes to; $1"
}

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

# Packages as they are, by a second name each, which takes no room: upstream says twice what it has, once when that is
# counted and once to mrepo, and nothing makes it say the same.
keep() {
  local i
  for i in "${!at[@]}"; do
    [[ -s $work/$i.before ]] || continue
    mkdir -p -- "$work/kept/$i" && cp -al -- "${in[i]}/." "$work/kept/$i" 2>"$work/why" ||
      die "the packages of ${at[i]} could not be kept aside ($(why)), and without that upstream could have more deleted than was said yes to; nothing was synced"
  done
}

# Puts back what mrepo deleted, where it is more than was said yes to. Fails where it is not. Sets $would.
bring_back() {
  local i gone=0
  [[ -d $work/kept ]] || return 1
  for i in "${!at[@]}"; do
    comm -23 <(cut -f 1 "$work/$i.before") <(on_disk "${in[i]}" | cut -f 1) >"$work/$i.gone"
    gone=$((gone + $(wc -l <"$work/$i.gone")))
  done
  is_too_many "$gone" "$of" || return 1
  would=$gone
  for i in "${!at[@]}"; do
    [[ -s $work/$i.gone ]] || continue
    mkdir -p -- "${in[i]}" && (cd -- "$work/kept/$i" && tr '\n' '\0' <"$work/$i.gone" | xargs -0 cp -l --parents -t "${in[i]}" --) || {
      mv -- "$work/kept" "$base/.steward-kept-$began"
      die "$gone packages were deleted, which nobody said yes to, and could not be brought back; all of them are in $base/.steward-kept-$began"
    }
  done
  rm -rf -- "$work/kept"
}

sync_mrepo() {
  local arch lock pid bad n
  for arch in "${arches[@]}"; do
    set +f
    for lock in "${main[lockdir]-/var/cache/mrepo}/$(nick "$arch")"/*.lock; do
      [[ -f $lock ]] && pid=$(<"$lock") && [[ $pid =~ ^[0-9]+$ ]] || continue
      # One that was killed a moment ago is there until somebody takes note of its end.
      for ((n = 0; n < 60; n++)); do
        grep -q '^State:[[:space:]]*Z' "/proc/$pid/status" 2>/dev/null || break
        sleep 0.5
      done
      [[ -e /proc/$pid ]] || continue
      # mrepo would skip the download, write metadata all the same and end with 0.
      grep -aq mrepo "/proc/$pid/cmdline" 2>/dev/null &&
        die "mrepo is at work on $label already (process $pid), so nothing was synced: wait until it has ended"
      die "$lock names process $pid, which is not mrepo any more, and mrepo would believe it: take that file away"
    done
    set -f
    rm -rf -- "$wwwdir/$(nick "$arch")"/RPMS.*/.repodata
  done
  [[ $(cat -- "${files[@]}" | sha256sum) == "$config_sum" ]] || die "the configuration of mrepo was changed at this moment, so nothing was synced: try again"
  keep
  run "$mrepo" -c "$config" -ug -f -v "$label"
  bring_back && {
    run "$mrepo" -c "$config" -g -f -v "$label"
    ask "mrepo deleted them, because upstream had them no more by then, and they were brought back"
  }
  bad=$(grep -aEm 1 'not defined|Mirroring failed|Generating repo failed|existing lock|Traceback' -- "$work/out")
  [[ -z $bad ]] || failed "mrepo did not do all of it: ${bad:0:200}"
  ((code == 0)) || failed "mrepo ended with exit code $code; its own words are above"
}

dnf_here() { # ARGUMENTS
  run dnf -y -c "$work/dnf.conf" --setopt=reposdir="$work/repos" --setopt=cachedir="$work/cache" --setopt=logdir="$work" \
    --setopt=persistdir="$work/persist" --setopt=ignorearch=1 --setopt='*.metadata_expire=-1' --setopt=zchunk=0 --releasever=0 "$@"
}

# Does metadata name another place than its own, or can that not be told? Every file, and read coarsely, so that no way of
# writing it is missed.
leads_away() { # DIRECTORY, which has repodata/
  local file
  while IFS= read -r -d '' file; do
    case $file in *.xml | *.yaml | *.gz | *.xz | *.zst | *.bz2) ;; *) return 0 ;; esac
    if unpacked "$file" | tr -d ' \t\r\n' | tr -c 'a-z:=' '\n' | cut -b 1-64 | grep -q '^\(location\)\?xml:base='; then return 0; fi
  done < <(find "$1/repodata" -type f -print0)
  return 1
}

sync_reposync() {
  local i id words=() list gone all=0
  mkdir -p -- "$work/repos" && cp -- "$found" "$work/repos/$label.repo" && echo '[main]' >"$work/dnf.conf" || die "$work cannot be written"
  for i in "${!at[@]}"; do
    read -r -a words <<<"${at[i]}"
    id=$label-${words[1]}-${words[2]}
    say "at ${at[i]}"
    mkdir -p -- "${in[i]}" || die "${in[i]} cannot be made"
    # Once, so that what is looked at here is what it goes by.
    dnf_here makecache --repo="$id"
    ((code == 0)) || failed "dnf makecache of $id ended with exit code $code; its own words are above"
    set +f
    list=("$work/cache/$id"-*/repodata/repomd.xml)
    set -f
    packages_of "${list[0]%/repodata/*}" >"$work/$i.upstream" 2>"$work/why" || failed "the metadata of $id is broken: $(why)"
    if leads_away "${list[0]%/repodata/*}"; then
      failed "the metadata of $id has packages at other addresses (xml:base), which could be files of this host, or is packed in a way that is not known, so nothing was fetched"
    fi
    words=(reposync --repoid="$id" --download-path="${in[i]}" --norepopath)
    dnf_here "${words[@]}"
    ((code == 0)) || failed "dnf reposync of $id ended with exit code $code; its own words are above"
    on_disk "${in[i]}" >"$work/$i.now"
    gone=$(comm -23 <(cut -f 1 "$work/$i.now") <(cut -f 1 "$work/$i.upstream") | wc -l)
    all=$((all + gone))
    if is_too_many "$all" "$of"; then
      would=$all
      ask "packages were fetched, and none of ${at[i]} were deleted"
    fi
    if ((gone > 0)); then
      dnf_here -C "${words[@]}" --delete
      ((code == 0)) || failed "dnf reposync --delete of $id ended with exit code $code; its own words are above"
    fi
    rm -rf -- "${in[i]}/.repodata"
    run createrepo_c --update -- "${in[i]}"
    ((code == 0)) || failed "createrepo_c for $id ended with exit code $code; its own words are above"
  done
}

# Success is what is there, and not what was said.
check() { # NUMBER
  local i=$1 name=${at[$1]} md=${www[$1]}/repodata/repomd.xml kind sum want href lost n=0
  [[ -f $md ]] || failed "$name has no metadata: there is no $md"
  (($(stat -L -c %Y -- "$md") >= fresh)) || failed "the metadata of $name was not made anew: $md is older than this sync"
  while IFS=$'\t' read -r kind sum want href; do
    [[ $href == repodata/* && $href != *..* && -f ${www[i]}/$href ]] || failed "$md names ${href:-nothing}, which is not there"
    checked "$sum" "$want" "${www[i]}/$href" || failed "the checksum of $href of $name does not hold"
    n=$((n + 1))
  done < <(entries_of "$md")
  ((n > 0)) || failed "$md names nothing"
  packages_of "${www[i]}" >"$work/$i.md" 2>"$work/why" || failed "the metadata of $name is broken: $(why)"
  lost=$(comm -23 "$work/$i.md" <(find -L "${www[i]}" -name '*.rpm' -type f -printf '%P\t%s\n' | sort) | wc -l)
  ((lost == 0)) || failed "the metadata of $name names $lost packages that are not there, or not whole"
  on_disk "${in[i]}" >"$work/$i.after"
  comm -23 <(wanted "$work/$i.upstream") "$work/$i.after" >"$work/lost"
  if [[ -s $work/lost ]]; then
    # What went from upstream while this ran is not missed.
    list_upstream "$name" "${from[i]}" "$work/$i.upstream"
    lost=$(comm -12 "$work/lost" "$work/$i.upstream" | wc -l)
    ((lost == 0)) || failed "$lost packages of $name that upstream has did not arrive whole, $(comm -12 "$work/lost" "$work/$i.upstream" | head -n 1 | cut -f 1 | tr -cd ' -~' | cut -c 1-100) for one"
  fi
  deleted=$((deleted + $(comm -23 <(cut -f 1 "$work/$i.before") <(cut -f 1 "$work/$i.after") | wc -l)))
  say "good $name: $(amount "$work/$i.md")"
}

sync() { # ARCHES REPOS
  local i
  [[ -d $base ]] || die "there is no $base, where packages go: is its disk mounted?"
  mkdir -p -- "$state" || die "$state cannot be written"
  ours_whole "$state"
  ours_whole "$base"
  # Whoever could read the lock could hold it for ever.
  (umask 077 && : >>"$state/lock") && chmod 600 -- "$state/lock" && exec 8>>"$state/lock" || die "$state cannot be written"
  flock -n 8 || die "another sync is at work on this host, or what it started is: nothing was begun"
  locked=yes
  work=$base/.steward
  if [[ -d $work/kept ]]; then
    mv -- "$work/kept" "$base/.steward-kept-$began" || die "$base cannot be written"
    say "a sync died here: the packages that it found are kept in $base/.steward-kept-$began"
  fi
  rm -rf -- "$work" && mkdir -m 700 -- "$work" && : >"$work/out" || die "$base cannot be written"
  # By the clock of that disk, which may be another machine's.
  fresh=$(stat -c %Y -- "$work/out")
  trap leave EXIT
  trap stopped TERM INT
  read_config
  [[ -n $found ]] || die "[$label] is not in the configuration of $backend on this host, so nothing was synced"
  ours "$found"
  [[ ! ${keys[disabled]-no} =~ ^(yes|on|true|1)$ ]] || die "[$label] is disabled in $found, and mrepo would do nothing"
  if [[ $backend == mrepo ]]; then
    ours "$config"
    [[ ${main[srcdir]-$srcdir} == "$srcdir" && ${main[wwwdir]-$wwwdir} == "$wwwdir" ]] ||
      die "$conf and $config name different directories (srcdir, wwwdir): what is there could not be counted"
    for name in http_proxy https_proxy rsync_proxy; do
      if [[ -n ${main[$name]-} ]]; then export "$name=${main[$name]}"; fi
    done
    RSYNC_PROXY=${main[rsync_proxy]-}
    if [[ -n $RSYNC_PROXY ]]; then export RSYNC_PROXY; else unset RSYNC_PROXY; fi
  fi
  read_label
  if [[ "${arches[*]-}" != "$1" || "${repos[*]-}" != "$2" ]]; then
    finish 75 changed "[$label] in $found is not what was planned with (${repos[*]-nothing} for ${arches[*]-nothing}); nothing was changed"
  fi
  lay_out "$1" "$2"
  begin count
  count
  begin sync
  watch 8>&- &
  watching=$!
  if [[ $backend == mrepo ]]; then sync_mrepo; else sync_reposync; fi
  unwatch
  begin check
  for i in "${!at[@]}"; do check "$i"; done
  if is_too_many "$deleted" "$of"; then
    die "the sync is whole, but upstream lost more while it ran: $deleted packages were deleted, and that many were not said yes to"
  fi
  if [[ -n $reload ]]; then timeout 60 systemctl reload "$reload" </dev/null 8>&- || die "everything is synced, but $reload did not reload"; fi
  say "free: $(free) bytes"
  finish 0 good "done: ${#at[@]} of ${#at[@]} repositories are good, $deleted packages deleted"
}

look() {
  local arch repo
  read_config
  read_label
  printf '%s\n' "backend=$backend" "found=$found" "disabled=${keys[disabled]-}"
  if [[ -n $found ]]; then
    printf '%s\n' "arches=${arches[*]-}" "repos=${repos[*]-}" "free=$(free)"
    lay_out "${arches[*]-}" "${repos[*]-}"
  fi
  if [[ -r $state/$label ]]; then sed 's/^/last./' "$state/$label"; fi
  echo END
}

verb=${1-} label=${3-} began=$(printf '%(%s)T' -1) most=${6-} deleted=0 phase=beginning
case "$verb $#" in
  'sync 6') ;;
  'look 2') label=$2 conf=${STEWARD_ROOT-}$conf state=${STEWARD_ROOT-}$state ;;
  *) verb=sync die 'takes: sync BACKEND LABEL ARCHES REPOS MAX-DELETES, or look LABEL' ;;
esac
[[ $label =~ ^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$ && ! $label =~ ^(main|repos|vars|variables|DEFAULT)$ ]] || die 'not a label'
read_conf
case $backend in mrepo) base=$srcdir ;; reposync) base=$mirror_dir ;; *) die "$conf: backend is mrepo or reposync" ;; esac
[[ -n $base && ($backend == mrepo && -n $wwwdir || $backend == reposync && -n $repos_dir) ]] ||
  die "$conf does not say where things are: srcdir and wwwdir for mrepo, repos_dir and mirror_dir for reposync"
if [[ $verb == look ]]; then
  look
  exit
fi
[[ $2 == "$backend" ]] || die "the plan is for $2, and $conf on this host says $backend"
[[ $4 =~ ^[a-z0-9_]+(,[a-z0-9_]+)*$ && $5 =~ ^[a-z0-9][a-z0-9._-]*(,[a-z0-9][a-z0-9._-]*)*$ ]] || die 'not a list of arches, or of repositories'
[[ $most =~ ^[0-9]{1,7}(,[0-9]{1,3})?$ ]] || die 'not a number of packages that may go'
ours "$conf"
sync "${4//,/ }" "${5//,/ }"
