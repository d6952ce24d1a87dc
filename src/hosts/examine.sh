#!/bin/bash
# What `steward doctor` asks of a host. Arguments: the paths of the root scripts.
# One line each: "sudo yes|no" and "script <sha256 or -> <sudo yes|no> <path>".
set -u
for path in "$@"; do
  sum=$(sha256sum -- "$path" 2>/dev/null)
  sum=${sum%% *}
  if sudo -n -l -- "$path" </dev/null >/dev/null 2>&1; then may=yes; else may=no; fi
  printf 'script %s %s %s\n' "${sum:--}" "$may" "$path"
done
if command -v sudo >/dev/null 2>&1; then echo 'sudo yes'; else echo 'sudo no'; fi
