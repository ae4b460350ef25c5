"""Settings: frozen, validated, read once from flags and from the environment (EYELINE_*; flags win).

One module per topic and one per command, which combines them: every field becomes a flag of its command and a line of
its --help. Knows nothing of how they are used.
"""
