"""Components -> artifacts with everything inside, recipes, and what proves them.

Where to look:
    component      the whole of it for one component
    artifact       one artifact, or the one from before when nothing has changed
    contents       what goes into it, and why it must not be made
    reach          which modules can ever be imported;  imports: what one file imports
    stdlib         what is always there
    library_rules  what is known of libraries and cannot be read: libraries.toml
    aws_services   which of botocore's models are needed
    lock           what is asked for, as it is pinned;  libraries: that, fetched for the target
    elf            whether compiled files are for the target
    archive        a ZIP file that is the same everywhere
    recipe         the recipe of a build;  names: names and versions that the nucleus takes
    sbom           the bill of materials;  checksums: the digests, made and checked
    gdk            a GDK project for each component
    cache          what has been made once
    view           what a person sees of it
"""

from edge_cli.building.component import Built, BuiltArtifact, Order, build

__all__ = ["Built", "BuiltArtifact", "Order", "build"]
