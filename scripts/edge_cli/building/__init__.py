"""Components -> artifacts with everything inside, recipes, and what proves them.

Where to look:
    component      the whole of it for one component
    recipe         the recipe of a build;  names: names and versions that the nucleus takes
    artifact       one artifact, or the one from before when nothing has changed
    lock           what is asked for, as it is pinned;  libraries: that, fetched for the target
    contents       what goes into it;  refusals: why code must not;  own_packages: what of ours is not code
    modules        which modules there are;  reach: which can ever be imported
    imports        what one file imports;  bindings: what can be imported out of it
    conditions     which branches the target takes;  later_syntax: what only a later Python reads
    stdlib         what a device's Python has
    library_rules  what is known of libraries and cannot be read: libraries.toml
    aws_services   which of botocore's models are needed
    elf            whether compiled files are for the target
    archive        a ZIP file that is the same everywhere
    size_limit     how large it may be, and what has grown
    sbom           the bill of materials;  checksums: the digests, made and checked
    build_folder   where it all goes, of each component everything or nothing
    builds         what lies there, for whoever publishes or deploys it
    cache          what has been made once;  folders: how processes share these two
    prefetch       what setting up .venv leaves in the cache
    gdk            a GDK project for each component;  gdk_entry: whether GDK would take its entry
    view           what a person sees of a build
"""

from edge_cli.building.component import BuildRequest, Built, BuiltArtifact, build

__all__ = ["BuildRequest", "Built", "BuiltArtifact", "build"]
