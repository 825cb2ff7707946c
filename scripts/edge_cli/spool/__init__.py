"""`scripts/edge spool …`: a look into what a component keeps on disk until the far end has it.

Everything here but `requeue` reads only, takes no lock, and may run while the component does.
"""
