"""Who does the work of a run: several processes of this machine, or a cluster."""
