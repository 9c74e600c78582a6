# shellcheck shell=sh disable=SC2154
# Finds Swift for install.sh and Tests/run, which source this file. They set $root, the folder of Package.swift.

# A user's PATH may lack the folders of runuser, ip and nft.
PATH=$PATH:/usr/sbin:/sbin

fail() {
    printf '%s: %s\n' "${0##*/}" "$1" >&2
    exit 1
}

# The user who called sudo, if there is one who may write here; else nobody.
builder() {
    if [ "$(id -u)" -eq 0 ] && [ "${SUDO_USER:-root}" != root ] &&
        runuser -u "$SUDO_USER" -- test -w "$root"; then
        printf '%s\n' "$SUDO_USER"
    fi
}

# Runs a command as that user, so that what it builds is not root's.
as_builder() {
    user=$(builder)
    if [ -n "$user" ]; then
        runuser -u "$user" -- env -u TMPDIR HOME="$(home_of "$user")" "$@"
    else
        "$@"
    fi
}

home_of() {
    getent passwd "$1" | cut -d : -f 6
}

# Lists where swift may be: sudo resets PATH, and service managers start with a short one.
swift_candidates() {
    command -v swift || true
    if [ -n "${SUDO_USER-}" ]; then
        runuser -l "$SUDO_USER" -c 'command -v swift' </dev/null 2>/dev/null | tail -n 1 || true
    fi
    home=$(home_of "${SUDO_USER:-$(id -un)}" || true)
    for candidate in "$home/.local/share/swiftly/bin/swift" /usr/bin/swift /opt/swift*/usr/bin/swift; do
        printf '%s\n' "$candidate"
    done
}

# Sets $swift to the executable of a toolchain that is new enough, and $swift_version.
find_swift() {
    swift=
    too_old=
    for candidate in $(swift_candidates); do
        [ -x "$candidate" ] || continue
        # Another program of this name has another version text.
        swift_version=$(as_builder "$candidate" --version 2>/dev/null </dev/null |
            sed -n 's/.*Swift version \([0-9][0-9.]*\).*/\1/p' | head -n 1) || true
        case $swift_version in
            '') continue ;;
            [0-5].* | 6.[01] | 6.[01].*) too_old="Swift $swift_version ($candidate) is too old" ;;
            *)
                swift=$candidate
                break
                ;;
        esac
    done
    if [ -z "$swift" ]; then
        fail "${too_old:-no Swift was found}: 6.2 or later is needed; see https://www.swift.org/install/linux, or add it to PATH"
    fi
    # What was found may be a launcher that only works for its user.
    resources=$(as_builder "$swift" -print-target-info </dev/null |
        sed -n 's/.*"runtimeResourcePath": "\(.*\)\/lib\/swift".*/\1/p')
    if [ -n "$resources" ] && [ -x "$resources/bin/swift" ]; then
        swift=$resources/bin/swift
    fi
}
