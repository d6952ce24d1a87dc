#!/bin/bash
# Since when does kojid run here? Needs no rights. Prints name=value lines: what systemd knows of the unit, and boot=,
# which names this boot: times since boot mean something only together with it. Works with systemd 219 (CentOS 7).
set -u
systemctl show -p LoadState -p ActiveState -p ActiveEnterTimestamp -p ActiveEnterTimestampMonotonic \
  -p KillMode -p MainPID kojid.service || exit
IFS= read -r boot </proc/sys/kernel/random/boot_id
echo "boot=$boot"
