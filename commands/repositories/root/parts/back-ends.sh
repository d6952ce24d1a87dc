# shellcheck shell=bash disable=SC2015,SC2034,SC2154
# The two that sync: mrepo, and dnf reposync with createrepo_c.
# Part of koji-mirror.job.sh; what is installed on a host is one file, with this in it.

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
  bad=${bad% with message:}
  [[ -z $bad ]] || failed "mrepo did not do all of it: ${bad:0:200}. What has arrived stays, and the next sync goes on from there"
  ((code == 0)) || failed "mrepo ended with exit code $code; its own words are above"
}

# Sets $dnf, by which dnf is called, and $cached: by the metadata that it has. To dnf5 -C would mean packages too.
prepare_dnf() {
  cached=-C
  if [[ $(dnf --version 2>/dev/null) == *dnf5* ]]; then cached=--setopt=cacheonly=metadata; fi
  dnf=(dnf -y -c "$work/dnf.conf" --setopt=reposdir="$work/repos" --setopt=cachedir="$work/cache" --setopt=logdir="$work"
    --setopt=persistdir="$work/persist" --setopt=ignorearch=1 --setopt='*.metadata_expire=-1' --setopt=zchunk=0 --releasever=0)
}

# The packages as dnf reads them, in whose list anything may be written in some other way. One can have an address of its own,
# `file:///etc/shadow` too; and what is no package would be a page of the server that has the mirror. Sets $odd to the first.
find_odd() { # ID URL
  "${dnf[@]}" -q "$cached" reposync --repoid="$1" --urls </dev/null >"$work/urls" 2>"$work/why" 8>&- &
  child=$!
  wait "$child"
  code=$?
  child=
  ((code == 0)) || failed "dnf could not list the packages of $1 (exit code $code): $(why)"
  odd=$(awk -v base="${2%/}/" '
    { path = substr($0, length(base) + 1) }
    index($0, base) != 1 || path !~ /[.]rpm$/ || path ~ /^\/|\/\/|(^|\/)[.]|[\001-\037\177]/ { print path; exit }' "$work/urls")
}

sync_reposync() {
  local i id words=() list gone all=0 dnf=() cached odd
  mkdir -p -- "$work/repos" && cp -- "$found" "$work/repos/$label.repo" && echo '[main]' >"$work/dnf.conf" || die "$work cannot be written"
  prepare_dnf
  keep
  for i in "${!at[@]}"; do
    read -r -a words <<<"${at[i]}"
    id=$label-${words[1]}-${words[2]}
    say "at ${at[i]}"
    mkdir -p -- "${in[i]}" || die "${in[i]} cannot be made"
    # Once, so that what is looked at here is what it goes by: `reposync` alone fetches it anew.
    # What it gets may be without end: `xml:base="file:///dev" href="zero"`.
    # shellcheck disable=SC2016 # for that shell
    run bash -c 'ulimit -f "$1" && shift && exec "$@"' bash $((most_fetched / 1024)) "${dnf[@]}" makecache --repo="$id"
    ((code == 0)) || failed "dnf makecache of $id ended with exit code $code; its own words are above"
    set +f
    list=("$work/cache/$id"-*/repodata/repomd.xml)
    set -f
    packages_of "${list[0]%/repodata/*}" >"$work/$i.upstream" 2>"$work/why" || failed "the metadata of $id is broken: $(why)"
    if leads_away "${list[0]%/repodata/*}"; then
      failed "the metadata of $id has packages at other addresses (xml:base, or words that could become it), which could be files of this host, or is packed in a way that is not known, so nothing was fetched"
    fi
    find_odd "$id" "${from[i]}"
    if [[ -n $odd ]]; then
      failed "the metadata of $id names what is no package of it ($(tr -cd ' -~' <<<"$odd" | cut -c 1-100)), which could be a file of this host, so nothing was fetched"
    fi
    words=("$cached" reposync --repoid="$id" --download-path="${in[i]}" --norepopath)
    run "${dnf[@]}" "${words[@]}"
    ((code == 0)) || failed "dnf reposync of $id ended with exit code $code; its own words are above"
    on_disk "${in[i]}" >"$work/$i.now"
    gone=$(comm -23 <(cut -f 1 "$work/$i.now") <(cut -f 1 "$work/$i.upstream") | wc -l)
    all=$((all + gone))
    if is_too_many "$all" "$of"; then
      would=$all
      ask "packages were fetched, and none of ${at[i]} were deleted"
    fi
    if ((gone > 0)); then
      run "${dnf[@]}" "${words[@]}" --delete
      # What was counted is this list as read here, and dnf reads it as XML: a comment can name what is not there.
      bring_back && ask 'dnf deleted them, because it reads less in the list of upstream, and they were brought back'
      ((code == 0)) || failed "dnf reposync --delete of $id ended with exit code $code; its own words are above"
    fi
    rm -rf -- "${in[i]}/.repodata"
    run createrepo_c --update -- "${in[i]}"
    ((code == 0)) || failed "createrepo_c for $id ended with exit code $code; its own words are above"
  done
}
