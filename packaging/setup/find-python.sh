# Sets PYTHON to an interpreter that the project supports, or ends with the one line to run. Sourced from the repository's root.
# A candidate is run, not only looked up: a version manager's shim may exist for a version that is not installed.
PYTHON=
for candidate in python3.11 python3.12 python3.13 python3.14 python3 python; do
    if PYTHON=$("$candidate" -c '
import sys
if not (3, 11) <= sys.version_info[:2] <= (3, 14):
    sys.exit(1)
print(sys.executable)' 2>/dev/null) && [ -n "$PYTHON" ]; then
        break
    fi
    PYTHON=
done
if [ -z "$PYTHON" ]; then
    if [ "$(uname -s)" = Darwin ]; then
        install='brew install python@3.12'
    else
        install='sudo apt-get install -y python3 python3-venv'
    fi
    echo "No Python from 3.11 to 3.14 was found. Install one, for instance with:  $install" >&2
    exit 2
fi
