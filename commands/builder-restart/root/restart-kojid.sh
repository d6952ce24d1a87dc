#!/bin/bash
# Restarts kojid on this builder. Runs as root, through sudo, without arguments. Prints what systemd says afterwards.
set -eu
cd /
if [ "$#" -ne 0 ]; then
  echo 'takes no arguments' >&2
  exit 2
fi
systemctl restart kojid.service </dev/null
systemctl show -p ActiveState -p ActiveEnterTimestamp kojid.service
systemctl is-active --quiet kojid.service
