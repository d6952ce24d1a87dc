#!/bin/bash
# shellcheck disable=SC2015 # what stands behind || ends the script
# Puts one entry into the configuration of the mirror, or takes one out. Runs as root, through sudo.
#
#   mrepo-edit.sh add PLACE LABEL OLD NEW AT PIECE      PLACE: config, confdir or repos
#   mrepo-edit.sh remove PLACE LABEL OLD NEW AT PIECE   OLD, NEW: SHA-256 of the whole file before and after, hex, or - for
#                                                       no file. AT: where the piece begins, in bytes. PIECE: base64
#
# Which file that is stands in /etc/steward/mirror.conf of this host, which root owns, and no argument says:
#   config=/etc/mrepo.conf               PLACE config: the piece is put at its end, or cut out of it
#   confdir=/etc/mrepo.conf.d            PLACE confdir: a file of its own there, LABEL.conf
#   repos_dir=/etc/steward/repos.d       PLACE repos: a file of its own there, LABEL.repo
# It holds more, for the script that syncs. Bash 4.2.
#
# The piece is one entry as Steward writes it, with the line before it by which it is known again, and nothing else: mrepo
# gives addresses to a shell, and whoever may call this must not thereby have it run what they like.
#
# The file changes in one rename, or not at all, and only from OLD to NEW. A copy of it as it was stays beside it. What a
# run that died leaves is one file beginning with a dot, which the next run writes anew.
set -u -f
export LC_ALL=C
umask 022

config=
confdir=
repos_dir=

die() {
  printf '%s\n' "$1" >&2
  exit 1
}

# Nobody but who runs this may have a say in what it does.
ours() {
  local mode
  [[ -O $1 ]] && mode=$(stat -c %a -- "$1") && (((8#$mode & 8#022) == 0)) ||
    die "$1 can be written by others than root, so it is not used"
}

read_conf() { # FILE
  local name value
  [[ -e $1 ]] || die "there is no $1 on this host, so no configuration is changed here"
  ours "$1"
  while IFS='=' read -r name value || [[ -n $name ]]; do
    case $name in config | confdir | repos_dir) ;; *) continue ;; esac
    [[ -z $value || $value =~ ^/[A-Za-z0-9/._@-]+$ && $value != *..* ]] || die "$1: $name is no plain path"
    printf -v "$name" %s "$value"
  done <"$1"
}

sum() { # FILE: its SHA-256, or - where there is none
  local line
  [[ -e $1 ]] || { printf -- -; return; }
  line=$(sha256sum <"$1") && printf %s "${line%% *}"
}

# To the disk: a power cut must not leave a name without its bytes.
flush() { # FILE
  dd "of=$1" conv=notrunc,fsync count=0 </dev/null 2>/dev/null
}

# One address, of which no program and no shell reads anything as more than a letter. $arch stands for the arch.
is_plain() { # ADDRESS
  local bare=${1//\$arch/}
  [[ ! $1 =~ \$arch[A-Za-z0-9_] && $1/ != */../* ]] &&
    [[ $bare =~ ^(https?|rsync)://([a-z0-9][a-z0-9.-]*|\[[0-9a-f:.]+\])(:[0-9]{1,5})?/[A-Za-z0-9._~:/+=-]*$ ]]
}

check_piece() { # FILE
  local mark='^# Koji Steward wrote this entry; it takes it out again while it is as written( and the line break above)?: ([0-9a-f]{32})$'
  local line lines=() n=0 sum='' key value section=''
  tr -d '\n -~' <"$1" | cmp -s - /dev/null || die 'not plain text'
  while IFS= read -r line; do lines+=("$line"); done <"$1"
  [[ -z $(tail -c 1 -- "$1") ]] || die 'its last line has no end'
  while ((n < 2)) && [[ ${lines[n]-} == '' ]]; do n=$((n + 1)); done
  [[ ${lines[n]-} =~ $mark ]] && sum=${BASH_REMATCH[2]} || die 'not an entry of Steward'
  value=$(tail -n "+$((n + 2))" -- "$1" | sha256sum)
  [[ $sum == "${value:0:32}" ]] || die 'not as Steward wrote it'
  for line in "${lines[@]:n + 1}"; do
    key=${line%% = *} value=${line#* = }
    case $place:$line in
      repos:) section='' ;;
      repos:"[$label-"*)
        [[ $line =~ ^\[[A-Za-z0-9._+-]+\]$ ]] && section=yes || die "not a section: $line"
        ;;
      [!r]*:"[$label]") [[ -z $section ]] && section=yes || die 'more than one section' ;;
      *:'name = '*) [[ -n $section && $value =~ ^[A-Za-z0-9._+-]+(\ [A-Za-z0-9._+-]+)*(\ \(\$arch\))?$ ]] || die "not a name: $line" ;;
      repos:'enabled = 0' | repos:'gpgcheck = 0') ;;
      repos:'baseurl = '*) [[ -n $section ]] && is_plain "$value" || die "not a plain address: $line" ;;
      [!r]*:'arch = '*) [[ -n $section && $value =~ ^[a-z0-9_]+(\ [a-z0-9_]+)*$ ]] || die "not a list of arches: $line" ;;
      [!r]*:[a-z]*' = '*)
        [[ -n $section && $key =~ ^[a-z][a-z0-9_-]{0,39}$ && ! $key =~ ^(all|dist|disabled|fuseiso|iso|metadata|promoteepoch|release|repo|rhnrelease|systemid|unionfs)$ ]] ||
          die "not a repository: $line"
        is_plain "$value" || die "not a plain address: $line"
        ;;
      *) die "not a line of an entry: $line" ;;
    esac
  done
  [[ -n $section ]] || die 'an entry without a section'
}

# A section that is there is nobody's to add to: the last address of a name counts, so that another's mirror would go
# elsewhere. Nor is one with a meaning of its own, as a proxy for all, or one for an arch, which has the directories of another.
check_new() {
  local one
  [[ ! $label =~ ^(main|repos|vars|variables|default|all|none)$ ]] || die "[$label] means something else to mrepo"
  [[ ! $label =~ (^|-)(x86_64|i[356]86|aarch64|armhfp|ppc64|ppc64le|s390x|riscv64)$ ]] || die "$label ends in an arch, which mrepo takes for the only arch of it"
  [[ $place != repos ]] || { [[ $old == - ]] || die "there is a $file already"; return; }
  set +f
  for one in "$config" "${confdir:-/etc/mrepo.conf.d}"/*.conf; do
    if [[ -f $one ]] && cut -d ']' -f 1 -- "$one" | grep -aqixF -- "[$label"; then die "[$label] is in $one already"; fi
  done
  set -f
}

keep_copy() { # of $file as it is, once
  local one
  while IFS= read -r one; do
    [[ $(sum "$one") != "$old" ]] || return 0
  done < <(find "$dir" -maxdepth 1 -type f -name "${file##*/}.steward-*")
  one=$file.steward-$(date -u +%Y%m%dT%H%M%SZ)
  cp -p -- "$file" "$next" && flush "$next" && mv -f -- "$next" "$one" || die "no copy of $file could be made, so it was not changed"
}

like_before() { # FILE: owner and mode of what it replaces
  if [[ -e $file ]]; then
    chown --reference="$file" -- "$1" && chmod --reference="$file" -- "$1" || die "$file: its owner and mode could not be kept"
  fi
}

# The SELinux context, which goes by the name that the file has now.
labelled() {
  if [[ -e $file ]] && type -P restorecon >/dev/null; then restorecon -- "$file" 2>/dev/null; fi
}

verb=${1-}
case "$verb $#" in 'add 7' | 'remove 7') ;; *) die 'takes: add|remove PLACE LABEL OLD NEW AT PIECE' ;; esac
place=$2 label=$3 old=$4 new=$5 at=$6 piece=$7
[[ $label =~ ^[a-z][a-z0-9._+-]{0,49}$ && $label != *..* ]] || die 'not a label'
[[ $old =~ ^([0-9a-f]{64}|-)$ && $new =~ ^([0-9a-f]{64}|-)$ && $old != "$new" ]] || die 'not the SHA-256 of a file'
[[ $at =~ ^(0|[1-9][0-9]{0,8})$ ]] || die 'not a number of bytes'
[[ ${#piece} -le 60000 && $piece =~ ^[A-Za-z0-9+/]+={0,2}$ ]] || die 'not a piece of a file'
read_conf /etc/steward/mirror.conf
case $place in
  config) file=$config ;;
  confdir) file=${confdir:+$confdir/$label.conf} ;;
  repos) file=${repos_dir:+$repos_dir/$label.repo} ;;
  *) die 'not a place' ;;
