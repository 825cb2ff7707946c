"""MQTT to the broker by paho without its threads."""
