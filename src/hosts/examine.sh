#!/bin/bash
# What `steward doctor` asks of a host. Arguments: the paths of the root scripts.
# One line each: "sudo yes|no" and "script <sha256 or -> <yes|no> <path>": may it be run, by sudo or, a job, by job.sh?
set -u
for path in "$@"; do
  sum=$(sha256sum -- "$path" 2>/dev/null)
  sum=${sum%% *}
  if [[ $path == *.job.sh ]]; then
    if grep -qxF -- "$sum  $path" /etc/steward/jobs 2>/dev/null; then may=yes; else may=no; fi
  elif sudo -n -l -- "$path" </dev/null >/dev/null 2>&1; then may=yes; else may=no; fi
  printf 'script %s %s %s\n' "${sum:--}" "$may" "$path"
done
if command -v sudo >/dev/null 2>&1; then echo 'sudo yes'; else echo 'sudo no'; fi
