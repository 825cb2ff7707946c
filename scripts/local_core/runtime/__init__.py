"""Component processes: started, watched, logged, stopped; and the deployments that ask for it."""
