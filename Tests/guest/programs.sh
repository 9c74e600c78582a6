# shellcheck shell=sh
# Sourced by the scripts of this folder.

# Copies files below a folder, to where they are here, with the libraries that they are linked to.
copy_programs() {
    destination=$1
    shift
    for file in "$@"; do
        printf '%s\n' "$file"
        # Statically linked programs have none.
        ldd "$file" 2>/dev/null | sed -n 's/.* => \(\/[^ ]*\) (.*/\1/p; s/^[[:space:]]*\(\/[^ ]*\) (.*/\1/p'
    done | while read -r file; do
        mkdir -p "$destination${file%/*}"
        cp -L "$file" "$destination$file"
    done
}

# Prints the tree as an archive that the kernel unpacks.
archive() {
    (cd "$1" && find . | busybox cpio -o -H newc 2>/dev/null)
}
