"""Settings: frozen, validated, read once from flags and from the environment (EYELINE_*; flags win).

A module for each idea, and one for each command, put together from them: every field becomes a flag of its command and
a line of its --help. Knows nothing of how they are used.
"""
