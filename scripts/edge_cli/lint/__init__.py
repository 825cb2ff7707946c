"""`edge lint`: what is wrong with recipes and gdk-config.json although every schema takes them.

Owns the rules, one small function each, and the engine that runs them over the project's files. It never
opens a connection, changes no file, and says nothing that the nuclei's own recipe reader says already: that
one is `local_core.model`, and what it finds is shown here too. Everything runs in the caller's thread.

Modules, from the outside in:
    view            findings and rules as a person sees them
    linting         which files, which checks, one list of findings
    all_rules       every rule
    workspace       what is linted: recipes, gdk-config.json, deployment.json, code, CloudFormation templates
    reader          the faults that the local core's recipe reader finds, for both nuclei
    identity, gdk_config                        one component, called the same everywhere
    gdk_form                                    what GDK asks of gdk-config.json
    platforms, manifests, artifacts             what is deployed where
    dependencies, version_ranges, amazon        what must be there besides
    program, scripts, variables, environment    what runs
    policies, operations, resources, grants     accessControl
    settings, placeholders, secrets             DefaultConfiguration, and what else somebody filled in
    deployment_file                             deployment.json
    templates, cloud_access                     what cfn-lint finds in templates, and what it takes
    code            what a component's code calls
    shell, programs a script as sh reads it, and which program a command runs
    recipe_file, steps, positions               one recipe: its values and scripts with their lines
    values          finding one's way in a recipe's values
    finding         a rule and what it says
"""
