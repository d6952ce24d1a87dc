#!/bin/bash
# A pretend createrepo: makes metadata of the packages in a directory, in the form of the real one, from their names,
# sizes and bytes alone. Takes the real one's options and does nothing with them: createrepo.sh [OPTIONS] DIRECTORY.
set -eu
dir=${*: -1}
cd -- "$dir"
rm -rf .repodata
mkdir .repodata
find -L . -name '*.rpm' -type f -printf '%P\t%s\n' | sort >.repodata/list
{ cut -f 1 .repodata/list | tr '\n' '\0' | xargs -0 -r sha256sum --; } | paste .repodata/list - |
  awk -F '\t' -v n="$(wc -l <.repodata/list)" '
    BEGIN { print "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
      print "<metadata xmlns=\"http://linux.duke.edu/metadata/common\" packages=\"" n "\">" }
    $1 != "" { name = $1; sub(/.*\//, "", name); arch = name; sub(/\.rpm$/, "", arch); sub(/.*\./, "", arch)
      release = name; sub(/\.[^.]*\.rpm$/, "", release); version = release; sub(/.*-/, "", release)
      sub(/-[^-]*$/, "", version); name = version; sub(/.*-/, "", version); sub(/-[^-]*$/, "", name)
      print "<package type=\"rpm\">\n  <name>" name "</name>\n  <arch>" arch "</arch>\n" \
        "  <version epoch=\"0\" ver=\"" version "\" rel=\"" release "\"/>\n" \
        "  <checksum type=\"sha256\" pkgid=\"YES\">" substr($3, 1, 64) "</checksum>\n" \
        "  <size package=\"" $2 "\" installed=\"0\" archive=\"0\"/>\n  <location href=\"" $1 "\"/>\n</package>" }
    END { print "</metadata>" }' |
  gzip >.repodata/primary.xml.gz
rm .repodata/list
sum=$(sha256sum <.repodata/primary.xml.gz)
name=${sum%% *}-primary.xml.gz
mv .repodata/primary.xml.gz ".repodata/$name"
printf '%s\n' '<?xml version="1.0" encoding="UTF-8"?>' '<repomd xmlns="http://linux.duke.edu/metadata/repo">' \
  '  <data type="primary">' "    <checksum type=\"sha256\">${sum%% *}</checksum>" \
  "    <location href=\"repodata/$name\"/>" '  </data>' '</repomd>' >.repodata/repomd.xml
rm -rf repodata
mv .repodata repodata
