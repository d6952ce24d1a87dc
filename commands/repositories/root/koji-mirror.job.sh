#!/bin/bash
# shellcheck disable=SC2015,SC2034,SC2154 # what stands behind || ends the script; what the parts set and use is not seen here
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

# The same of each place of packages and of every directory in it, where upstream says what the files are called.
ours_below() { # DIRECTORIES: what there is of them
  local one strange
  for one in "$@"; do
    if [[ -d ${one%/*} ]]; then ours_whole "${one%/*}"; fi
    [[ -d $one ]] || continue
    ours_whole "$one"
    strange=$(find -H "$one" -type d \( ! -uid 0 ! -uid "$EUID" -o -perm /022 \) -print -quit)
    [[ -z $strange ]] || die "$strange can be changed by others than root, and root writes below it, so nothing was synced: chown root and chmod go-w it"
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

# part: parts/configuration.sh

# part: parts/metadata.sh

# part: parts/counting.sh

# part: parts/running.sh

# part: parts/back-ends.sh

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
  ours_below "${in[@]}" "${www[@]}"
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
