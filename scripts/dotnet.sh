# Sourced by ./starling, ./test and .ci/run: finds the .NET SDK. Nothing else is needed to build.
# Sets DOTNET (the program) and exports DOTNET_ROOT, or ends with what to do.

needed_major=10

find_dotnet() {
    DOTNET=
    for candidate in "${DOTNET_ROOT:+$DOTNET_ROOT/dotnet}" "$(command -v dotnet 2>/dev/null)" \
        "$HOME/.dotnet/dotnet" /usr/share/dotnet/dotnet /usr/lib/dotnet/dotnet /usr/local/share/dotnet/dotnet; do
        if [ -n "$candidate" ] && [ -x "$candidate" ]; then
            found_any=$candidate
            if "$candidate" --list-sdks 2>/dev/null | grep -q "^$needed_major\."; then
                DOTNET=$candidate
                break
            fi
        fi
    done

    if [ -z "$DOTNET" ]; then
        if [ -n "${found_any:-}" ]; then
            echo "starling: the .NET SDK $needed_major is needed to build; $found_any has: $("$found_any" --list-sdks 2>/dev/null | cut -d' ' -f1 | tr '\n' ' ')" >&2
        else
            echo "starling: the .NET SDK $needed_major is needed to build, and no 'dotnet' was found." >&2
        fi
        echo "starling: install it from https://dotnet.microsoft.com/download/dotnet/$needed_major.0 (Debian, Ubuntu: apt-get install dotnet-sdk-$needed_major.0)," >&2
        echo "starling: or name its folder in DOTNET_ROOT, then try again." >&2
        exit 69
    fi

    # The built program looks for the runtime where this SDK is, also when that is no standard place.
    DOTNET_ROOT=$(dirname "$(readlink -f "$DOTNET" 2>/dev/null || echo "$DOTNET")")
    DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
    export DOTNET_ROOT DOTNET_CLI_TELEMETRY_OPTOUT DOTNET_NOLOGO DOTNET_SKIP_FIRST_TIME_EXPERIENCE
}