esac
[[ -n $file ]] || die "/etc/steward/mirror.conf names no $place, so nothing is written there"
dir=${file%/*}
[[ -d $dir ]] || die "there is no $dir"
ours "$dir"
[[ ! -L $file ]] || die "$file is a link, and a rename would cut it: name the file itself in /etc/steward/mirror.conf"
if [[ -e $file ]]; then ours "$file"; fi
next=$dir/.${file##*/}.steward

# Whoever could read the lock could hold it for ever.
lock=/etc/steward/mirror.lock
(umask 077 && : >>"$lock") && chmod 600 -- "$lock" && exec 9>>"$lock" && flock -w 60 9 || die "another program holds $lock"
now=$(sum "$file")
if [[ $now == "$new" ]]; then
  labelled
  echo "is so already: $file"
  exit 0
fi
[[ $now == "$old" ]] || die "$file has changed since this was planned, so it was left alone"

trap 'rm -f -- "$next"' EXIT
printf %s "$piece" | base64 -d >"$next" || die "$dir cannot be written, or is full"
check_piece "$next"
if [[ $verb == add ]]; then check_new; fi
size=$(stat -c %s -- "$next") && bytes=$(sum "$next") || die "$next cannot be read"
if [[ $verb == add ]]; then
  [[ $old == - ]] && had=0 || had=$(stat -c %s -- "$file")
  ((at == had)) || die 'an entry goes to the end of a file and nowhere else'
  if [[ $old != - ]]; then
    keep_copy
    { cat -- "$file" && printf %s "$piece" | base64 -d; } >"$next" || die "$dir is full; nothing was changed"
  fi
else
  [[ $old != - ]] || die 'nothing can be taken out of no file'
  there=$(tail -c +$((at + 1)) -- "$file" | head -c "$size" | sha256sum)
  [[ ${there%% *} == "$bytes" ]] || die "$file does not have this entry at this place, so it was left alone"
  if [[ $new == - ]]; then
    [[ $place != config && $at == 0 && $(stat -c %s -- "$file") == "$size" ]] || die "more than this entry stands in $file, so it was left alone"
  fi
  keep_copy
  if [[ $new == - ]]; then
    rm -- "$file" || die "$file could not be taken away"
    echo "taken away: $file"
    exit 0
  fi
  { head -c "$at" -- "$file" && tail -c +$((at + size + 1)) -- "$file"; } >"$next" || die "$dir is full; nothing was changed"
fi
[[ $(sum "$next") == "$new" ]] || die 'what would be written is not what was approved, so nothing was changed'
like_before "$next"
flush "$next" && mv -f -- "$next" "$file" || die "$file could not be written"
labelled
echo "written: $file"
