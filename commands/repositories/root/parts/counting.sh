# shellcheck shell=bash disable=SC2015,SC2034,SC2154
# What is there, what would come and what would go; and packages that went and were not to go.
# Part of koji-mirror.job.sh; what is installed on a host is one file, with this in it.

# A name with a line break would be two, and of the second upstream could make a path of this host: none has one.
on_disk() { # DIRECTORY: PATH and SIZE of each package
  if [[ -d $1 ]]; then find -H "$1" -name .repodata -prune -o -name '*[[:cntrl:]]*' -prune -o -name '*.rpm' -type f -printf '%P\t%s\n' | sort; fi
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

# Packages as they are, by a second name each, which takes no room: upstream says twice what it has, once when that is
# counted and once to mrepo or dnf, and nothing makes it say the same.
keep() {
  local i
  for i in "${!at[@]}"; do
    [[ -s $work/$i.before ]] || continue
    mkdir -p -- "$work/kept/$i" && cp -al -- "${in[i]}/." "$work/kept/$i" 2>"$work/why" ||
      die "the packages of ${at[i]} could not be kept aside ($(why)), and without that upstream could have more deleted than was said yes to; nothing was synced"
  done
}

# Puts back what was deleted, where it is more than was said yes to. Fails where it is not. Sets $would.
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
