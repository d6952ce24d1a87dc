#!/bin/bash
# Does the certificate of a TLS server verify with the CA's file, and nothing trusted beside? Shakes hands and sends
# nothing. Bash 4.2, OpenSSL 1.0.2 to 3.x.
#
#   look-tls.sh FILE HOST PORT
# Prints what openssl says of it (`verify 0 ok`), the names of the CAs whose certificates the server asks for, if it says
# them (`takes ...`), and END.
#
# STEWARD_ROOT is where a test keeps etc/; a real host has no such variable.
set -u -f
export LC_ALL=C SSL_CERT_DIR=/nonexistent SSL_CERT_FILE=/dev/null
file=${STEWARD_ROOT-}$1
[[ $2 =~ ^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$ && $3 =~ ^[0-9]{1,5}$ ]] || exit 2
said=$(timeout -s KILL 10 openssl s_client -connect "$2:$3" -servername "$2" -CAfile "$file" </dev/null 2>/dev/null | head -c 200000)
# Of a server that ends the handshake for want of our certificate it is said all the same.
sed -n 's/^ *Verify return code: \([0-9]*\) (\(.*\))$/verify \1 \2/p' <<<"$said" | head -n 1
sed -n '/^Acceptable client certificate CA names/,/^\(---\|Client Certificate Types\|Requested Signature\)/p' <<<"$said" |
  grep -E 'CN ?=|/CN=' | sed 's/^/takes /'
[[ $said == *'BEGIN CERTIFICATE'* ]] || echo 'silent'
echo END
