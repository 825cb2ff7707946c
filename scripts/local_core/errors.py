"""Why a core cannot start or cannot do what it was asked: a message for a person, never a traceback."""


class CoreError(Exception):
    """Something outside the core's code is wrong: a file, a port, a recipe, a missing program.

    Its text says what, where, why and what to do; `python -m local_core` prints it and exits with 1.
    """


class RecipeError(CoreError):
    """A recipe breaks the rules of the nucleus; the text names the file and the key."""
