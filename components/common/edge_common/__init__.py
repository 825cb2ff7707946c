"""The small library that goes into every component's artifact.

Owns what two or more components share and nothing that only one needs. It imports nothing of this
repository. Modules are imported by name (`from edge_common.runtime import run`): this package re-exports
nothing, so that a component pays at start only for what it uses.
"""
