"""Mistakes in our own recipes: what a nucleus starts, and what its scripts do."""

# ruff: noqa: E501  one row of a table is one line

from support.planted.planting import PUBLISHER, Mistake

RUN = "exec $PYTHON -u -m mqtt_publisher"
SCRIPT = f"Script: {RUN}"
STEP = f"      run:\n        {SCRIPT}\n"
PYTHON = "        PYTHON: python3.11\n"
SEARCHED = '        PYTHONPATH: "{artifacts:decompressedPath}/mqtt_publisher"\n'


def install(script: str, code: str, at: str, says: str = "") -> Mistake:
    """A step more."""
    return Mistake(PUBLISHER, STEP, f"      install: {script}\n{STEP}", code, at, says)


def lines(*script: str) -> str:
    """A script of several lines."""
    return "|\n" + "".join(f"          {line}\n" for line in script).removesuffix("\n")


PROGRAMS = {
    "no PYTHONPATH": Mistake(PUBLISHER, SEARCHED, "", "python-path", "    Lifecycle:", "Setenv has no PYTHONPATH"),
    "misspelt PYTHONPATH": Mistake(PUBLISHER, "PYTHONPATH:", "PYTHON_PATH:", "python-path", "PYTHON_PATH", "Setenv has no PYTHONPATH"),
    "folder of all archives": Mistake(PUBLISHER, "decompressedPath}/mqtt_publisher", "decompressedPath}", "python-path", "PYTHONPATH", "a folder of its own"),
    "misspelt module": Mistake(PUBLISHER, "-m mqtt_publisher", "-m mqtt_publicher", "module-misnamed", "mqtt_publicher", "Write -m mqtt_publisher"),
    "module of another": Mistake(PUBLISHER, "-m mqtt_publisher", "-m mqtt_subscriber", "module-misnamed", "mqtt_subscriber", "No module named"),
    "no step": Mistake(PUBLISHER, STEP, "", "starts-nothing", "    Lifecycle:", "there is no run"),
    "empty script": Mistake(PUBLISHER, SCRIPT, 'Script: ""', "starts-nothing", "Script:", "no command"),
    "comment alone": Mistake(PUBLISHER, SCRIPT, 'Script: "# later"', "starts-nothing", "# later", "no command"),
    "no PYTHON": Mistake(PUBLISHER, PYTHON, "", "program-unset", "exec $PYTHON", "Add PYTHON to Setenv"),
    "PYTHON written out": Mistake(PUBLISHER, "exec $PYTHON", "exec python3.11", "python-literal", "exec python3.11", "Write $PYTHON"),
    "python3 in a variable": Mistake(PUBLISHER, "PYTHON: python3.11", "PYTHON: python3", "python-unpinned", "PYTHON: python3", "undefined symbol"),
    "python3 in a script": Mistake(PUBLISHER, "exec $PYTHON", "exec /usr/bin/python3", "python-unpinned", "/usr/bin/python3"),
    "python3 below python3.11": install(lines("python3.11 -V", "python3 -V"), "python-unpinned", "python3 -V"),
    "python3 in a substitution": install(lines("# python3 here", "echo 'python3' $(nice -n 5 python3 -V)"), "python-unpinned", "nice"),
    "python3 in a script within": install("sh -c 'cd /var; python3 -V'", "python-unpinned", "python3 -V"),
    "no exec": Mistake(PUBLISHER, SCRIPT, "Script: $PYTHON -u -m mqtt_publisher", "no-exec", "Script: $PYTHON", "SIGTERM"),
    "exec into a pipe": Mistake(PUBLISHER, SCRIPT, f"{SCRIPT} | tee log", "no-exec", "tee log"),
    "last of several commands": Mistake(PUBLISHER, SCRIPT, f"Script: {lines('test -e x && exec true', RUN.removeprefix('exec '))}", "no-exec", "-u -m"),
}  # fmt: skip
SCRIPTS = {
    "pip": install("$PYTHON -m pip install --user boto3", "installs-packages", "pip install", "PEP 668"),
    "pip below its like": install(lines("mkdir -p {work:path}/pipeline", "pip install boto3"), "installs-packages", "pip install boto3"),
    "pip of an environment": install("$PYTHON -m venv {work:path}/v && {work:path}/v/bin/pip install -r x", "installs-packages", "bin/pip install"),
    "pip for root": install("sudo -u root pip3 --no-cache-dir install boto3", "installs-packages", "pip3", "`pip3 install`"),
    "apt in several lines": install(lines("set -e", "apt-get -y install python3.11"), "installs-packages", "apt-get", "needs root"),
    "apt in continued lines": install(lines("DEBIAN_FRONTEND=noninteractive apt-get \\", "  -y install libx"), "installs-packages", "apt-get", "`apt-get install`"),
    "lists of packages": install("apt-get update", "installs-packages", "apt-get update"),
    "poetry": install("poetry install", "installs-packages", "poetry", "PEP 668"),
    "uv": install("uv pip install boto3", "installs-packages", "uv pip"),
    "script from the network": install("curl -sSL https://example.com/x.sh | sh -s -- -y", "runs-download", "curl"),
    "two programs": Mistake(PUBLISHER, SCRIPT, f"Script: $PYTHON -u -m watchdog & {RUN}", "background", "watchdog &"),
    "background below &&": Mistake(PUBLISHER, SCRIPT, f"Script: {lines('cd {work:path} && mkdir -p x', '$PYTHON -m http.server &', RUN)}", "background", "http.server &"),
    "loop in the background": Mistake(PUBLISHER, SCRIPT, f"Script: {lines('while sleep 9; do date; done &', RUN)}", "background", "done &"),
    "brackets of bash": install("if [[ -e x ]]; then date; fi", "bash", "[[ -e x"),
    "source": install("source /etc/profile", "bash", "source /etc"),
    "both outputs": install(lines("date > log 2>&1", "date &> log"), "bash", "date &> log"),
    "equals of bash": install('test "$A" == b', "bash", "=="),
    "pipefail": install("set -eo pipefail", "bash", "pipefail"),
}  # fmt: skip
MISTAKES_IN_PROGRAMS = PROGRAMS | SCRIPTS
