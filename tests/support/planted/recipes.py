"""Mistakes in our own recipes and registry: what is deployed where, what runs, and what it is called."""

# ruff: noqa: E501  one row of a table is one line

from support.planted.planting import PUBLISHER, SINK, UPLOADER, Mistake

RUN = "exec $PYTHON -u -m mqtt_publisher"
SCRIPT = f"Script: {RUN}"
STEP = f"      run:\n        {SCRIPT}\n"
URI = "s3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION/mqtt_publisher.zip"
ARTIFACT = f"      - Uri: {URI}\n        Unarchive: ZIP\n"
RANGE = '">=2.6.0 <3.0.0"'
CREDENTIALS = (
    "  aws.greengrass.TokenExchangeService:\n"
    '    VersionRequirement: ">=2.0.0 <3.0.0"\n'
    "    DependencyType: HARD\n"
)

FORM = {
    "no YAML": Mistake(PUBLISHER, "ComponentPublisher: Example", "ComponentPublisher: @Example", "unreadable", "@", "not YAML"),
    "alias": Mistake(PUBLISHER, "Script: exec", "Script: *run #", "unreadable", "*run", "alias"),
    "comments that Lite does not open": Mistake(PUBLISHER, "RecipeFormatVersion", "#" * 9_000 + "\nRecipeFormatVersion", "recipe-size", "###", "Lite fails to open"),
    "name with a space": Mistake(PUBLISHER, "ComponentName: com.example.MqttPublisher", "ComponentName: com.example MqttPublisher", "component-name", "ComponentName", "use only letters", also=("file-name",)),
    "version of two numbers": Mistake(PUBLISHER, "ComponentVersion: 1.0.0", "ComponentVersion: v1.0", "component-version", "ComponentVersion", "v1.0", also=("version-differs", "registry-version")),
    "misspelt section": Mistake(PUBLISHER, "ComponentDescription", "ComponentDescripton", "recipe-value", "ComponentDescripton", "did you mean 'ComponentDescription'?"),
    "runWith": Mistake(PUBLISHER, "Manifests:", "RunWith: {PosixUser: root}\nManifests:", "recipe-value", "RunWith", "not a recipe field"),
    "code that is no Python": Mistake(SINK, "class IotCoreSink:", "clas IotCoreSink:", "unreadable", "clas IotCoreSink", "not Python"),
    "key twice": Mistake(PUBLISHER, "Manifests:", "ComponentDescription: again\nManifests:", "recipe-value", "again", "a second time"),
}  # fmt: skip
DEPENDENCIES = {
    "caret range": Mistake(PUBLISHER, RANGE, '"^2.6.0"', "version-range", "^2.6.0", "fails on Lite"),
    "tilde range": Mistake(PUBLISHER, RANGE, '"~2.6.0"', "version-range", "~2.6.0", "fails on Lite"),
    "x range": Mistake(PUBLISHER, RANGE, '"2.x"', "version-range", "2.x"),
    "latest": Mistake(PUBLISHER, RANGE, "latest", "version-range", "latest"),
    "no range": Mistake(PUBLISHER, f"    VersionRequirement: {RANGE}\n", "", "version-range", "aws.greengrass.Nucleus:", "is missing"),
    "misspelt kind": Mistake(PUBLISHER, "DependencyType: SOFT", "DependencyType: WEAK", "dependency", "WEAK"),
    "credentials that the code needs": Mistake(UPLOADER, CREDENTIALS, "", "dependency-missing", "ComponentDependencies", "app.py"),
    "credentials that nobody needs": Mistake(PUBLISHER, "ComponentDependencies:\n", f"ComponentDependencies:\n{CREDENTIALS}", "dependency-unneeded", "TokenExchangeService", "mqtt_publisher"),
    "credentials too late": Mistake(UPLOADER, "DependencyType: HARD", "DependencyType: SOFT", "dependency-soft", "DependencyType: SOFT", nth=2),
    "misspelt nucleus": Mistake(PUBLISHER, "aws.greengrass.Nucleus", "aws.greengrass.Nuclues", "dependency-misspelt", "Nuclues", "Write aws.greengrass.Nucleus"),
    "misspelt credentials": Mistake(UPLOADER, "aws.greengrass.TokenExchangeService", "aws.greengrass.TokenExchange", "dependency-misspelt", "TokenExchange", "Write aws.greengrass.TokenExchangeService"),
    "misspelt component of ours": Mistake(PUBLISHER, "ComponentDependencies:\n", f"ComponentDependencies:\n  com.example.MqttSubscribr:\n    VersionRequirement: {RANGE}\n", "dependency-of-nobody", "MqttSubscribr", "Write com.example.MqttSubscriber"),
    "range that leaves ours out": Mistake(PUBLISHER, "ComponentDependencies:\n", f"ComponentDependencies:\n  com.example.MqttSubscriber:\n    VersionRequirement: {RANGE}\n", "range-without-ours", "VersionRequirement", "is 1.0.0 in this project"),
    "empty range": Mistake(PUBLISHER, RANGE, '">=3.0.0 <2.6.0"', "empty-range", ">=3.0.0 <2.6.0", "no version"),
    "open range": Mistake(PUBLISHER, RANGE, '">=2.6.0"', "open-range", ">=2.6.0"),
}  # fmt: skip
MANIFESTS = {
    "arm64": Mistake(PUBLISHER, "architecture: aarch64", "architecture: arm64", "platform", "arm64", "write 'aarch64'", also=("no-aarch64",)),
    "misspelt system": Mistake(PUBLISHER, "os: linux", "os: Linux", "platform", "os: Linux"),
    "no aarch64": Mistake(PUBLISHER, "architecture: aarch64", "architecture: arm", "no-aarch64", "Manifests:"),
    "manifest behind one for all": Mistake(PUBLISHER, "architecture: aarch64", 'architecture: "*"', "manifest-unreachable", "- Platform:", nth=2, also=("no-architecture",)),
    "architecture in short": Mistake(PUBLISHER, "architecture: aarch64", "arch: aarch64", "platform-key", "arch: aarch64", "Write 'architecture'", also=("manifest-unreachable",)),
    "architecture in capitals": Mistake(PUBLISHER, "architecture: aarch64", "Architecture: aarch64", "platform-key", "Architecture", "with their case"),
    "regular expression": Mistake(PUBLISHER, "architecture: aarch64", "architecture: /aarch64|arm/", "platform-on-lite", "/aarch64|arm/", "no regular expressions"),
    "any architecture": Mistake(PUBLISHER, "      architecture: aarch64\n", "", "no-architecture", "- Platform", "`edge build` refuses it", also=("manifest-unreachable",)),
    "runtime of nobody": Mistake(PUBLISHER, 'runtime: "*"', "runtime: aws_nucleus_classic", "runtime", "runtime:", "Write '*' for both"),
    "runtime of Lite": Mistake(PUBLISHER, 'runtime: "*"', "runtime: aws_nucleus_lite", "no-aarch64", "Manifests:", "for the classic nucleus"),
    "no runtime": Mistake(PUBLISHER, '      runtime: "*"\n', "", "manifest-on-lite", "- Platform", "add runtime"),
    "no artifacts": Mistake(PUBLISHER, f"    Artifacts:\n{ARTIFACT}", "", "manifest-on-lite", "- Platform", "Artifacts", also=("artifact-missing",)),
    "file address": Mistake(PUBLISHER, URI, "file:///opt/mqtt_publisher.zip", "artifact-uri", "file:///", "FILE is not supported"),
    "variable in an address": Mistake(PUBLISHER, URI, '"file://{artifacts:path}/mqtt_publisher.zip"', "artifact-uri", "{artifacts:path}", "never interpolates"),
    "misspelt placeholder": Mistake(PUBLISHER, "s3://BUCKET_NAME/", "s3://BUCKETNAME/", "artifact-placeholder", "s3://BUCKETNAME", "BUCKETNAME is no placeholder"),
    "placeholder in braces": Mistake(PUBLISHER, "/COMPONENT_VERSION/", "/VERSION/", "artifact-placeholder", "/VERSION/"),
    "artifact of another name": Mistake(PUBLISHER, "mqtt_publisher.zip", "publisher.zip", "artifact-name", "publisher.zip"),
    "artifact that is not unpacked": Mistake(PUBLISHER, "        Unarchive: ZIP\n", "", "artifact-missing", "PYTHONPATH", "Add Unarchive: ZIP"),
    "folder of another name": Mistake(PUBLISHER, "decompressedPath}/mqtt_publisher", "decompressedPath}/publisher", "artifact-missing", "PYTHONPATH", "brings no publisher.zip"),
    "folder of the archive": Mistake(PUBLISHER, "{artifacts:decompressedPath}", "{artifacts:path}", "artifact-missing", "PYTHONPATH", "Write {artifacts:decompressedPath}/mqtt_publisher"),
    "artifact twice": Mistake(PUBLISHER, ARTIFACT, ARTIFACT + ARTIFACT, "artifact-repeated", "mqtt_publisher.zip", nth=2),
    "artifact for nothing": Mistake(PUBLISHER, ARTIFACT, f"{ARTIFACT}      - Uri: s3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION/mqtt_publisher-data.zip\n", "artifact-unused", "-data.zip"),
}  # fmt: skip
LIFECYCLES = {
    "global Setenv": Mistake(PUBLISHER, "Manifests:", "Lifecycle:\n  Setenv: {TZ: UTC}\nManifests:", "global-lifecycle", "    Lifecycle:", "its Setenv too"),
    "startup beside run": Mistake(PUBLISHER, STEP, f"      startup: echo\n{STEP}", "step", "      run:", "beside startup"),
    "step as a list": Mistake(PUBLISHER, STEP, f"      run:\n        - {RUN}\n", "step", "      run:", "must be a script"),
    "step without script": Mistake(PUBLISHER, STEP, "      run:\n        Timeout: 5\n", "step", "      run:", "Script: is missing"),
    "misspelt step": Mistake(PUBLISHER, "      run:\n", "      strat:\n", "lifecycle-key", "strat", "did you mean 'startup'?"),
    "step in capitals": Mistake(PUBLISHER, "      run:\n", "      Run:\n", "lifecycle-key", "Run:", "write 'run'"),
    "script in small letters": Mistake(PUBLISHER, "Script:", "script:", "lifecycle-key", "script:", "write 'Script'", also=("step",)),
    "shutdown": Mistake(PUBLISHER, STEP, f"      shutdown: rm -f ready\n{STEP}", "not-on-lite", "shutdown", "never runs"),
    "shutdown as a list": Mistake(PUBLISHER, STEP, f"      shutdown: [rm -f ready]\n{STEP}", "step", "shutdown", "must be a script", also=("not-on-lite",)),
    "condition that is none": Mistake(PUBLISHER, SCRIPT, f"{SCRIPT}\n        Skipif: test -f ready", "lifecycle-key", "Skipif", "exists PATH", also=("not-on-lite",)),
    "condition": Mistake(PUBLISHER, SCRIPT, f"{SCRIPT}\n        Skipif: onpath mqtt", "not-on-lite", "Skipif"),
    "root": Mistake(PUBLISHER, SCRIPT, f"{SCRIPT}\n        RequiresPrivilege: true", "privilege", "RequiresPrivilege"),
    "configuration in a script": Mistake(PUBLISHER, RUN, f"{RUN} {{configuration:/settings/data_topic}}", "configuration-in-script", "data_topic}", "shell code"),
    "settings not handed over": Mistake(PUBLISHER, '        GG_COMPONENT_CONFIG: "{configuration:/settings}"\n', "", "settings-not-handed-over", "    Lifecycle:", "defaults"),
    "half of the settings": Mistake(PUBLISHER, "{configuration:/settings}", "{configuration:/settings/sensor}", "settings-not-handed-over", "/settings/sensor"),
}  # fmt: skip
VARIABLES = {
    "shell variable in braces": Mistake(PUBLISHER, "exec $PYTHON", "exec ${PYTHON}", "shell-braces", "${PYTHON}", "Write $PYTHON, without braces"),
    "shell variable with a default": Mistake(PUBLISHER, "exec $PYTHON", "exec ${PYTHON:-python3.11}", "shell-braces", "${PYTHON:-", "Write $PYTHON"),
    "shell function": Mistake(PUBLISHER, SCRIPT, f"Script: |\n          go() {{ {RUN}; }}\n          exec go", "braces", "go() {", "Keep functions"),
    "awk": Mistake(PUBLISHER, SCRIPT, f"Script: uptime | awk '{{print $1}}'; {RUN}", "braces", "awk"),
    "JSON in Setenv": Mistake(PUBLISHER, "PYTHON: python3.11", "PYTHON: python3.11\n        LIMITS: '{\"a\": 1}'", "braces", "LIMITS"),
    "misspelt variable": Mistake(PUBLISHER, "{artifacts:decompressedPath}", "{artifacts:decompressedpath}", "unknown-variable", "decompressedpath", "did you mean 'artifacts:decompressedPath'?"),
    "variable of nobody": Mistake(PUBLISHER, "PYTHON: python3.11", "PYTHON: python3.11\n        HOME: '{home:path}'", "unknown-variable", "{home:path}"),
    "variable of another component": Mistake(PUBLISHER, "PYTHON: python3.11", "PYTHON: python3.11\n        NUCLEUS: '{aws.greengrass.Nucleus:artifacts:path}'", "foreign-variable", "NUCLEUS"),
    "configuration that is not there": Mistake(PUBLISHER, "{configuration:/settings}", "{configuration:/setings}", "empty-variable", "/setings", "did you mean '/settings'?", also=("settings-not-handed-over",)),
    "pointer to the empty key": Mistake(PUBLISHER, "PYTHON: python3.11", "PYTHON: python3.11\n        ALL: '{configuration:/}'", "empty-variable", "{configuration:/}"),
}  # fmt: skip
MISTAKES_IN_RECIPES = FORM | DEPENDENCIES | MANIFESTS | LIFECYCLES | VARIABLES
