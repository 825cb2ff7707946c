"""Mistakes in our own registry, in the deployment's file, and in what a component is called."""

# ruff: noqa: E501  one row of a table is one line

from support.planted.planting import DEPLOYMENT, PUBLISHER, REGISTRY, SUBSCRIBER, Mistake

BUILD = '"build_system": "custom",'
COMMAND = '"--gdk-project",\n          "."\n'
BUCKET = '"bucket": "greengrass-artifacts"'
REGION = '"region": "ap-northeast-2"'
ELSEWHERE = "recipes/com.example.Publisher.yaml"
FOLDER = "components/mqtt_publisher/pyproject.toml"

NAMES = {
    "other name": Mistake(PUBLISHER, "ComponentName: com.example.MqttPublisher", "ComponentName: com.example.Publisher", "file-name", "ComponentName", "com.example.MqttPublisher.yaml"),
    "other case": Mistake(PUBLISHER, "ComponentName: com.example.MqttPublisher", "ComponentName: com.example.MQTTPublisher", "file-name", "ComponentName"),
    "name without a folder": Mistake(PUBLISHER, "ComponentName: com.example.MqttPublisher", "ComponentName: com.example.Publisher", "no-component", "ComponentName", "did you mean 'mqtt_publisher'?", ELSEWHERE, also=("no-recipe", "registry-absent", "registry-foreign", "deployment-component"), moved_to=ELSEWHERE),
    "folder without a recipe": Mistake(PUBLISHER, "ComponentName: com.example.MqttPublisher", "ComponentName: com.example.Publisher", "no-recipe", "[project]", "mqtt_publisher has no recipe", FOLDER, also=("no-component", "registry-absent", "registry-foreign", "deployment-component"), moved_to=ELSEWHERE),
    "name of another": Mistake(SUBSCRIBER, "ComponentName: com.example.MqttSubscriber", "ComponentName: com.example.MqttPublisher", "name-twice", "ComponentName", "MqttPublisher.yaml too", also=("file-name",)),
    "version of the recipe": Mistake(PUBLISHER, "ComponentVersion: 1.0.0", "ComponentVersion: 1.0.1", "version-differs", "ComponentVersion", "pyproject.toml says 1.0.0", also=("registry-version",)),
}  # fmt: skip
GDK = {
    "entry of nobody": Mistake(REGISTRY, '"com.example.MqttPublisher"', '"org.elsewhere.Camera"', "registry-absent", '"component"', "com.example.MqttPublisher is not in here", also=("registry-foreign",)),
    "misspelt entry": Mistake(REGISTRY, "com.example.MqttPublisher", "com.example.MqttPublisger", "registry-foreign", "MqttPublisger", "did you mean 'com.example.MqttPublisher'?"),
    "entry twice": Mistake(REGISTRY, "com.example.MqttSubscriber", "com.example.MqttPublisher", "registry-twice", "com.example.MqttPublisher", "a second time", nth=2),
    "version of the entry": Mistake(REGISTRY, '"version": "1.0.0"', '"version": "1.1.0"', "registry-version", '"version"', "is 1.1.0"),
    "next patch": Mistake(REGISTRY, '"version": "1.0.0"', '"version": "NEXT_PATCH"', "next-patch", "NEXT_PATCH", "no local deployment"),
    "author": Mistake(REGISTRY, '"author": "Example"', '"author": "Exmaple"', "author", "Exmaple"),
    "no author": Mistake(REGISTRY, '      "author": "Example",\n', "", "gdk-form", "com.example.MqttPublisher", "author is missing"),
    "no version of GDK": Mistake(REGISTRY, ',\n  "gdk_version": "1.6.2"', "", "gdk-form", "{", "gdk_version is missing, or no release"),
    "no components": Mistake(REGISTRY, '"component": {', '"components": {', "gdk-form", "{", "no entry"),
    "build of a folder": Mistake(REGISTRY, BUILD, '"build_system": "zip",', "build-command", '"zip"', "Write 'custom'"),
    "command for another": Mistake(REGISTRY, '"mqtt_publisher"', '"mqtt_subscriber"', "build-command", '"custom_build_command"', "does not name mqtt_publisher"),
    "command of another depth": Mistake(REGISTRY, "../../../scripts/edge", "../../scripts/edge", "build-command", '"custom_build_command"', "does not lead"),
    "command without its folder": Mistake(REGISTRY, COMMAND, '"--quiet"\n', "build-command", '"custom_build_command"', "--gdk-project"),
    "no region": Mistake(REGISTRY, f",\n        {REGION}", "", "gdk-form", "com.example.MqttPublisher", "publish.region is missing"),
    "region that is none": Mistake(REGISTRY, REGION, '"region": "ap-northeast2"', "publish", "ap-northeast2", "did you mean 'ap-northeast-2'?"),
    "bucket that is none": Mistake(REGISTRY, BUCKET, '"bucket": "Greengrass_Artifacts"', "publish", "Greengrass_Artifacts", "use a-z"),
    "bucket that becomes too long": Mistake(REGISTRY, BUCKET, f'"bucket": "{"a" * 36}"', "publish", "aaaa", "at most 35"),
    "another bucket": Mistake(REGISTRY, f"{BUCKET},\n        {REGION}\n      }}\n    }}\n  }}", f'"bucket": "others",\n        {REGION}\n      }}\n    }}\n  }}', "publish-differs", "others", "Make them agree"),
    "comma in the registry": Mistake(REGISTRY, '"author": "Example",', '"author": "Example"', "unreadable", '"version"', "not JSON"),
}  # fmt: skip
DEPLOYMENTS = {
    "component of nobody": Mistake(DEPLOYMENT, "com.example.MqttPublisher", "com.example.MqttPublsher", "deployment-component", "MqttPublsher", "did you mean 'com.example.MqttPublisher'?"),
    "misspelt component of Amazon's": Mistake(DEPLOYMENT, "aws.greengrass.LogManager", "aws.greengrass.LogManger", "deployment-component", "LogManger", "did you mean 'aws.greengrass.LogManager'?"),
    "change in small letters": Mistake(DEPLOYMENT, '"MERGE"', '"merge"', "deployment-form", '"merge"', "did you mean 'MERGE'?"),
    "brace too many": Mistake(DEPLOYMENT, '"MERGE": {\n      "logs', '"MERGE": {{\n      "logs', "unreadable", "{{", "not JSON"),
}  # fmt: skip
MISTAKES_IN_NAMES = NAMES | GDK | DEPLOYMENTS
