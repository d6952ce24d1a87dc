# shellcheck shell=bash disable=SC2015,SC2034,SC2154
# What the configuration of mrepo, or of dnf, says of a label: arches, repositories, addresses, and the places that follow.
# Part of koji-mirror.job.sh; what is installed on a host is one file, with this in it.

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
