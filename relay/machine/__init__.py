"""What this machine has, lacks and needs: `relay check`, `relay fetch`. Knows nothing of sessions."""
