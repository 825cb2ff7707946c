"""`edge demo`: a core, two components, readings of this machine arriving in the cloud, and their account.

demo          the order of events: set up, watch, take IoT Core away, drain, tear down
set_up        its first steps: build, deploy, wait for the first reading
drain         its last: wait until everything has arrived, and stop the publisher
observation   looks at everything at once and has it drawn
workplace     the folders of one demo
cloud_view    what arrives at the broker;  publisher_log: what the publisher says it stored and sent
reconcile     both ends compared by (boot_id, sequence); pure
report        the outcome as JSON and in sentences; pure
state, live_table, plain_lines    what is shown while it runs
"""
