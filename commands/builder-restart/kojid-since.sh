#!/bin/bash
# Since when does kojid run here? Needs no rights. Prints name=value lines: what systemd knows of the unit; boot=, which
# names this boot; and uptime=, in seconds: with it, how long ago that was needs no clock but this host's own.
# Works with systemd 219 (CentOS 7).
set -u
systemctl show -p LoadState -p ActiveState -p ActiveEnterTimestamp -p ActiveEnterTimestampMonotonic \
  -p KillMode kojid.service || exit
IFS= read -r boot </proc/sys/kernel/random/boot_id
echo "boot=$boot"
read -r up _ </proc/uptime
echo "uptime=$up"
