"""Recipes, versions, platforms and configuration: data and rules, no processes and no sockets."""
