#!/bin/bash
# Looks at a mirror as an account without rights, and changes nothing. Bash 4.2, coreutils 8.22. Arguments in groups of
# three:
#   KIND NAME PATH     KIND, and what it gives beside the state and facts (mode, owner, size, changed):
#     file             the content
#     files            PATH is DIR/*.conf or so: the same for each file, as NAME/basename
#     space            bytes that are free on the file system of PATH, and how many it has
#     done             PATH is a directory that holds LABEL-ARCH directories: each RPMS.*/repodata/repomd.xml there,
#                      as NAME/LABEL-ARCH/RPMS.REPO
#     packages         how many packages the metadata of this directory names
#     within           NAME is how many seconds all that is measured from here on may take together; PATH is not used
#     program          PATH, or where NAME is among the programs; missing where there is none
#     links            how many links in this directory lead nowhere, and how many there are
#     size             bytes below this directory
# Lines are NAME, STATE, then name=value, with tabs; content is data=, gzipped, in base64. The last is END and how many
# lines there were; without it the output is not whole.
#
# STEWARD_ROOT is where a test keeps etc/ and mnt/, and then said as root=; a real host has no such variable.
set -u
shopt -s nullglob
export LC_ALL=C
root=${STEWARD_ROOT-}
tab=$'\t'
most=8388608 # bytes of one file that are sent at most
count=0
until=10 # seconds after the start

say() { # NAME STATE FACTS...
  local IFS=$tab
  printf '%s\n' "$*"
  count=$((count + 1))
}

facts_of() { # PATH: sets $state and $facts
  local line
  facts=()
  if line=$(stat -L -c '%a %U %s %Y %F' -- "$1" 2>&1); then
    # shellcheck disable=SC2206 # words; a path is not among them
    local f=($line)
    facts=("mode=${f[0]}" "owner=${f[1]}" "size=${f[2]}" "changed=${f[3]}")
    state=ok
    return
  fi
  case $line in
    *'Permission denied'*) state=denied ;;
    *'No such file'* | *'Not a directory'*) state=missing ;;
    *) state=failed ;;
  esac
}

file() { # NAME PATH
  local state facts data=''
  facts_of "$2"
  if [[ $state == ok && ! -f $2 ]]; then state=odd; fi
  if [[ $state == ok && ! -r $2 ]]; then state=denied; fi
  if [[ $state == ok ]]; then data=$(head -c "$most" -- "$2" | gzip -c | base64 -w 0); fi
  say "$1" "$state" ${facts[@]+"${facts[@]}"} ${root:+"root=$root"} ${data:+"data=$data"}
}

measured() { # COMMAND: ends with what is left of the time for all of them
  local left=$((until - SECONDS))
  ((left > 0)) && timeout -s KILL "$left" "$@"
}

# How many packages the list of a directory says it has: its first line does, so no more of it is unpacked.
packages() { # DIRECTORY
  local text href
  text=$(measured head -c 20000 -- "$1/repodata/repomd.xml" 2>/dev/null | tr -d '\0') || return
  text=${text#*type=[\"\']primary[\"\']} && text=${text%%</data>*}
  [[ $text =~ href=[\"\'](repodata/[A-Za-z0-9._-]+)[\"\'] ]] || return
  href=$1/${BASH_REMATCH[1]}
  case $href in
    *.gz) text=$(measured gzip -dc -- "$href" 2>/dev/null | head -c 2000 | tr -d '\0') ;;
    *.xz) text=$(measured xz -dc --memlimit=256MiB -- "$href" 2>/dev/null | head -c 2000 | tr -d '\0') ;;
    *.zst) text=$(measured zstd -dcq -- "$href" 2>/dev/null | head -c 2000 | tr -d '\0') ;;
    *) text=$(measured head -c 2000 -- "$href" 2>/dev/null | tr -d '\0') ;;
  esac
  [[ $text =~ \<metadata\ [^\>]*packages=[\"\']([0-9]{1,9})[\"\'] ]] && printf %s "${BASH_REMATCH[1]}"
}

look() { # KIND NAME PATH
  local name=$2 path=$root$3 state facts line one rest
  case $1 in
    file) file "$name" "$path" ;;
    files)
      for one in "${path%/*}"/${path##*/}; do file "$name/${one##*/}" "$one"; done
      ;;
    space)
      # A file system that hangs would hold whatever waits for it.
      if IFS= read -r -t 5 line < <(stat -f -c '%S %a %b' -- "$path" 2>/dev/null </dev/null); then
        # shellcheck disable=SC2206 # numbers
        local f=($line)
        say "$name" ok "free=$((f[0] * f[1]))" "size=$((f[0] * f[2]))"
      else
        say "$name" failed
      fi
      ;;
    done)
      local found=("$path"/*/RPMS.*/repodata/repomd.xml)
      ((${#found[@]} > 0)) || return
      # Starting a program takes longer than what it does, so all are looked at by one.
      while IFS=$tab read -r one rest; do
        one=${one#"$path"/}
        # shellcheck disable=SC2206 # words; a path is not among them
        facts=($rest)
        say "$name/${one%/repodata/repomd.xml}" ok "mode=${facts[0]}" "owner=${facts[1]}" "size=${facts[2]}" "changed=${facts[3]}"
      done < <(stat -L -c "%n$tab%a %U %s %Y" -- "${found[@]}" 2>/dev/null)
      ;;
    packages)
      if line=$(packages "$path"); then say "$name" ok "packages=$line"; else say "$name" failed; fi
      ;;
    program)
      if [[ $3 == - ]]; then path=$(PATH=$PATH:/usr/local/bin:/usr/bin:/usr/sbin:/bin:/sbin type -P "$name"); fi
      if [[ -x $path ]]; then say "$name" ok; else say "$name" missing; fi
      ;;
    within) until=$((SECONDS + name)) ;;
    links)
      if [[ -d $path ]]; then
        # Killed half-way it has counted too little.
        if line=$(measured find "$path" -maxdepth 1 -type l -printf l -xtype l -printf d 2>/dev/null); then
          one=${line//l/}
          say "$name" ok "links=$((${#line} - ${#one}))" "dangling=${#one}"
        else
          say "$name" failed
        fi
      else
        say "$name" missing
      fi
      ;;
    size)
      if line=$(measured du -s --apparent-size --block-size=1 -- "$path" 2>/dev/null); then
        say "$name" ok "bytes=${line%%[!0-9]*}"
      else
        say "$name" failed
      fi
      ;;
    *) say "$name" failed ;;
  esac
}

while (($# >= 3)); do
  look "$1" "$2" "$3"
  shift 3
done
echo "END $count"
